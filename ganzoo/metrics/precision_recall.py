"""Precision, recall, density and coverage of samples over estimated manifolds.

The manifold of a set of samples is the union of closed balls around them; the radius of a ball is
the distance to the k-th nearest other sample of the set. Distances within rounding of the radius
are inside.

Kynkäänniemi et al. 2019, https://arxiv.org/abs/1904.06991, section 2, with k = 3;
Naeem et al. 2020, https://arxiv.org/abs/2002.09797, section 3, with k = 5.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ganzoo.metrics.distances import near_pairs, nearest_other_rows
from ganzoo.metrics.rows import check_row_pair

_TOLERANCE = 1e-9  # of a squared radius


class Membership(NamedTuple):
    """Points of one side in the balls around samples of the other side.

    Args:
        balls: For each point the number of balls around it, int64 (points,).
        occupied: For each ball whether it has a point, bool (balls,).
        neighbors: k: which nearest other sample is at the radius of a ball.
    """

    balls: np.ndarray
    occupied: np.ndarray
    neighbors: int

    @property
    def share_inside(self) -> float:
        """Fraction of points in a ball: precision of fake points, recall of real ones."""
        return float(np.mean(self.balls > 0))

    @property
    def density(self) -> float:
        """Mean number of balls around a point, over k."""
        return float(np.mean(self.balls) / self.neighbors)

    @property
    def coverage(self) -> float:
        """Fraction of balls with a point."""
        return float(np.mean(self.occupied))


def memberships(
    real: np.ndarray,
    fake: np.ndarray,
    real_neighbors: Sequence[int],
    fake_neighbors: Sequence[int] = (),
) -> tuple[list[Membership], list[Membership]]:
    """Return fake samples in real balls and real samples in fake balls, from the same distances.

    Args:
        real: Features of real samples (n, d).
        fake: Features of fake samples (m, d).
        real_neighbors: Each k of the radii of real balls, all less than n.
        fake_neighbors: Each k of the radii of fake balls, all less than m.

    Raises:
        UsageError: Too few samples.
        InvalidInput: A number is not finite.
    """
    real, fake = check_row_pair(real, fake, "features")
    in_real = [_empty_membership(fake, real, k) for k in real_neighbors]
    in_fake = [_empty_membership(real, fake, k) for k in fake_neighbors]
    real_limits, fake_limits = _limits(real, real_neighbors), _limits(fake, fake_neighbors)
    for pairs in near_pairs(fake, real, fake_limits, real_limits):
        for found, limits in zip(in_real, real_limits.T, strict=True):
            inside = pairs.squared <= limits[pairs.right]
            _count(found, pairs.left[inside], pairs.right[inside])
        for found, limits in zip(in_fake, fake_limits.T, strict=True):
            inside = pairs.squared <= limits[pairs.left]
            _count(found, pairs.right[inside], pairs.left[inside])
    return in_real, in_fake


def precision(real: np.ndarray, fake: np.ndarray, *, neighbors: int = 3) -> float:
    """Return the fraction of fake samples inside the real manifold: how many look real.

    Args:
        real: Features of real samples (n, d), n > neighbors.
        fake: Features of fake samples (m, d).
        neighbors: Which nearest other sample, k, is at the radius of a ball.

    Raises:
        UsageError: Too few samples.
        InvalidInput: A number is not finite.
    """
    return memberships(real, fake, [neighbors])[0][0].share_inside


def recall(real: np.ndarray, fake: np.ndarray, *, neighbors: int = 3) -> float:
    """Return the fraction of real samples inside the fake manifold: how much is covered.

    See `precision` for arguments and errors; here m > neighbors.
    """
    return memberships(real, fake, [], [neighbors])[1][0].share_inside


def density(real: np.ndarray, fake: np.ndarray, *, neighbors: int = 5) -> float:
    """Return the mean number of real balls around a fake sample, over k; it may exceed 1.

    Unlike for precision, an outlier among the real samples, with its large ball, adds little.

    See `precision` for arguments and errors.
    """
    return memberships(real, fake, [neighbors])[0][0].density


def coverage(real: np.ndarray, fake: np.ndarray, *, neighbors: int = 5) -> float:
    """Return the fraction of real balls with a fake sample inside.

    Unlike for recall, outliers among the fake samples, with their large balls, add nothing.

    See `precision` for arguments and errors.
    """
    return memberships(real, fake, [neighbors])[0][0].coverage


def _empty_membership(points: np.ndarray, centers: np.ndarray, neighbors: int) -> Membership:
    return Membership(np.zeros(len(points), np.int64), np.zeros(len(centers), bool), neighbors)


def _count(found: Membership, points: np.ndarray, balls: np.ndarray) -> None:
    found.balls[:] += np.bincount(points, minlength=len(found.balls))
    found.occupied[balls] = True


def _limits(centers: np.ndarray, neighbors: Sequence[int]) -> np.ndarray:
    """Return the squared radius of each ball for each k, with rounding: (centers, ks)."""
    if not neighbors:
        return np.empty((len(centers), 0))
    radii = nearest_other_rows(centers, max(neighbors)).distances
    return np.square(radii[:, [k - 1 for k in neighbors]]) * (1 + _TOLERANCE)
