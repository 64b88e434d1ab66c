"""Kernel distance between features (KID). Bińkowski et al. 2018, https://arxiv.org/abs/1801.01401.

Section 4: an unbiased estimate of the squared maximum mean discrepancy (MMD) under a cubic kernel.
Unlike FID, its expectation does not depend on the number of samples. It may be slightly below 0.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ganzoo.errors import UsageError
from ganzoo.metrics.rows import check_row_pair, content_order, random_state

_ROWS = 1024  # of both sides of a block of the kernel matrix: 4 MiB in float32


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
        return KernelDistance(_squared_mmd(real, fake), None, 1, size)
    random, real_order, fake_order = random_state(seed), content_order(real), content_order(fake)
    values = []
    for _ in range(subsets):
        some_real = real[real_order[random.permutation(len(real))[:size]]]
        some_fake = fake[fake_order[random.permutation(len(fake))[:size]]]
        values.append(_squared_mmd(some_real, some_fake))
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
    return _squared_mmd(*check_row_pair(real, fake, "features", min_rows=2))


def _squared_mmd(real: np.ndarray, fake: np.ndarray) -> float:
    # what is added up is float64; products are so where a number needs it, whatever its type
    with np.errstate(over="ignore"):
        narrow = [rows.astype(np.float32, copy=False) for rows in (real, fake)]
    exact = np.array_equal(narrow[0], real) and np.array_equal(narrow[1], fake)
    real, fake = narrow if exact else (real.astype(np.float64), fake.astype(np.float64))
    between = math.fsum(
        _kernel_sum(some @ other.T, real.shape[1])
        for some in _blocks(real)
        for other in _blocks(fake)
    )
    means = _mean_of_others(real) + _mean_of_others(fake)
    return means - 2 * between / (len(real) * len(fake))


def _mean_of_others(rows: np.ndarray) -> float:
    """Return the mean of the kernel over pairs of different rows."""
    size, sums = rows.shape[1], []
    for start in range(0, len(rows), _ROWS):  # pairs within a block, and with what follows it
        some, rest = rows[start : start + _ROWS], rows[start + _ROWS :]
        own = np.einsum("ij,ij->i", some, some)[:, None]
        sums += [_kernel_sum(some @ some.T, size), -_kernel_sum(own, size)]
        sums += [2 * _kernel_sum(some @ other.T, size) for other in _blocks(rest)]
    return math.fsum(sums) / (len(rows) * (len(rows) - 1))


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), _ROWS):
        yield rows[start : start + _ROWS]


def _kernel_sum(products: np.ndarray, size: int) -> float:
    """Sum (x.y / size + 1)^3 over products x.y, which are overwritten."""
    products *= 1 / size
    products += 1
    cubes = np.square(products)
    cubes *= products
    return float(cubes.sum(axis=1).sum(dtype=np.float64))
