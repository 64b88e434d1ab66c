"""Rows of numbers: checks, blocks, and random subsets that do not depend on their order."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from ganzoo.errors import InvalidInput, UsageError

_NUMBERS = 1 << 22  # float64 numbers in a block: 32 MiB
_SEEDS = 1 << 32


def check_rows(rows: ArrayLike, what: str, *, min_rows: int = 1) -> np.ndarray:
    """Return rows as an array (n, d); an array is not copied.

    Args:
        rows: Numbers (n, d), of any float or integer type; a memory map stays one.
        what: Name of the rows in messages: `"real features"`.
        min_rows: Least number of rows.

    Raises:
        UsageError: `rows` are not numbers (n, d), or too few.
        InvalidInput: A number is not finite.
    """
    array = np.asanyarray(rows)
    if array.ndim != 2 or array.dtype.kind not in "fiu" or not array.shape[1]:
        raise UsageError(
            f"The {what} must be numbers (n, d), one row per sample."
            f" Received: {array.dtype} {array.shape}."
        )
    if len(array) < min_rows:
        raise UsageError(
            f"The {what} must be at least {min_rows:,} rows. Received: {len(array):,}."
        )
    if array.dtype.kind == "f":
        for start in range(0, len(array), step := max(1, _NUMBERS // array.shape[1])):
            if not np.isfinite(array[start : start + step]).all():
                raise InvalidInput(
                    f"The {what} must be finite. Received: NaN or infinity.",
                    hint="Samples of a diverged training are not finite.",
                )
    return array


def check_row_pair(
    real: ArrayLike, fake: ArrayLike, what: str, *, min_rows: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Return real and fake rows as arrays whose rows have the same length.

    Args:
        real: Numbers (n, d).
        fake: Numbers (m, d).
        what: Name of the rows in messages: `"features"`.
        min_rows: Least number of rows of each.

    Raises:
        UsageError: The rows are not numbers (n, d), too few, or of different length.
        InvalidInput: A number is not finite.
    """
    real_rows = check_rows(real, f"real {what}", min_rows=min_rows)
    fake_rows = check_rows(fake, f"fake {what}", min_rows=min_rows)
    if real_rows.shape[1] != fake_rows.shape[1]:
        raise UsageError(
            f"Real and fake {what} must have rows of the same length, from one extractor."
            f" Received: {real_rows.shape[1]} and {fake_rows.shape[1]} numbers per row."
        )
    return real_rows, fake_rows


def row_blocks(rows: np.ndarray, numbers: int = _NUMBERS) -> Iterator[np.ndarray]:
    """Yield consecutive rows as float64, in blocks of about `numbers` numbers."""
    step = max(1, numbers // max(1, int(np.prod(rows.shape[1:]))))
    for start in range(0, len(rows), step):
        yield np.asarray(rows[start : start + step], dtype=np.float64)


def random_state(seed: int) -> np.random.RandomState:
    """Return a random number generator: the legacy one, whose stream NumPy has frozen.

    Raises:
        UsageError: `seed` is not an integer in [0, 2**32).
    """
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or not 0 <= seed < _SEEDS:
        raise UsageError(f"seed must be an integer in [0, 2**32). Received: seed={seed!r}.")
    return np.random.RandomState(seed)


def content_order(rows: np.ndarray) -> np.ndarray:
    """Return indices that sort rows by content, so that subsets do not depend on their order.

    The key is a sum with fixed, irregular weights: equal rows have equal keys, different rows
    do not, and rows that differ by rounding stay near each other.

    Args:
        rows: Numbers (n, ...) with any number of axes.
    """
    size = int(np.prod(rows.shape[1:]))
    weights = np.random.RandomState(0).uniform(0.5, 1.5, size)
    # a sum along the row, not a matrix product: it is the same in whatever block the row is
    keys = [
        np.einsum("ij,j->i", block.reshape(len(block), size), weights) for block in row_blocks(rows)
    ]
    return np.argsort(np.concatenate(keys), kind="stable")


def random_subset(rows: np.ndarray, count: int, random: np.random.RandomState) -> np.ndarray:
    """Return a random subset of rows as a copy, or the rows themselves if `count` is not less."""
    if count >= len(rows):
        return rows
    return rows[content_order(rows)[random.permutation(len(rows))[:count]]]


def equal_subsets(
    real: np.ndarray, fake: np.ndarray, *, max_rows: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return random subsets of the same size: that of the smaller input, or `max_rows`."""
    count = min(max_rows, len(real), len(fake))
    # the same indices for both, so that equal inputs have equal subsets
    return random_subset(real, count, random_state(seed)), random_subset(
        fake, count, random_state(seed)
    )
