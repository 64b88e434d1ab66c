"""Fréchet distance between features (FID). Heusel et al. 2017, https://arxiv.org/abs/1706.08500.

Section 3: features of real and fake samples are modeled as Gaussians, whose squared Wasserstein-2
distance has a closed form, Dowson and Landau 1982.
"""

import math
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from ganzoo.errors import UsageError
from ganzoo.metrics.rows import check_rows, row_blocks

_PRECISION = 1e-9  # of a distance


@final
class Moments:
    """Count, mean and covariance of rows, accumulated over batches.

    Batches are combined after Chan, Golub and LeVeque 1979: sums of squares around the mean,
    never of the raw numbers, so nothing cancels, and batch size and order do not matter beyond
    rounding. Memory is that of one d x d matrix and one block.

    Example:
        moments = Moments()
        for batch in features:
            moments.add(batch)
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean = np.zeros(0)  # (d,)
        self._scatter = np.zeros((0, 0))  # (d, d): sum of (x - mean) (x - mean)^T

    @classmethod
    def of(cls, rows: ArrayLike) -> "Moments":
        """Compute the moments of all rows (n, d) at once."""
        moments = cls()
        moments.add(rows)
        return moments

    @classmethod
    def known(cls, count: int, mean: np.ndarray, covariance: np.ndarray) -> "Moments":
        """Restore moments computed before, for example published ones.

        Args:
            count: Number of rows, at least 2.
            mean: Mean (d,).
            covariance: Unbiased covariance (d, d).

        Raises:
            UsageError: The shapes do not match, or the covariance is not symmetric.
        """
        mean, covariance = np.array(mean, np.float64), np.array(covariance, np.float64)
        size = len(mean) if mean.ndim == 1 else 0
        if count < 2 or not size or covariance.shape != (size, size):
            raise UsageError(
                "Known moments need a count from 2, a mean (d,) and a covariance (d, d)."
                f" Received: {count}, {mean.shape} and {covariance.shape}."
            )
        check_rows(covariance, "covariance")
        check_rows(mean[None], "mean")
        scale = np.abs(covariance).max()
        if np.abs(covariance - covariance.T).max() > 1e-6 * scale:
            raise UsageError("A covariance must be symmetric. Received: one that is not.")
        moments = cls()
        moments.count = int(count)
        moments._mean, moments._scatter = mean, (covariance + covariance.T) / 2 * (count - 1)
        return moments

    def add(self, batch: ArrayLike) -> None:
        """Add rows (n, d); n may be 0.

        Raises:
            UsageError: `batch` is not rows of numbers, or of another length than those before.
            InvalidInput: A number is not finite.
        """
        for rows in row_blocks(check_rows(batch, "features", min_rows=0)):
            self._add_block(rows)

    @property
    def mean(self) -> np.ndarray:
        """Mean, float64 (d,), a copy."""
        self._require_rows(1)
        return self._mean.copy()

    @property
    def covariance(self) -> np.ndarray:
        """Unbiased covariance, float64 (d, d).

        Raises:
            UsageError: Fewer than two rows were added.
        """
        self._require_rows(2)
        return self._scatter / (self.count - 1)

    def __repr__(self) -> str:
        return f"Moments({self.count:,} x {len(self._mean)})"

    def _add_block(self, rows: np.ndarray) -> None:
        count, size = rows.shape
        if not self.count:
            self._mean, self._scatter = np.zeros(size), np.zeros((size, size))
        if size != len(self._mean):
            raise UsageError(
                f"Features must have {len(self._mean)} numbers per row, as those before."
                f" Received: {size}."
            )
        mean, total = rows.mean(axis=0), self.count + count
        shift = mean - self._mean
        centered = np.empty((count + 1, size))
        np.subtract(rows, mean, out=centered[:-1])
        centered[-1] = shift * math.sqrt(self.count * count / total)  # between the means
        self._mean = self._mean + shift * (count / total)
        self._scatter += centered.T @ centered
        self.count = total

    def _require_rows(self, count: int) -> None:
        if self.count < count:
            raise UsageError(
                f"Moments need at least {count} row{'s' if count > 1 else ''}."
                f" Received: {self.count}."
            )


def frechet_distance(a: Moments, b: Moments) -> float:
    """Return `|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))`.

    `S1 S2` is similar to `S1^(1/2) S2 S1^(1/2)`, which is symmetric. The roots of its eigenvalues
    are the singular values of `S1^(1/2) S2^(1/2)`. Taken as these they lose no digits where the
    covariances are nearly singular, as they are with few samples; else the eigenvalues do, which
    are found in a third of the time.

    Raises:
        UsageError: Fewer than two samples of either, or features of different length.
    """
    mean_a, mean_b, cov_a, cov_b = a.mean, b.mean, a.covariance, b.covariance
    if mean_a.shape != mean_b.shape:
        raise UsageError(
            "Real and fake features must have the same length, from one extractor."
            f" Received: {len(mean_a)} and {len(mean_b)} numbers per row."
        )
    shift, root = mean_a - mean_b, _covariance_root(cov_a)
    traces = shift @ shift + np.trace(cov_a) + np.trace(cov_b)
    values = np.linalg.eigvalsh(root.T @ cov_b @ root)  # in order
    rounding = np.finfo(np.float64).eps * math.sqrt(len(values)) * values[-1]
    if values[0] > rounding:
        roots = np.sqrt(values)
        # an error e of an eigenvalue v is one of e / (2 v^(1/2)) of its root
        if (rounding / roots).sum() <= _PRECISION * (traces - 2 * roots.sum()):
            return float(traces - 2 * roots.sum())
    roots = np.linalg.svd(root.T @ _covariance_root(cov_b), compute_uv=False)
    return max(0.0, float(traces - 2 * roots.sum()))  # rounding alone makes it negative


def _covariance_root(covariance: np.ndarray) -> np.ndarray:
    """Return any F with F F^T = covariance."""
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:  # singular
        values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0.0))  # below 0 by rounding only
