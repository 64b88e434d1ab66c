"""Data sets each of which has one fault. `honest_data` has none."""

import time
from pathlib import Path

import numpy as np

from ganzoo import Dataset
from ganzoo.files.digests import tensors_digest


def noise(name: str, seed: int = 0, **changes) -> Dataset:
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (12, 4, 4, 1)).astype("uint8")
    labels = np.arange(12, dtype="int32") % 2
    digest = tensors_digest({"images": images, "labels": labels})
    options = {"classes": ("dark", "bright"), "license": "CC0-1.0", "source": "made by the tests"}
    return Dataset(
        name=name, images=images, labels=labels, **{**options, "fingerprint": digest, **changes}
    )


def honest_data() -> Dataset:
    return noise("honest-data")


def other_name() -> Dataset:
    """Has another name than its plugin."""
    return noise("another-name")


def no_license() -> Dataset:
    """Has no license."""
    return noise("no-license", license="unknown")


def twin_classes() -> Dataset:
    """Two classes have one name."""
    return noise("twin-classes", classes=("one", "one"))


def empty_class() -> Dataset:
    """A class has no samples."""
    return noise("empty-class", classes=("dark", "bright", "absent"))


def clock() -> Dataset:
    """Its fingerprint depends on the time."""
    stamp = np.array([time.monotonic_ns()])
    return noise("clock", fingerprint=tensors_digest({"stamp": stamp}))


def moody() -> Dataset:
    """Other samples at each opening, under one fingerprint."""
    fingerprint = noise("moody").fingerprint
    return noise("moody", seed=time.monotonic_ns(), fingerprint=fingerprint)


def litter() -> Dataset:
    """Leaves a file in the working folder."""
    Path("litter.txt").write_text("left")
    return noise("litter")
