"""Sliced Wasserstein distance: mean distance of one-dimensional shadows in random directions.

Of features or points: Bonneel et al. 2015, https://doi.org/10.1007/s10851-014-0506-3. Of images,
by patches of a Laplacian pyramid: Karras et al. 2018, https://arxiv.org/abs/1710.10196, section 5.
"""

import math
from typing import NamedTuple

import numpy as np

from ganzoo.errors import UsageError
from ganzoo.metrics.rows import blocks, checked_pair, generator, order_of

_SMALLEST = 16  # pixels: the pyramid ends here, section 5
_BINOMIAL = np.array([1, 4, 6, 4, 1]) / 16  # Burt and Adelson 1983
_GROUP = 16  # directions at a time
_PIXELS = 1 << 21  # of which pyramids are built at a time


class PatchDistance(NamedTuple):
    """The sliced Wasserstein distance of images.

    Args:
        mean: Over the levels.
        levels: {height in pixels: distance}, finest first. The finest shows sharpness and noise,
            the coarsest shape.
        images: How many of each side were looked at.
    """

    mean: float
    levels: dict[int, float]
    images: int


def sliced_wasserstein(
    real, fake, *, directions: int = 512, order: int = 2, seed: int = 0
) -> float:
    """The Wasserstein distance of projections to random directions, averaged.

    Both sides may have different numbers of rows: the distance of two sorted lists is that of
    their quantile functions, exactly.

    Args:
        real: Features or points (n, d).
        fake: The same (m, d).
        directions: Number of directions, uniform on the sphere; with d = 1 there is only one.
        order: p of the p-th Wasserstein distance: `(mean over directions of W_p^p)^(1/p)`.
        seed: Decides the directions.

    Raises:
        UsageError: The rows do not fit, or a value is out of range.
        InvalidInput: A number is not finite.
    """
    real, fake = checked_pair(real, fake, "features")
    if directions < 1 or order < 1:
        raise UsageError(
            "There must be at least 1 direction, and an order of at least 1."
            f" Received: directions={directions}, order={order}."
        )
    if real.shape[1] == 1:
        directions = 1
    return _sliced(real, fake, directions, order, generator(seed))


def patch_wasserstein(
    real,
    fake,
    *,
    images: int = 8192,
    patches: int = 16,
    directions: int = 256,
    seed: int = 0,
) -> PatchDistance:
    """Sliced Wasserstein distance between local patches of images, for each scale.

    A Laplacian pyramid splits each image by scale, down to 16 pixels. From each level come
    patches of 7x7 pixels. The channels of each side's patches are brought to mean 0 and
    deviation 1, so overall contrast and color do not count; then the Wasserstein-1 distance
    in random directions is averaged.

    The paper takes 128 patches of each of 16,384 images and prints 1000 times the distance.

    Args:
        real: uint8 images (n, h, w, channels), or a memory map of them.
        fake: uint8 images (m, h, w, channels).
        images: How many images of each side to look at, at most; equally many of both, by lot.
        patches: Patches of each image and level.
        directions: Number of directions.
        seed: Decides all lots, together with what the images are, not their order.

    Raises:
        UsageError: Not images, of different shapes, or a value out of range.
    """
    real, fake = np.asanyarray(real), np.asanyarray(fake)
    for side in (real, fake):
        if side.dtype != np.uint8 or side.ndim != 4 or 0 in side.shape:
            raise UsageError(
                "Patches are taken of uint8 images (n, height, width, channels)."
                f" Received: {side.dtype} {side.shape}."
            )
    if real.shape[1:] != fake.shape[1:]:
        raise UsageError(
            "Real and fake images must have the same shape."
            f" Received: {real.shape[1:]} and {fake.shape[1:]}."
        )
    if min(images, patches, directions) < 1:
        raise UsageError(
            "images, patches and directions must be at least 1."
            f" Received: {images}, {patches} and {directions}."
        )
    count = min(images, len(real), len(fake))
    random = generator(seed)
    places = random.random_sample((_levels(real.shape[1:3]), 2, count, patches))
    # the same lots and places for both, so that equal images have distance 0
    real = _patches(real, generator(seed).permutation(len(real))[:count], places)
    fake = _patches(fake, generator(seed).permutation(len(fake))[:count], places)
    levels = {height: _sliced(real[height], fake[height], directions, 1, random) for height in real}
    return PatchDistance(float(np.mean(list(levels.values()))), levels, count)


