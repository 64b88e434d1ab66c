"""What is judged: the images of a generator, or pictures that are given."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.catalog.recipe.recipe import Part
from ganzoo.catalog.registry.lookup import models
from ganzoo.data.dataset import Dataset
from ganzoo.data.order import permutation
from ganzoo.errors import UsageError
from ganzoo.files import safetensors
from ganzoo.jobs.evaluation.features import Batch
from ganzoo.jobs.models.build import open_dataset
from ganzoo.jobs.models.load import Source
from ganzoo.modalities import IMAGES

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

_AT_ONCE = 256  # images that are generated before they are looked at


@dataclass(frozen=True, kw_only=True)
class Fakes:
    """What is judged: a number of samples, drawn anew for each seed.

    Args:
        shape: Of one sample.
        count: How many.
        draw: `(seed) -> batches`.
        labeled: Whether they come with the class that was asked for.
        protocol: What to say of where they come from.
        drawn: Whether they depend on the seed.
    """

    shape: tuple[int, ...]
    count: int
    draw: Callable[[int], Iterator[Batch]]
    labeled: bool = False
    protocol: dict[str, Any]
    drawn: bool = True


def of_gan(
    gan: "GAN",
    dataset: Dataset,
    n: int,
    *,
    raw: bool = False,
    truncation: float | None = None,
    protocol: dict[str, Any],
) -> Fakes:
    """The images of a generator. A conditional one is asked for the data's own classes.

    Raises:
        UsageError: It is conditional and the data has no labels, or others.
    """
    labels = dataset.labels if gan.sampler.conditional else None
    if gan.sampler.conditional:
        wanted = tuple(gan.generator.inputs[1].shape[1:])
        if labels is None or labels.shape[1:] != wanted:
            raise UsageError(
                f"The generator is conditional and takes labels of shape {wanted} from the data "
                f"set {dataset.name!r}. Received: "
                f"{'no labels' if labels is None else f'labels of shape {labels.shape[1:]}'}."
            )

    def draw(seed: int) -> Iterator[Batch]:
        latents = gan.sampler.sample_latents(n, seed, truncation)
        order = permutation(len(dataset), seed, 0)
        for start in range(0, n, _AT_ONCE):
            stop = min(start + _AT_ONCE, n)
            asked = None
            if labels is not None:  # every class as often as in the data
                asked = np.asarray(labels)[order[np.arange(start, stop) % len(order)]]
            part = latents[start:stop]
            yield (
                gan.sampler.generate_images(part, asked, use_ema=not raw, truncation=truncation),
                asked,
            )

    return Fakes(
        shape=gan.sampler.image_shape,
        count=n,
        draw=draw,
        labeled=labels is not None and labels.ndim == 1,
        protocol=protocol | ({} if truncation is None else {"truncation": float(truncation)}),
    )


def of_pictures(path: Path, dataset: Dataset, n: int) -> Fakes:
    """A folder's or an archive's pictures, gray or in color as the real ones are."""
    options: dict[str, Any] = {"data": str(path)}
    if dataset.modality is IMAGES:
        options["mode"] = "gray" if dataset.image_shape[2] == 1 else "rgb"
    kind = "zip" if path.is_file() else "folder"
    given = open_dataset(Part(name=kind, **options))
    count = min(n, len(given))
    chosen = np.sort(permutation(len(given), 0, 0)[:count])

    def draw(seed: int) -> Iterator[Batch]:
        for start in range(0, count, _AT_ONCE):
            yield given.batch(chosen[start : start + _AT_ONCE])[0], None

    about = {"pictures": given.fingerprint}
    return Fakes(shape=given.image_shape, count=count, draw=draw, protocol=about, drawn=False)


def is_pictures(source: str | os.PathLike) -> bool:
    """Whether a path is that of a zip archive, or of a folder that is no run and no version.

    A plain name means a model, if there is one of that name, as it does everywhere.
    """
    if os.sep not in os.fspath(source) and os.fspath(source) in models():
        return False
    if os.path.isfile(source):
        return os.fspath(source).lower().endswith(".zip")
    owned = ("recipe.toml", "manifest.json")  # of runs and of versions
    return os.path.isdir(source) and not any(
        os.path.exists(os.path.join(source, name)) for name in owned
    )


def about_weights(found: Source, dataset: Dataset, *, raw: bool) -> dict[str, Any]:
    """What the protocol says of trained weights."""
    names = safetensors.read_header(found.content).tensors
    averaged = not raw and any(name.startswith("ema/") for name in names)
    about = {"weights": found.about.get("weights") or ("ema" if averaged else "raw")}
    trained = found.about.get("data")
    if isinstance(trained, dict) and trained.get("fingerprint") == dataset.fingerprint:
        about["split"] = "train"  # the real images are those that it learned from
    if type(found.about.get("step")) is int:
        about["step"] = found.about["step"]
    return about
