"""Pairwise distances and nearest neighbors of rows, in blocks of bounded memory.

Squared distances of all pairs are `|a|^2 + |b|^2 - 2 a.b`, one matrix product per block, first in
float32. The rounding of such a product is bounded, so pairs that it cannot decide are known, and
they alone are computed again, in float64: what is decided is what float64 would have decided.
"""

from collections.abc import Iterator
from typing import NamedTuple, final

import numpy as np

from ganzoo.errors import UsageError

_ROWS = 2048  # of both sides of a block of distances: 16 MiB in float32
_NUMBERS = 1 << 21  # float64 numbers of pairs that are computed one by one: 16 MiB
_SPARE = 3  # candidates beyond the neighbors that are asked for
_FEW = 1 / 128  # of the pairs of a block: above, another matrix product is faster than each pair
_LARGEST = 1e30  # squared norm of a row in float32, far from overflow
_ROUNDING = 1e-13  # of the squared norms, in float64
_TINY = 1e-30  # squared distance below which float32 decides nothing


class Nearest(NamedTuple):
    """Nearest rows of each query, the nearest first.

    Args:
        indices: Indices of rows, int64 (n, count).
        distances: Euclidean distances, float64 (n, count).
    """

    indices: np.ndarray
    distances: np.ndarray


class Pairs(NamedTuple):
    """Pairs of rows that are near each other.

    Args:
        left: Indices of rows of the left side, int64 (pairs,).
        right: Indices of rows of the right side, int64 (pairs,).
        squared: Squared distances, float64 (pairs,), on the right side of each limit.
    """

    left: np.ndarray
    right: np.ndarray
    squared: np.ndarray


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
    available = len(rows) - (excluded is not None)
    if not 1 <= count <= available:
        raise UsageError(
            f"There must be more rows than neighbors. Received: {len(rows):,} rows, {count}"
            f" neighbors{' besides itself' if excluded is not None else ''}."
        )
    halves = queries is rows and np.array_equal(excluded, np.arange(len(rows)))  # type: ignore
    found, sure = _search(_Products(queries, rows), count, excluded, halves)
    if not sure.all():
        rest = np.flatnonzero(~sure)
        own = None if excluded is None else excluded[rest]
        exact = _Products(queries[rest], rows, exact=True)
        (indices, distances), _ = _search(exact, count, own)
        found.indices[rest], found.distances[rest] = indices, distances
    return found


def nearest_other_rows(rows: np.ndarray, count: int = 1) -> Nearest:
    """Find the nearest rows of each row besides itself; a second copy of it is another row."""
    return nearest_rows(rows, rows, count, excluded=np.arange(len(rows)))


def near_pairs(
    left: np.ndarray, right: np.ndarray, left_limits: np.ndarray, right_limits: np.ndarray
) -> Iterator[Pairs]:
    """Find all pairs within a limit of either row; some pairs beyond may be among them.

    Args:
        left: Rows (n, d).
        right: Rows (m, d).
        left_limits: Squared distances for each row of `left` (n, p); p may be 0.
        right_limits: Squared distances for each row of `right` (m, q); q may be 0.
    """
    products = _Products(left, right)
    for here, there, block in products.blocks():
        yield _near_pairs_of(products, here, there, block, left_limits, right_limits)


