"""Generated samples to be evaluated: those of a generator, or given images."""

import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.catalog.recipe.plugin_locks import plugin_differences
from ganzoo.catalog.recipe.recipe import Part
from ganzoo.catalog.registry.lookup import models
from ganzoo.data.dataset import Dataset
from ganzoo.data.order import permutation
from ganzoo.errors import UsageError
from ganzoo.files import safetensors
from ganzoo.jobs.evaluation.features import Batch
from ganzoo.jobs.models.find import Source
from ganzoo.jobs.models.open_dataset import open_dataset
from ganzoo.modalities import IMAGES

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

_BATCH = 256  # samples that are generated at once
_MAX_NOTE = 200  # characters of a value in a protocol


@dataclass(frozen=True, kw_only=True)
class GeneratedSamples:
    """Samples to be evaluated, in batches.

    Args:
        shape: Shape of one sample.
        count: Number of samples.
        batches: `(seed) -> batches` of samples.
        labeled: Whether each sample has the class that it was generated for.
        paired: Whether each sample has a target, the image that it should be.
        translated: Whether each sample is made from an image, and others can be made from it.
        protocol: Their part of the protocol.
        seeded: Whether they depend on the seed.
    """

    shape: tuple[int, ...]
    count: int
    batches: Callable[[int], Iterator[Batch]]
    labeled: bool = False
    paired: bool = False
    translated: bool = False
    protocol: dict[str, Any]
    seeded: bool = True


def samples_of_gan(
    gan: "GAN",
    dataset: Dataset,
    n: int,
    *,
    raw: bool = False,
    truncation: float | None = None,
    protocol: dict[str, Any],
) -> GeneratedSamples:
    """Return samples of a generator; a conditional one gets labels of the data set.

    Args:
        gan: The GAN.
        dataset: Real data, whose labels a conditional generator gets, as often as they occur.
        n: Number of samples.
        raw: Whether to use the generator itself instead of its moving average.
        truncation: Truncation of latents in standard deviations, or `None`.
        protocol: What the protocol says about the weights.

    Raises:
        UsageError: The generator is conditional, and the data set has no labels of its shape.
    """
    from ganzoo.gan.sampling.argument_checks import fits_shape

    sampler = gan.sampler
    labels = dataset.labels if sampler.conditional else None
    if sampler.conditional:
        label_shape = sampler.label_shape or ()
        if labels is None or not fits_shape(labels.shape[1:], label_shape):
            received = "no labels" if labels is None else f"labels of shape {labels.shape[1:]}"
            raise UsageError(
                f"The generator is conditional and takes labels of shape {label_shape} from the "
                f"data set {dataset.name!r}. Received: {received}."
            )

    translated = labels is not None and labels.ndim > 2  # labels are the sources
    paired = translated and dataset.paired

    def batches(seed: int) -> Iterator[Batch]:
        latents = sampler.sample_latents(2 * n if translated else n, seed, truncation)
        settings = {"use_ema": not raw, "truncation": truncation}
        order = permutation(len(dataset), seed, 0)
        for start in range(0, n, _BATCH):
            stop = min(start + _BATCH, n)
            rows = order[np.arange(start, stop) % len(order)]
            batch_labels = None if labels is None else np.asarray(labels)[rows]
            generate = functools.partial(sampler.generate_images, labels=batch_labels, **settings)
            yield Batch(
                generate(latents[start:stop]),
                batch_labels,
                dataset.images[rows] if paired else None,
                functools.partial(generate, latents[n + start : n + stop]) if translated else None,
            )

    return GeneratedSamples(
        shape=dataset.image_shape if None in sampler.image_shape else sampler.image_shape,
        count=n,
        batches=batches,
        labeled=labels is not None and labels.ndim == 1,
        paired=paired,
        translated=translated,
        protocol=protocol | ({} if truncation is None else {"truncation": float(truncation)}),
    )


def samples_of_images(path: Path, dataset: Dataset, n: int) -> GeneratedSamples:
    """Return images of a folder or zip archive, gray or in color as the real ones.

    Args:
        path: The folder or archive.
        dataset: Real data.
        n: Largest number of images.
    """
    options: dict[str, Any] = {"data": str(path), "labels": False}
    if dataset.modality is IMAGES:
        options["mode"] = "gray" if dataset.image_shape[2] == 1 else "rgb"
    given = open_dataset(Part(name="zip" if path.is_file() else "folder", **options))
    count = min(n, len(given))
    chosen = np.sort(permutation(len(given), 0, 0)[:count])

    def batches(seed: int) -> Iterator[Batch]:
        for start in range(0, count, _BATCH):
            yield Batch(given.batch(chosen[start : start + _BATCH])[0])

    return GeneratedSamples(
        shape=given.image_shape,
        count=count,
        batches=batches,
        protocol={"images": given.fingerprint},
        seeded=False,
    )


def is_image_source(source: str | os.PathLike) -> bool:
    """Return whether a path is a zip archive, or a folder that is neither run nor version.

    A plain name means a model, if one has that name, as it does everywhere.
    """
    if os.sep not in os.fspath(source) and os.fspath(source) in models():
        return False
    if os.path.isfile(source):
        return os.fspath(source).lower().endswith(".zip")
    own_files = ("recipe.toml", "manifest.json")  # of runs and of versions
    return os.path.isdir(source) and not any(
        os.path.exists(os.path.join(source, name)) for name in own_files
    )


def weights_protocol(found: Source, dataset: Dataset, *, raw: bool) -> dict[str, Any]:
    """Return what the protocol says about trained weights.

    Args:
        found: The weights.
        dataset: Real data.
        raw: Whether the generator itself is used instead of its moving average.
    """
    names = safetensors.read_header(found.content).tensors
    averaged = not raw and any(name.startswith("ema/") for name in names)
    protocol = {"weights": found.about.get("weights") or ("ema" if averaged else "raw")}
    trained = found.about.get("data")
    if isinstance(trained, dict) and trained.get("fingerprint") == dataset.fingerprint:
        protocol["split"] = "train"  # the real images are those of the training
    if type(found.about.get("step")) is int:
        protocol["step"] = found.about["step"]
    mismatches = plugin_differences(
        found.about.get("plugins"), found.recipe, kinds=["architecture"]
    )
    return protocol | ({"plugin_mismatch": mismatches[0][:_MAX_NOTE]} if mismatches else {})
