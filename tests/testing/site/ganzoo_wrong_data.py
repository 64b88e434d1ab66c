"""A stranger's data sets, each of which breaks one promise. `honest_data` breaks none."""

import time
from pathlib import Path

import numpy as np

from ganzoo import Dataset
from ganzoo.files.digests import tensors_digest


def made(name: str, seed: int = 0, **changes) -> Dataset:
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (12, 4, 4, 1)).astype("uint8")
    labels = np.arange(12, dtype="int32") % 2
    digest = tensors_digest({"images": images, "labels": labels})
    facts = {"classes": ("dark", "bright"), "license": "CC0-1.0", "source": "made by the tests"}
    return Dataset(
        name=name, images=images, labels=labels, **{**facts, "fingerprint": digest, **changes}
    )


def honest_data() -> Dataset:
    return made("honest-data")


def other_name() -> Dataset:
    """Calls itself something else."""
    return made("another-name")


def no_license() -> Dataset:
    """Does not know its license."""
    return made("no-license", license="unknown")


def twin_classes() -> Dataset:
    """Two classes have one name."""
    return made("twin-classes", classes=("one", "one"))


def empty_class() -> Dataset:
    """A class has no samples."""
    return made("empty-class", classes=("dark", "bright", "absent"))


def clock() -> Dataset:
    """Its fingerprint tells the time."""
    stamp = np.array([time.monotonic_ns()])
    return made("clock", fingerprint=tensors_digest({"stamp": stamp}))


def moody() -> Dataset:
    """Other samples at each opening, under one fingerprint."""
    fingerprint = made("moody").fingerprint
    return made("moody", seed=time.monotonic_ns(), fingerprint=fingerprint)


def litter() -> Dataset:
    """Leaves a file in the working folder."""
    Path("litter.txt").write_text("left")
    return made("litter")
