"""Kernel distance between features (KID). Bińkowski et al. 2018, https://arxiv.org/abs/1801.01401.

Section 4: an unbiased estimate of the squared maximum mean discrepancy (MMD) under a cubic kernel.
Unlike FID, its expectation does not depend on the number of samples. It may be slightly below 0.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ganzoo.errors import UsageError
from ganzoo.metrics.rows import check_row_pair, content_order, random_state, row_blocks

_ROWS, _COLUMNS = 128, 1024  # of a block of the kernel matrix: 1 MiB


class KernelDistance(NamedTuple):
    """Kernel distance with its standard error.

    Args:
        mean: Mean of the unbiased MMD^2 of the subsets.
        error: Standard error of that mean over subsets of the same samples, not over other
            samples. `None` for a single subset.
        subsets: Number of subsets.
        subset_size: Real samples in a subset, and fake samples as well.
    """

    mean: float
    error: float | None
    subsets: int
    subset_size: int


def kernel_distance(
    real: ArrayLike,
    fake: ArrayLike,
    *,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 0,
) -> KernelDistance:
    """Return the mean of the unbiased MMD^2 over random subsets of real and fake samples.

    Args:
        real: Features of real samples (n, d).
        fake: Features of fake samples (m, d).
        subsets: Number of subsets.
        subset_size: Real and fake samples in a subset, at most n and m. If a subset has all
            samples, there is only one.
        seed: Seed of the subsets, which do not depend on the order of rows.

    Raises:
        UsageError: Fewer than two samples of either, or an argument out of range.
        InvalidInput: A number is not finite.
    """
    real, fake = check_row_pair(real, fake, "features", min_rows=2)
    if subsets < 1 or subset_size < 2:
        raise UsageError(
            "There must be at least 1 subset of at least 2 samples."
            f" Received: subsets={subsets}, subset_size={subset_size}."
        )
    size = min(subset_size, len(real), len(fake))
    if size == len(real) == len(fake):
        return KernelDistance(squared_mmd(real, fake), None, 1, size)
    random, real_order, fake_order = random_state(seed), content_order(real), content_order(fake)
    values = []
    for _ in range(subsets):
        some_real = real[real_order[random.permutation(len(real))[:size]]]
        some_fake = fake[fake_order[random.permutation(len(fake))[:size]]]
        values.append(squared_mmd(some_real, some_fake))
    error = float(np.std(values)) / math.sqrt(subsets) if subsets > 1 else None
    return KernelDistance(float(np.mean(values)), error, subsets, size)


def squared_mmd(real: ArrayLike, fake: ArrayLike) -> float:
    """Return the unbiased MMD^2 of all samples, a U-statistic. Gretton et al. 2012, lemma 6.

    Args:
        real: Features of real samples (n, d).
        fake: Features of fake samples (m, d).

    Raises:
        UsageError: Fewer than two samples of either.
        InvalidInput: A number is not finite.
    """
    real, fake = check_row_pair(real, fake, "features", min_rows=2)
    n, m = len(real), len(fake)
    within_real = (_kernel_sum(real, real) - _kernel_diagonal_sum(real)) / (n * (n - 1))
    within_fake = (_kernel_sum(fake, fake) - _kernel_diagonal_sum(fake)) / (m * (m - 1))
    return within_real + within_fake - 2 * _kernel_sum(real, fake) / (n * m)


def _kernel_sum(left: np.ndarray, right: np.ndarray) -> float:
    """Sum the cubic kernel (x.y / d + 1)^3 over all pairs, in blocks."""
    size = left.shape[1]
    return math.fsum(
        _cube_sum(some_left @ some_right.T, size)
        for some_right in row_blocks(right, _COLUMNS * size)
        for some_left in row_blocks(left, _ROWS * size)
    )


def _kernel_diagonal_sum(rows: np.ndarray) -> float:
    size = rows.shape[1]
    return math.fsum(_cube_sum(np.square(block).sum(axis=1), size) for block in row_blocks(rows))


def _cube_sum(products: np.ndarray, size: int) -> float:
    products /= size
    products += 1
    return float(np.vdot(products, products * products))
