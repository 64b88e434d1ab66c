"""Samples that edits begin with: of seeds, or of a file of latents."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.errors import UsageError
from ganzoo.jobs.latents.latent_files import SavedLatents, check_latents, read_latents
from ganzoo.jobs.models.find import Source
from ganzoo.jobs.sample_labels import sample_labels
from ganzoo.modalities import IMAGES, POINTS

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN
    from ganzoo.gan.latents.spaces import LatentSpace

_CLOUD = 512  # points in a cell, which alone would say nothing


def refuse_translation(found: Source) -> None:
    """Refuse a model that translates images.

    Raises:
        UsageError: It does.
    """
    if found.source_shape is not None:
        raise UsageError("This model translates images. Expected: one that draws from latents.")


def require_images(found: Source, what: str) -> None:
    """Refuse a model whose samples are no images, or not of latents alone.

    Args:
        found: The model.
        what: What would be drawn, in the plural.

    Raises:
        UsageError: It is such a model.
    """
    refuse_translation(found)
    if len(found.image_shape) != IMAGES.rank:
        raise UsageError(f"{what} are those of models whose samples are images.")


def read_start(
    found: Source,
    seeds: Sequence[int],
    latents: Path | None,
    labels: Sequence[int | str] | None,
) -> SavedLatents | np.ndarray | None:
    """Return latents of a file, or the labels of seeds; before a framework is loaded.

    Raises:
        UsageError: Labels are given beside a file, or do not exist.
        InvalidInput: The file holds something else.
    """
    if latents is None:
        return sample_labels(labels, found, len(seeds), one=labels is None)
    if labels is not None:
        raise UsageError("Labels are in the file of latents. Expected: one of the two.")
    return read_latents(latents)


def start_points(
    gan: "GAN",
    space: "LatentSpace",
    seeds: Sequence[int],
    latents: Path | None,
    given: Any,
    truncation: float | None,
) -> tuple[np.ndarray, SavedLatents]:
    """Return points of a space, and the samples that they are of.

    Styles are (n, layers, w) here, so that each layer can be changed by itself.

    Args:
        gan: The GAN.
        space: A space.
        seeds: Seeds of which sample 0 is taken.
        latents: A file of latents instead.
        given: What `read_start` returned.
        truncation: Of latents of seeds.
    """
    from keras import ops

    if latents is not None:
        check_latents(given, gan, latents)
        start = given
    else:
        each = [gan.sampler.sample_latents(1, seed, truncation) for seed in seeds]
        array = np.array(ops.convert_to_numpy(ops.concatenate(each)))
        start = SavedLatents(array, given, None, tuple(f"seed {seed}" for seed in seeds))
    if space.mapping is None:
        if start.styles is not None:
            raise UsageError("These latents are styles: they are changed in the space w.")
        return start.latents, start
    points = start.styles
    if points is None:
        found = space.points(ops.convert_to_tensor(start.latents), start.labels, truncation)
        points = np.array(ops.convert_to_numpy(space.for_layers(found)))
    return points, start


def sheet_cells(
    found: Source, space: "LatentSpace", points: np.ndarray, start: SavedLatents,
    truncation: float | None = None,
) -> np.ndarray:  # fmt: skip
    """Return what contact sheets show: (n, m, ...) points -> (n, m, ...) cells.

    Row i has the labels and the noise of sample i.
    """
    from ganzoo.gan.latents.edits import grid_images

    samples = grid_images(space, points, start.latents, start.labels, truncation)
    shown = samples if found.levels is None else found.levels.to_pixels(samples)
    return shown if shown.ndim == 5 else shown[:, :, None]


def sheet_clouds(
    gan: "GAN", space: "LatentSpace", vectors: np.ndarray, amounts: np.ndarray
) -> np.ndarray:
    """Return for each vector and amount many samples that are points, moved: (k, m, n, d)."""
    from keras import ops

    points = space.points(gan.sampler.sample_latents(_CLOUD, 0))
    clouds = [
        [space.images(ops.convert_to_tensor((points + a * v).astype("float32")), points)
         for a in amounts]
        for v in vectors.reshape(-1, *points.shape[1:])
    ]  # fmt: skip
    return np.array(clouds)


def cloud_behind(gan: "GAN", found: Source, labels: np.ndarray | None) -> np.ndarray | None:
    """Return samples that cells of points share a frame with, (n, d); None if they are no points.

    Args:
        gan: The GAN.
        found: What it is of.
        labels: Labels of the cells, of a conditional model.
    """
    if labels is not None:
        labels = np.resize(labels, (_CLOUD, *labels.shape[1:]))
    return gan.sampler.sample(_CLOUD, labels=labels) if are_points(found) else None


def are_points(found: Source) -> bool:
    """Return whether samples are points of a plane."""
    return len(found.image_shape) == POINTS.rank
