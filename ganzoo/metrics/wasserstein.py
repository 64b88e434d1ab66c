"""Sliced Wasserstein distance: mean distance of projections to random directions.

Features or points: Bonneel et al. 2015, https://doi.org/10.1007/s10851-014-0506-3. Images, by
patches of a Laplacian pyramid: Karras et al. 2018, https://arxiv.org/abs/1710.10196, section 5.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ganzoo.errors import UsageError
from ganzoo.metrics.rows import check_row_pair, content_order, random_state, row_blocks

_MIN_RESOLUTION = 16  # pixels of the last level of the pyramid, section 5
_BINOMIAL = np.array([1, 4, 6, 4, 1]) / 16  # Burt and Adelson 1983
_DIRECTIONS_AT_ONCE = 16
_PIXELS_AT_ONCE = 1 << 21  # of images whose pyramids are built


class PatchDistance(NamedTuple):
    """Sliced Wasserstein distance of images, level by level.

    Args:
        mean: Mean over the levels.
        levels: Distances by height in pixels, finest first. The finest level shows sharpness and
            noise, the coarsest shape.
        images: Number of real images used, and of fake ones as well.
    """

    mean: float
    levels: dict[int, float]
    images: int


def sliced_wasserstein(
    real: ArrayLike,
    fake: ArrayLike,
    *,
    directions: int = 512,
    order: int = 2,
    seed: int = 0,
) -> float:
    """Return the Wasserstein distance of projections, averaged over random directions.

    The distance of sorted projections is exact for any n and m: that of their quantile
    functions.

    Args:
        real: Real features or points (n, d).
        fake: Fake features or points (m, d).
        directions: Number of directions, uniform on the sphere; one if d = 1.
        order: p of the p-th Wasserstein distance: `(mean over directions of W_p^p)^(1/p)`.
        seed: Seed of the directions.

    Raises:
        UsageError: The rows differ in length, or an argument is out of range.
        InvalidInput: A number is not finite.
    """
    real_rows, fake_rows = check_row_pair(real, fake, "features")
    if directions < 1 or order < 1:
        raise UsageError(
            "There must be at least 1 direction, and an order of at least 1."
            f" Received: directions={directions}, order={order}."
        )
    if real_rows.shape[1] == 1:
        directions = 1
    return _sliced_distance(real_rows, fake_rows, directions, order, random_state(seed))


def patch_wasserstein(
    real: np.ndarray,
    fake: np.ndarray,
    *,
    images: int = 8192,
    patches: int = 16,
    directions: int = 256,
    seed: int = 0,
) -> PatchDistance:
    """Compute the sliced Wasserstein distance of local patches of images, scale by scale.

    A Laplacian pyramid splits each image by scale, down to 16 pixels. Each level gives patches
    of 7x7 pixels, whose channels are normalized to mean 0 and deviation 1 over all real or all
    fake patches, so that overall contrast and color do not count. The Wasserstein-1 distance is
    averaged over random directions.

    The paper takes 128 patches of each of 16,384 images and prints 1000 times the distance.

    Args:
        real: Real images (n, h, w, channels) of any numbers, possibly a memory map.
        fake: Fake images (m, h, w, channels).
        images: Size of the random subsets of real and of fake images, at most n and m.
        patches: Patches of each image and level.
        directions: Number of directions.
        seed: Seed of subsets, patches and directions, which do not depend on the images' order.

    Raises:
        UsageError: No images, of different shapes, or an argument out of range.
    """
    real, fake = np.asanyarray(real), np.asanyarray(fake)
    for array in (real, fake):
        if array.dtype.kind not in "uif" or array.ndim != 4 or 0 in array.shape:
            raise UsageError(
                "Patches need images (n, height, width, channels) of numbers."
                f" Received: {array.dtype} {array.shape}."
            )
    if (real.shape[1:], real.dtype) != (fake.shape[1:], fake.dtype):
        raise UsageError(
            "Real and fake images must have the same shape and type."
            f" Received: {real.dtype} {real.shape[1:]} and {fake.dtype} {fake.shape[1:]}."
        )
    if min(images, patches, directions) < 1:
        raise UsageError(
            "images, patches and directions must be at least 1."
            f" Received: {images}, {patches} and {directions}."
        )
    count = min(images, len(real), len(fake))
    random = random_state(seed)
    positions = random.random_sample((_num_levels(real.shape[1:3]), 2, count, patches))
    # the same indices and positions for both, so that equal images have distance 0
    ours = _patches_by_level(real, random_state(seed).permutation(len(real))[:count], positions)
    theirs = _patches_by_level(fake, random_state(seed).permutation(len(fake))[:count], positions)
    levels = {
        height: _sliced_distance(ours[height], theirs[height], directions, 1, random)
        for height in ours
    }
    return PatchDistance(float(np.mean(list(levels.values()))), levels, count)


def pyramid(images: np.ndarray) -> list[np.ndarray]:
    """Return the Laplacian pyramid, finest level first.

    Burt and Adelson 1983, https://doi.org/10.1109/TCOM.1983.1095851.

    Args:
        images: Images of any number type (n, h, w, c).

    Returns:
        float64 levels (n, h, w, c), (n, h / 2, w / 2, c), ... of at least 16 pixels; halves of odd
        sizes are rounded up. Each has the details that the next one lacks.
    """
    rest = np.asarray(images, dtype=np.float64)
    levels = []
    for _ in range(_num_levels(rest.shape[1:3]) - 1):
        smaller = _blur(rest)[:, ::2, ::2]
        levels.append(rest - _upsample(smaller, rest.shape))
        rest = smaller
    return [*levels, rest]


def _num_levels(size: tuple[int, int]) -> int:
    levels, resolution = 1, min(size)
    while resolution >= 2 * _MIN_RESOLUTION:
        levels, resolution = levels + 1, (resolution + 1) // 2
    return levels


def _upsample(images: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    sparse = np.zeros(shape)
    sparse[:, ::2, ::2] = images
    return 4 * _blur(sparse)  # three in four pixels are 0


def _blur(images: np.ndarray) -> np.ndarray:
    """Apply a binomial filter along height and width; images are mirrored at the border."""
    for axis in (1, 2):
        pad = [(2, 2) if i == axis else (0, 0) for i in range(images.ndim)]
        padded = np.moveaxis(np.pad(images, pad, mode="reflect"), axis, 0)
        length = images.shape[axis]
        blurred = np.zeros((length, *padded.shape[1:]))
        for i, weight in enumerate(_BINOMIAL):
            blurred += weight * padded[i : i + length]
        images = np.moveaxis(blurred, 0, axis)
    return images


def _patches_by_level(
    images: np.ndarray, subset: np.ndarray, positions: np.ndarray
) -> dict[int, np.ndarray]:
    """Return normalized patches (count x patches, 7 * 7 * c) by height of their level.

    The subset counts in the order by content; positions are in [0, 1), (levels, 2, count, patches).
    """
    chosen = content_order(images)[subset]
    heights = [images.shape[1]]
    while len(heights) < len(positions):
        heights.append((heights[-1] + 1) // 2)
    found: dict[int, list[np.ndarray]] = {height: [] for height in heights}
    step = max(1, _PIXELS_AT_ONCE // math.prod(images.shape[1:]))
    for start in range(0, len(chosen), step):
        part = slice(start, start + step)
        for level, spots in zip(pyramid(images[chosen[part]]), positions, strict=True):
            found[level.shape[1]].append(_cut_patches(level, spots[:, part]))
    return {height: _normalize_patches(parts, images.shape[3]) for height, parts in found.items()}


def _cut_patches(level: np.ndarray, spots: np.ndarray) -> np.ndarray:
    """Cut patches out of one level: (n, h, w, c) -> float32 (n x patches, 49 c)."""
    _, height, width, channels = level.shape
    tall, wide = min(7, height), min(7, width)
    tops = (spots[0] * (height - tall + 1)).astype(np.int64)  # (n, patches)
    lefts = (spots[1] * (width - wide + 1)).astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(level, (tall, wide), axis=(1, 2))
    patches = windows[np.arange(len(level))[:, None], tops, lefts]  # (n, patches, c, 7, 7)
    return np.moveaxis(patches, 2, -1).reshape(-1, tall * wide * channels).astype(np.float32)


def _normalize_patches(parts: list[np.ndarray], channels: int) -> np.ndarray:
    rows = np.concatenate(parts).reshape(-1, channels)
    mean = rows.mean(axis=0, dtype=np.float64)
    deviation = rows.std(axis=0, dtype=np.float64)
    rows -= mean.astype(np.float32)
    rows /= np.where(deviation > 0, deviation, 1).astype(np.float32)
    return rows.reshape(sum(map(len, parts)), -1)


def _sliced_distance(
    real: np.ndarray,
    fake: np.ndarray,
    directions: int,
    order: int,
    random: np.random.RandomState,
) -> float:
    axes = random.standard_normal((directions, real.shape[1]))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    weights, positions = _match_quantiles(len(real), len(fake))
    total = 0.0
    for start in range(0, directions, _DIRECTIONS_AT_ONCE):
        group = axes[start : start + _DIRECTIONS_AT_ONCE]
        projections = (_project_rows(real, group), _project_rows(fake, group))
        for one, other in zip(*projections, strict=True):
            total += float(weights @ np.abs(one[positions[0]] - other[positions[1]]) ** order)
    return (total / directions) ** (1 / order)


def _project_rows(rows: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Return sorted projections, float64 (directions, n)."""
    return np.sort(np.concatenate([block @ axes.T for block in row_blocks(rows)]).T, axis=1)


def _match_quantiles(n: int, m: int) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Match the quantiles of sorted lists of n and m numbers: weights, and indices in both."""
    if n == m:
        return np.full(n, 1 / n), (np.arange(n), np.arange(n))
    # in units of 1 / (n m), so that edges which coincide are equal
    edges = np.union1d(np.arange(n + 1, dtype=np.int64) * m, np.arange(m + 1, dtype=np.int64) * n)
    low = edges[:-1]
    return np.diff(edges) / (n * m), (low // m, low // n)
