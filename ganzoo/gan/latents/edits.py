"""Edits of points in latent spaces: moves along directions, and mixtures of two."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganzoo.errors import UsageError
from ganzoo.gan import random
from ganzoo.gan.latents.principal_directions import Directions
from ganzoo.gan.latents.spaces import LatentSpace, as_numpy
from ganzoo.gan.sampling.latent_paths import between


def moved(
    points: np.ndarray,
    vector: np.ndarray,
    amounts: Sequence[float],
    layers: Sequence[int] | None = None,
) -> np.ndarray:
    """Return points moved along a vector by each amount: (n, ...) -> (n, amounts, ...), float32.

    Args:
        points: (n, *shape), or styles (n, layers, w).
        vector: (d,), as long as a flat point or as a style, which then moves in each layer.
        amounts: How many times the vector is added.
        layers: Layers whose styles are moved; None: all.

    Raises:
        UsageError: A layer does not exist.
    """
    step = np.zeros(points.shape[1:])
    if layers is None:
        step[:] = vector.reshape(-1 if points.ndim == 3 else points.shape[1:])
    else:
        step[check_layers(layers, points)] = vector
    times = np.asarray(amounts, "float64").reshape((-1,) + (1,) * step.ndim)
    return (points[:, None] + times * step).astype("float32")


def mixed(
    rows: np.ndarray,
    columns: np.ndarray,
    *,
    layers: Sequence[int] | None = None,
    share: float = 0.5,
    arc: bool = False,
) -> np.ndarray:
    """Return mixtures of points of rows and of columns: (n, ...), (m, ...) -> (n, m, ...), float32.

    Args:
        rows: Points; styles (n, layers, w) if layers are given.
        columns: Points.
        layers: Layers that take the styles of the columns (style mixing, Karras et al. 2019,
            https://arxiv.org/abs/1812.04948, section 3.1). None: points between the two.
        share: How far these are on the way from row to column.
        arc: Whether the way is an arc; see `ganzoo.gan.sampling.latent_paths.between`.

    Raises:
        UsageError: A layer does not exist.
    """
    if layers is None:
        found = [[between(a, b, np.array([share]), arc=arc)[0] for b in columns] for a in rows]
        return np.array(found, "float32")
    found = np.repeat(rows[:, None], len(columns), axis=1)
    chosen = check_layers(layers, rows)
    found[:, :, chosen] = columns[None][:, :, chosen]
    return found.astype("float32")


def check_layers(layers: Sequence[int], styles: np.ndarray) -> list[int]:
    """Return layers of styles (n, layers, w).

    Raises:
        UsageError: One does not exist, or points are no styles.
    """
    count = styles.shape[1] if styles.ndim == 3 else 0
    wrong = [layer for layer in layers if not 0 <= layer < count]
    if wrong or not count:
        raise UsageError(
            f"Layers are those of style-based generators; this one has {count}. "
            f"Received: {list(layers)}."
        )
    return list(layers)


def edit(
    gan: Any,
    latents,
    directions: Directions,
    index: int,
    amounts: Sequence[float],
    *,
    labels=None,
    layers: Sequence[int] | None = None,
    truncation: float | None = None,
) -> np.ndarray:
    """Return the images of latents that are moved along a direction: (n, amounts, ...), pixels.

    Args:
        gan: The GAN.
        latents: (n, ...), for instance from `Sampler.sample_latents`.
        directions: Those of the same GAN; see `find_directions`.
        index: Which of them.
        amounts: How far, in standard deviations of points.
        labels: (n, ...) of a conditional generator.
        layers: Layers of a style-based generator that are moved; None: all.
        truncation: See `Sampler.generate`.

    Raises:
        UsageError: A layer does not exist.
    """
    space = LatentSpace(gan, directions.space)
    points = space.points(latents, labels, truncation)
    points = points if space.mapping is None else as_numpy(space.for_layers(points))
    found = moved(points, directions.unit * directions.vectors[index], amounts, layers)
    return grid_images(space, found, as_numpy(latents), labels, truncation)


def mix(
    gan: Any,
    rows,
    columns,
    *,
    layers: Sequence[int] | None = None,
    share: float = 0.5,
    labels=None,
    truncation: float | None = None,
) -> np.ndarray:
    """Return the images of mixtures of latents: (n, ...), (m, ...) -> (n, m, ...), pixels.

    Args:
        gan: The GAN.
        rows: Latents, of which labels and noise are.
        columns: Latents.
        layers: Layers of a style-based generator that take the styles of the columns. None: what
            lies between the latents.
        share: How far that is on the way from row to column.
        labels: (n, ...) of the rows of a conditional generator; columns have the first of them.
        truncation: See `Sampler.generate`.

    Raises:
        UsageError: A layer does not exist.
    """
    space = LatentSpace(gan, "z" if layers is None else "w+")
    heads = None if labels is None else np.resize(labels[:1], (len(columns), *labels.shape[1:]))
    points = space.points(rows, labels, truncation), space.points(columns, heads, truncation)
    arc = gan.prior is random.normal
    found = mixed(*points, layers=layers, share=share, arc=arc)
    return grid_images(space, found, as_numpy(rows), labels, truncation)


def grid_images(
    space: LatentSpace, points: np.ndarray, latents: np.ndarray, labels, truncation: float | None
) -> np.ndarray:
    """Return the images of points (n, m, ...), pixels; row i has noise and labels of latent i."""
    n, m = points.shape[:2]
    labels = None if labels is None else np.repeat(labels, m, axis=0)
    flat, latents = points.reshape(n * m, *points.shape[2:]), np.repeat(latents, m, axis=0)
    images = space.images(flat, latents, labels, truncation)
    return images.reshape(n, m, *images.shape[1:])
