"""Rows of numbers: checked, taken in blocks, and drawn by a seed whatever their order."""

from collections.abc import Iterator

import numpy as np

from ganzoo.errors import InvalidInput, UsageError

_NUMBERS = 1 << 22  # float64 numbers in a block: 32 MiB
_SEEDS = 1 << 32


def checked(rows, what: str, *, least: int = 1) -> np.ndarray:
    """The rows as an array (n, d), not copied if they are one.

    Args:
        rows: Numbers (n, d), of any float or integer type; a memory map stays one.
        what: What they are, for the message: `"real features"`.
        least: The least number of rows.

    Raises:
        UsageError: Not two axes of numbers, or too few rows.
        InvalidInput: A number is not finite.
    """
    rows = np.asanyarray(rows)
    if rows.ndim != 2 or rows.dtype.kind not in "fiu" or not rows.shape[1]:
        raise UsageError(
            f"The {what} must be numbers (n, d), one row per sample."
            f" Received: {rows.dtype} {rows.shape}."
        )
    if len(rows) < least:
        raise UsageError(f"The {what} must be at least {least:,} rows. Received: {len(rows):,}.")
    if rows.dtype.kind == "f":
        for block in blocks(rows):
            if not np.isfinite(block).all():
                raise InvalidInput(
                    f"The {what} must all be finite. Received: not-a-number or infinity.",
                    hint="A training that has diverged makes such samples.",
                )
    return rows


def checked_pair(real, fake, what: str, *, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Both sides checked, and that their rows are equally long.

    Raises:
        UsageError: See `checked`; or the rows are not equally long.
        InvalidInput: A number is not finite.
    """
    real = checked(real, f"real {what}", least=least)
    fake = checked(fake, f"fake {what}", least=least)
    if real.shape[1] != fake.shape[1]:
        raise UsageError(
            f"Real and fake {what} must have equally long rows, from one extractor."
            f" Received: {real.shape[1]} and {fake.shape[1]} numbers per row."
        )
    return real, fake


def blocks(rows: np.ndarray, numbers: int = _NUMBERS) -> Iterator[np.ndarray]:
    """Consecutive rows as float64, so many at a time that a block has about `numbers` numbers."""
    step = max(1, numbers // max(1, int(np.prod(rows.shape[1:]))))
    for start in range(0, len(rows), step):
        yield np.asarray(rows[start : start + step], dtype=np.float64)


def generator(seed: int) -> np.random.RandomState:
    """Random numbers of a seed. The legacy generator, since NumPy froze its stream for good.

    Raises:
        UsageError: `seed` is not an integer in [0, 2**32).
    """
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or not 0 <= seed < _SEEDS:
        raise UsageError(f"seed must be an integer in [0, 2**32). Received: seed={seed!r}.")
    return np.random.RandomState(seed)


def order_of(rows: np.ndarray) -> np.ndarray:
    """Indices that sort rows by what is in them, so that draws do not depend on their order.

    The key is a sum with fixed, irregular weights: equal rows have equal keys, different rows
    do not, and rows that differ by rounding stay next to where they were.

    Args:
        rows: (n, ...), any number of axes.
    """
    size = int(np.prod(rows.shape[1:]))
    weights = np.random.RandomState(0).uniform(0.5, 1.5, size)
    # a sum along the row, not a matrix product: it is the same in whatever block the row is
    keys = [(block.reshape(len(block), size) * weights).sum(axis=1) for block in blocks(rows)]
    return np.argsort(np.concatenate(keys), kind="stable")


def drawn(rows: np.ndarray, count: int, random: np.random.RandomState) -> np.ndarray:
    """`count` different rows by lot: a copy, or the rows themselves if all are asked for."""
    if count >= len(rows):
        return rows
    return rows[order_of(rows)[random.permutation(len(rows))[:count]]]


def equally_many(
    real: np.ndarray, fake: np.ndarray, *, at_most: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Equally many rows of both sides, by lot: as many as the smaller has, but `at_most`."""
    count = min(at_most, len(real), len(fake))
    # the same lots for both, so that equal rows stay equal
    return drawn(real, count, generator(seed)), drawn(fake, count, generator(seed))