@final
class _Products:
    """Squared distances of all pairs by matrix products, and bounds of their rounding.

    Args:
        left: Rows (n, d).
        right: Rows (m, d).
        exact: Whether to compute in float64; so it is for numbers that float32 cannot hold.
    """

    def __init__(self, left: np.ndarray, right: np.ndarray, *, exact: bool = False) -> None:
        self.left, self.right = left, right
        # a common shift changes no distance but reduces rounding
        origin = np.rint(np.mean(right, axis=0, dtype=np.float64))
        self._origin = origin.astype(np.float32).astype(np.float64)  # a number of both types
        self.right_norms = self._squared_norms(right)
        self.left_norms = self.right_norms if left is right else self._squared_norms(left)
        largest = max(self.left_norms.max(initial=0), self.right_norms.max(initial=0))
        self.exact = exact or largest > _LARGEST
        self.dtype = np.dtype(np.float64 if self.exact else np.float32)
        # of a sum of d + 2 products in any order, and of the numbers in them (Higham 2002, 3.1)
        self._rounding = (2 * left.shape[1] + 10) * float(np.finfo(self.dtype).eps) / 2

    def error(self, left_norms: np.ndarray, right_norms: np.ndarray) -> np.ndarray:
        """Return the largest error of squared distances of rows with these squared norms."""
        return self._rounding * (left_norms + right_norms) + _TINY

    def blocks(self, *, halves: bool = False) -> Iterator[tuple[slice, slice, np.ndarray]]:
        """Yield a slice of `left`, a slice of `right`, and squared distances (rows, rows).

        Args:
            halves: Whether to leave out blocks below the diagonal, of equal sides.
        """
        for here in _row_slices(self.left, _ROWS):
            norms = self.left_norms[here, None]
            factor = self._factor(self.left[here], norms, np.ones_like(norms))
            factor[:, :-2] *= -2
            for there in _row_slices(self.right, _ROWS):
                if halves and there.start < here.start:
                    continue
                norms = self.right_norms[there, None]
                other = self._factor(self.right[there], np.ones_like(norms), norms)
                yield here, there, factor @ other.T

    def of_pairs(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return squared distances of pairs of rows by their indices (pairs,), in float64."""
        squared = np.empty(len(left))
        step = max(1, _NUMBERS // self.left.shape[1])
        for start in range(0, len(left), step):
            some = slice(start, start + step)
            difference = self.left[left[some]].astype(np.float64) - self.right[right[some]]
            squared[some] = np.einsum("ij,ij->i", difference, difference)
        return squared

    def of_block(self, here: slice, there: slice) -> np.ndarray:
        """Return squared distances of a block, in float64."""
        norms = self.left_norms[here, None] + self.right_norms[there]
        left, right = self._shifted(self.left[here]), self._shifted(self.right[there])
        squared = norms - 2 * (left @ right.T)
        squared[squared < _ROUNDING * norms] = 0.0  # equal rows
        return squared

    def _factor(self, rows: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        # two more columns make the product |a|^2 + |b|^2 - 2 a.b
        factor = np.empty((len(rows), rows.shape[1] + 2), self.dtype)
        origin = self._origin.astype(np.promote_types(rows.dtype, self.dtype))
        np.subtract(rows, origin, out=factor[:, :-2], casting="same_kind")
        factor[:, -2:-1], factor[:, -1:] = first, second
        return factor

    def _shifted(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(rows, dtype=np.float64) - self._origin

    def _squared_norms(self, rows: np.ndarray) -> np.ndarray:
        parts = (self._shifted(rows[part]) for part in _row_slices(rows, _ROWS))
        return np.concatenate([np.einsum("ij,ij->i", part, part) for part in parts])


def _search(
    products: _Products, count: int, excluded: np.ndarray | None, halves: bool = False
) -> tuple[Nearest, np.ndarray]:
    """Return the nearest rows of each query, and whether no other row can be nearer."""
    available = len(products.right) - (excluded is not None)
    kept = min(count + _SPARE, available)
    squared = np.full((len(products.left), kept), np.inf, products.dtype)
    indices = np.zeros(squared.shape, np.int64)
    for here, there, block in products.blocks(halves=halves):
        if excluded is not None:
            own = excluded[here]
            inside = np.flatnonzero((own >= there.start) & (own < there.stop))
            block[inside, own[inside] - there.start] = np.inf
        _keep_nearest(squared[here], indices[here], block, there.start)
        if halves and here != there:
            _keep_nearest(squared[there], indices[there], block.T, here.start)
    indices.sort(axis=1)
    queries = np.repeat(np.arange(len(indices)), kept)
    values = products.of_pairs(queries, indices.ravel()).reshape(indices.shape)
    order = np.argsort(values, axis=1, kind="stable")[:, :count]
    values = np.take_along_axis(values, order, 1)
    farthest = squared.max(axis=1)
    error = products.error(products.left_norms, products.right_norms.max())
    sure = (values[:, -1] < farthest - error) | (kept == available)
    return Nearest(np.take_along_axis(indices, order, 1), np.sqrt(values)), sure


def _keep_nearest(squared: np.ndarray, indices: np.ndarray, block: np.ndarray, start: int) -> None:
    """Put columns of a block, the first of which is row `start`, in place of farther rows."""
    kept = squared.shape[1]
    if kept < block.shape[1]:
        columns = np.argpartition(block, kept - 1, axis=1)[:, :kept]
    else:
        columns = np.broadcast_to(np.arange(block.shape[1]), block.shape)
    both = np.concatenate([squared, np.take_along_axis(block, columns, 1)], axis=1)
    names = np.concatenate([indices, columns + start], axis=1)
    best = np.argpartition(both, kept - 1, axis=1)[:, :kept]
    squared[:], indices[:] = np.take_along_axis(both, best, 1), np.take_along_axis(names, best, 1)


def _near_pairs_of(
    products: _Products,
    here: slice,
    there: slice,
    block: np.ndarray,
    left_limits: np.ndarray,
    right_limits: np.ndarray,
) -> Pairs:
    left_norms, right_norms = products.left_norms[here], products.right_norms[there]
    some_left, some_right = left_limits[here], right_limits[there]
    options = {"axis": 1, "initial": -np.inf}
    rows = some_left.max(**options) + products.error(left_norms, right_norms.max())
    columns = some_right.max(**options) + products.error(left_norms.max(), right_norms)
    near = block <= np.nextafter(rows.astype(block.dtype), np.inf)[:, None]
    near |= block <= np.nextafter(columns.astype(block.dtype), np.inf)
    i, j = np.divmod(np.flatnonzero(near), block.shape[1])
    squared = block[i, j].astype(np.float64)
    limits = np.concatenate([some_left[i], some_right[j]], axis=1)
    error = products.error(left_norms[i], right_norms[j])
    doubtful = (np.abs(limits - squared[:, None]) <= error[:, None]).any(axis=1)
    left, right = i + here.start, j + there.start
    if np.count_nonzero(doubtful) <= _FEW * block.size:
        squared[doubtful] = products.of_pairs(left[doubtful], right[doubtful])
    else:
        squared = products.of_block(here, there)[i, j]
    return Pairs(left, right, squared)


def _row_slices(rows: np.ndarray, size: int) -> Iterator[slice]:
    for start in range(0, len(rows), size):
        yield slice(start, min(start + size, len(rows)))
