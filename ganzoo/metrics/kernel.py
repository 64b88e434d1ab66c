"""Kernel distance between features (KID). Bińkowski et al. 2018, https://arxiv.org/abs/1801.01401.

Section 4: the squared maximum mean discrepancy (MMD) under a cubic kernel, estimated without
bias. So its expectation does not depend on the number of samples, as that of FID does, and it
may be a little below 0.
"""

import math
from typing import NamedTuple

import numpy as np

from ganzoo.errors import UsageError
from ganzoo.metrics.rows import blocks, checked_pair, generator, order_of

_ROWS, _COLUMNS = 128, 1024  # of a block of the kernel matrix: 1 MiB


class KernelDistance(NamedTuple):
    """The kernel distance.

    Args:
        mean: Mean of the unbiased MMD^2 of the subsets.
        error: Standard error of that mean: how far other subsets of the same samples would
            move it, not how far other samples would. `None` if there is one subset only.
        subsets: How many there were.
        subset_size: Samples of each side in a subset.
    """

    mean: float
    error: float | None
    subsets: int
    subset_size: int


def kernel_distance(
    real, fake, *, subsets: int = 100, subset_size: int = 1000, seed: int = 0
) -> KernelDistance:
    """Mean of the unbiased MMD^2 of random subsets of both sides.

    Args:
        real: Features (n, d).
        fake: Features (m, d).
        subsets: Number of subsets.
        subset_size: Samples of each side in a subset; fewer where a side has fewer. If this is
            all samples of both sides, there is one subset only.
        seed: Decides the subsets, together with what the rows are, not their order.

    Raises:
        UsageError: Fewer than two samples on a side, or a value out of range.
        InvalidInput: A number is not finite.
    """
    real, fake = checked_pair(real, fake, "features", least=2)
    if subsets < 1 or subset_size < 2:
        raise UsageError(
            "There must be at least 1 subset of at least 2 samples."
            f" Received: subsets={subsets}, subset_size={subset_size}."
        )
    size = min(subset_size, len(real), len(fake))
    if size == len(real) == len(fake):
        return KernelDistance(_squared_mmd(real, fake), None, 1, size)
    random, real_order, fake_order = generator(seed), order_of(real), order_of(fake)
    values = []
    for _ in range(subsets):
        some_real = real[real_order[random.permutation(len(real))[:size]]]
        some_fake = fake[fake_order[random.permutation(len(fake))[:size]]]
        values.append(_squared_mmd(some_real, some_fake))
    error = float(np.std(values)) / math.sqrt(subsets) if subsets > 1 else None
    return KernelDistance(float(np.mean(values)), error, subsets, size)


def squared_mmd(real, fake) -> float:
    """The unbiased MMD^2 of all samples, a U-statistic. Gretton et al. 2012, lemma 6.

    Args:
        real: Features (n, d).
        fake: Features (m, d); m may differ from n.

    Raises:
        UsageError: Fewer than two samples on a side.
        InvalidInput: A number is not finite.
    """
    return _squared_mmd(*checked_pair(real, fake, "features", least=2))


def _squared_mmd(real: np.ndarray, fake: np.ndarray) -> float:
    n, m = len(real), len(fake)
    within_real = (_kernel_sum(real, real) - _diagonal_sum(real)) / (n * (n - 1))
    within_fake = (_kernel_sum(fake, fake) - _diagonal_sum(fake)) / (m * (m - 1))
    return within_real + within_fake - 2 * _kernel_sum(real, fake) / (n * m)


def _kernel_sum(left: np.ndarray, right: np.ndarray) -> float:
    """Sum of the cubic kernel (x.y / d + 1)^3 over all pairs, in blocks."""
    size = left.shape[1]
    return math.fsum(
        _cubes(some_left @ some_right.T, size)
        for some_right in blocks(right, _COLUMNS * size)
        for some_left in blocks(left, _ROWS * size)
    )


def _diagonal_sum(rows: np.ndarray) -> float:
    size = rows.shape[1]
    return math.fsum(_cubes(np.square(block).sum(axis=1), size) for block in blocks(rows))


def _cubes(products: np.ndarray, size: int) -> float:
    products /= size
    products += 1
    return float(np.vdot(products, products * products))
