"""Pairwise distances and nearest neighbors of rows, in blocks of bounded memory.

Squared distances are `|a|^2 + |b|^2 - 2 a.b`, one matrix product per block. Those within rounding
of 0 count as 0, so that equal rows have distance 0.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ganzoo.errors import UsageError

_QUERIES, _ROWS = 1024, 2048  # of a block of distances: 16 MiB
_ROUNDING = 1e-13  # of the squared norms


class Nearest(NamedTuple):
    """Nearest rows of each query, the nearest first.

    Args:
        indices: Indices of rows, int64 (n, count).
        distances: Euclidean distances, float64 (n, count).
    """

    indices: np.ndarray
    distances: np.ndarray


def distance_blocks(
    left: np.ndarray, right: np.ndarray
) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Compute squared distances of all rows of `left` to all of `right`, block by block.

    Args:
        left: Rows (n, d).
        right: Rows (m, d).

    Yields:
        A slice of `left`, a slice of `right`, and their squared distances, float64 (rows, rows).
    """
    # a common shift changes no distance but reduces rounding; integers stay exact
    origin = np.rint(np.mean(right, axis=0, dtype=np.float64))
    parts = (_shifted_rows(right, part, origin) for part in _row_slices(right, _ROWS))
    norms = np.concatenate([np.square(part).sum(axis=1) for part in parts])
    for here in _row_slices(left, _QUERIES):
        some = _shifted_rows(left, here, origin)
        own = np.square(some).sum(axis=1)[:, None]
        for there in _row_slices(right, _ROWS):
            both = own + norms[there]
            squared = both - 2 * (some @ _shifted_rows(right, there, origin).T)
            squared[squared < _ROUNDING * both] = 0.0
            yield here, there, squared


def nearest_rows(
    queries: np.ndarray,
    rows: np.ndarray,
    count: int = 1,
    *,
    excluded: np.ndarray | None = None,
) -> Nearest:
    """Find the nearest rows of each query; of equally near rows the first.

    Args:
        queries: Rows (n, d).
        rows: Rows (m, d).
        count: Number of neighbors, at most m, or m - 1 with `excluded`.
        excluded: For each query the index of a row to leave out (n,), for example itself.

    Raises:
        UsageError: `count` is out of range.
    """
    if not 1 <= count <= len(rows) - (excluded is not None):
        raise UsageError(
            f"There must be more rows than neighbors. Received: {len(rows):,} rows, {count}"
            f" neighbors{' besides itself' if excluded is not None else ''}."
        )
    squared = np.full((len(queries), count), np.inf)
    indices = np.zeros((len(queries), count), np.int64)
    for here, there, block in distance_blocks(queries, rows):
        if excluded is not None:
            own = excluded[here]
            inside = np.flatnonzero((own >= there.start) & (own < there.stop))
            block[inside, own[inside] - there.start] = np.inf
        columns = _min_columns(block, count)
        values = np.concatenate([squared[here], np.take_along_axis(block, columns, 1)], axis=1)
        names = np.concatenate([indices[here], columns + there.start], axis=1)
        best = np.argsort(values, axis=1, kind="stable")[:, :count]
        squared[here] = np.take_along_axis(values, best, 1)
        indices[here] = np.take_along_axis(names, best, 1)
    return Nearest(indices, np.sqrt(squared))


def nearest_other_rows(rows: np.ndarray, count: int = 1) -> Nearest:
    """Find the nearest rows of each row besides itself; a second copy of it is another row."""
    return nearest_rows(rows, rows, count, excluded=np.arange(len(rows)))


def _min_columns(block: np.ndarray, count: int) -> np.ndarray:
    """Return the columns of the smallest numbers of each row, in order, ties by column."""
    if count == 1:
        return block.argmin(axis=1)[:, None]
    if count >= block.shape[1]:
        return np.argsort(block, axis=1, kind="stable")
    columns = np.sort(np.argpartition(block, count - 1, axis=1)[:, :count], axis=1)
    order = np.argsort(np.take_along_axis(block, columns, 1), axis=1, kind="stable")
    return np.take_along_axis(columns, order, 1)


def _row_slices(rows: np.ndarray, size: int) -> Iterator[slice]:
    for start in range(0, len(rows), size):
        yield slice(start, min(start + size, len(rows)))


def _shifted_rows(rows: np.ndarray, part: slice, origin: np.ndarray) -> np.ndarray:
    return np.asarray(rows[part], dtype=np.float64) - origin