def pyramid(images: np.ndarray) -> list[np.ndarray]:
    """The Laplacian pyramid, finest first: details that the next level lacks, then the rest.

    Burt and Adelson 1983, https://doi.org/10.1109/TCOM.1983.1095851.

    Args:
        images: Numbers (n, h, w, c).

    Returns:
        float64 levels (n, h, w, c), (n, h / 2, w / 2, c), ... until a half would be smaller than
        16 pixels. A size that is odd is rounded up.
    """
    rest = np.asarray(images, dtype=np.float64)
    levels = []
    for _ in range(_levels(rest.shape[1:3]) - 1):
        smaller = _smooth(rest)[:, ::2, ::2]
        levels.append(rest - _doubled(smaller, rest.shape))
        rest = smaller
    return [*levels, rest]


def _levels(size: tuple[int, int]) -> int:
    levels, side = 1, min(size)
    while side >= 2 * _SMALLEST:
        levels, side = levels + 1, (side + 1) // 2
    return levels


def _doubled(images: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    spread = np.zeros(shape)
    spread[:, ::2, ::2] = images
    return 4 * _smooth(spread)  # three in four pixels are 0


def _smooth(images: np.ndarray) -> np.ndarray:
    """Binomial filter along height and width; beyond the border, images are mirrored."""
    for axis in (1, 2):
        images = _filtered(images, axis)
    return images


def _filtered(images: np.ndarray, axis: int) -> np.ndarray:
    pad = [(2, 2) if i == axis else (0, 0) for i in range(images.ndim)]
    padded = np.moveaxis(np.pad(images, pad, mode="reflect"), axis, 0)
    length = images.shape[axis]
    result = sum(weight * padded[i : i + length] for i, weight in enumerate(_BINOMIAL))
    return np.moveaxis(result, 0, axis)


def _patches(images: np.ndarray, lots: np.ndarray, places: np.ndarray) -> dict[int, np.ndarray]:
    """{height: patches (images x patches, 7 * 7 * c)} of the images drawn, normalized.

    Args:
        images: uint8 (n, h, w, c).
        lots: Which images (count,), as places in their order by content.
        places: Where the patches are (levels, 2, count, patches), in [0, 1).
    """
    chosen = order_of(images)[lots]
    heights = [images.shape[1]]
    while len(heights) < len(places):
        heights.append((heights[-1] + 1) // 2)
    found = {height: [] for height in heights}
    step = max(1, _PIXELS // math.prod(images.shape[1:]))
    for start in range(0, len(chosen), step):
        part = slice(start, start + step)
        for level, spots in zip(pyramid(images[chosen[part]]), places, strict=True):
            found[level.shape[1]].append(_cut(level, spots[:, part]))
    return {height: _normalized(parts, images.shape[3]) for height, parts in found.items()}


def _cut(level: np.ndarray, spots: np.ndarray) -> np.ndarray:
    """Patches of one level (n, h, w, c) -> float32 (n x patches, 49 c)."""
    _, height, width, channels = level.shape
    tall, wide = min(7, height), min(7, width)
    tops = (spots[0] * (height - tall + 1)).astype(np.int64)  # (n, patches)
    lefts = (spots[1] * (width - wide + 1)).astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(level, (tall, wide), axis=(1, 2))
    patches = windows[np.arange(len(level))[:, None], tops, lefts]  # (n, patches, c, 7, 7)
    return np.moveaxis(patches, 2, -1).reshape(-1, tall * wide * channels).astype(np.float32)


def _normalized(parts: list[np.ndarray], channels: int) -> np.ndarray:
    rows = np.concatenate(parts).reshape(-1, channels)
    mean = rows.mean(axis=0, dtype=np.float64)
    deviation = rows.std(axis=0, dtype=np.float64)
    rows -= mean.astype(np.float32)
    rows /= np.where(deviation > 0, deviation, 1).astype(np.float32)
    return rows.reshape(sum(map(len, parts)), -1)


def _sliced(real, fake, directions: int, order: int, random: np.random.RandomState) -> float:
    axes = random.standard_normal((directions, real.shape[1]))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    weights, places = _quantiles(len(real), len(fake))
    total = 0.0
    for start in range(0, directions, _GROUP):
        group = axes[start : start + _GROUP]
        shadows = (_shadow(real, group), _shadow(fake, group))
        for one, other in zip(*shadows, strict=True):
            total += float(weights @ np.abs(one[places[0]] - other[places[1]]) ** order)
    return (total / directions) ** (1 / order)


def _shadow(rows: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Sorted projections, float64 (directions, n)."""
    return np.sort(np.concatenate([block @ axes.T for block in blocks(rows)]).T, axis=1)


def _quantiles(n: int, m: int) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """How much of sorted list one of n meets which of list two of m: weights, and both places."""
    if n == m:
        return np.full(n, 1 / n), (np.arange(n), np.arange(n))
    # in units of 1 / (n m), so that edges which coincide are equal
    edges = np.union1d(np.arange(n + 1, dtype=np.int64) * m, np.arange(m + 1, dtype=np.int64) * n)
    low = edges[:-1]
    return np.diff(edges) / (n * m), (low // m, low // n)
