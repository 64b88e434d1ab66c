"""Distances between rows in blocks: memory does not grow with the square of their number.

Squared distances come from `|a|^2 + |b|^2 - 2 a.b`, one matrix product per block. What is so
small that it is all rounding counts as 0, so that equal rows have distance 0.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ganzoo.errors import UsageError

_QUERIES, _ROWS = 1024, 2048  # of a block of distances: 16 MiB
_ROUNDING = 1e-13  # of the squared norms


class Nearest(NamedTuple):
    """The nearest rows of each query, the nearest first.

    Args:
        indices: int64 (n, count): rows.
        distances: float64 (n, count): Euclidean, in the units of the rows.
    """

    indices: np.ndarray
    distances: np.ndarray


def distance_blocks(left, right) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Squared distances of all rows of `left` to all of `right`, block by block.

    Args:
        left: (n, d).
        right: (m, d).

    Yields:
        The rows of `left`, those of `right`, and squared distances, float64 (rows, rows).
    """
    # distances do not see a shift, rounding does; a whole number keeps whole pixels exact
    origin = np.rint(np.mean(right, axis=0, dtype=np.float64))
    norms = np.concatenate(
        [np.square(_part(right, part, origin)).sum(axis=1) for part in _parts(right, _ROWS)]
    )
    for here in _parts(left, _QUERIES):
        some = _part(left, here, origin)
        own = np.square(some).sum(axis=1)[:, None]
        for there in _parts(right, _ROWS):
            both = own + norms[there]
            squared = both - 2 * (some @ _part(right, there, origin).T)
            squared[squared < _ROUNDING * both] = 0.0
            yield here, there, squared


def nearest(queries, rows, count: int = 1, *, without: np.ndarray | None = None) -> Nearest:
    """The nearest rows of each query. Equally near rows: the first of them.

    Args:
        queries: (n, d).
        rows: (m, d).
        count: How many, at most m, or m - 1 with `without`.
        without: For each query a row (n,) that does not count, for example itself.

    Raises:
        UsageError: There are not so many rows.
    """
    if not 1 <= count <= len(rows) - (without is not None):
        raise UsageError(
            f"There must be more rows than neighbors. Received: {len(rows):,} rows, {count}"
            f" neighbors{' besides itself' if without is not None else ''}."
        )
    squared = np.full((len(queries), count), np.inf)
    indices = np.zeros((len(queries), count), np.int64)
    for here, there, block in distance_blocks(queries, rows):
        if without is not None:
            _drop(block, without[here], there)
        places = _least(block, count)
        values = np.concatenate([squared[here], np.take_along_axis(block, places, 1)], axis=1)
        names = np.concatenate([indices[here], places + there.start], axis=1)
        best = np.argsort(values, axis=1, kind="stable")[:, :count]
        squared[here] = np.take_along_axis(values, best, 1)
        indices[here] = np.take_along_axis(names, best, 1)
    return Nearest(indices, np.sqrt(squared))


def nearest_others(rows, count: int = 1) -> Nearest:
    """The nearest rows of each row besides itself; a second copy of it is another row."""
    return nearest(rows, rows, count, without=np.arange(len(rows)))


def _drop(block: np.ndarray, without: np.ndarray, there: slice) -> None:
    here = np.flatnonzero((without >= there.start) & (without < there.stop))
    block[here, without[here] - there.start] = np.inf


def _least(block: np.ndarray, count: int) -> np.ndarray:
    """Columns of the least numbers of each row, in order, ties by column."""
    if count == 1:
        return block.argmin(axis=1)[:, None]
    if count >= block.shape[1]:
        return np.argsort(block, axis=1, kind="stable")
    places = np.sort(np.argpartition(block, count - 1, axis=1)[:, :count], axis=1)
    order = np.argsort(np.take_along_axis(block, places, 1), axis=1, kind="stable")
    return np.take_along_axis(places, order, 1)


def _parts(rows, size: int) -> Iterator[slice]:
    for start in range(0, len(rows), size):
        yield slice(start, min(start + size, len(rows)))


def _part(rows, part: slice, origin: np.ndarray) -> np.ndarray:
    return np.asarray(rows[part], dtype=np.float64) - origin
