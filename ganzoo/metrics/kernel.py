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

_ROWS, _COLUMNS = 1024, 1024  # of a block of the kernel matrix: 4 MiB in float32


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
    # in the features' own type; what is added up is float64
    dtype = np.result_type(real, fake, np.float32)
    real, fake = _factor(real, dtype), _factor(fake, dtype)
    n, m = len(real), len(fake)
    between = math.fsum(
        _cube_sum(some @ other.T) for some in _blocks(real, _ROWS) for other in _blocks(fake)
    )
    return _mean_of_others(real) + _mean_of_others(fake) - 2 * between / (n * m)


def _factor(rows: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return rows whose products are x.y / d + 1: scaled, with a column of ones."""
    factor = np.ones((len(rows), rows.shape[1] + 1), dtype)
    np.multiply(rows, 1 / math.sqrt(rows.shape[1]), out=factor[:, :-1], casting="same_kind")
    return factor


def _mean_of_others(rows: np.ndarray) -> float:
    """Return the mean of the kernel over pairs of different rows."""
    sums = []
    for start in range(0, len(rows), _ROWS):  # pairs within a block, and with what follows it
        some, rest = rows[start : start + _ROWS], rows[start + _ROWS :]
        own = np.einsum("ij,ij->i", some, some)[:, None]
        sums += [_cube_sum(some @ some.T), -_cube_sum(own)]
        sums += [2 * _cube_sum(some @ other.T) for other in _blocks(rest)]
    return math.fsum(sums) / (len(rows) * (len(rows) - 1))


def _blocks(rows: np.ndarray, step: int = _COLUMNS) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def _cube_sum(products: np.ndarray) -> float:
    cubes = np.square(products)
    cubes *= products
    return float(cubes.sum(axis=1).sum(dtype=np.float64))
