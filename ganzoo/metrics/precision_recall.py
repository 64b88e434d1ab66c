"""Precision, recall, density and coverage of samples over estimated manifolds.

The manifold of a set of samples is the union of closed balls around them; the radius of a ball is
the distance to the k-th nearest other sample of the set. Distances within rounding of the radius
are inside.

Kynkäänniemi et al. 2019, https://arxiv.org/abs/1904.06991, section 2, with k = 3;
Naeem et al. 2020, https://arxiv.org/abs/2002.09797, section 3, with k = 5.
"""

import numpy as np

from ganzoo.metrics.distances import distance_blocks, nearest_other_rows
from ganzoo.metrics.rows import check_row_pair

_TOLERANCE = 1e-9  # of a squared radius


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
    check_row_pair(real, fake, "features")
    balls, _ = _manifold_membership(fake, real, neighbors)
    return float(np.mean(balls > 0))


def recall(real: np.ndarray, fake: np.ndarray, *, neighbors: int = 3) -> float:
    """Return the fraction of real samples inside the fake manifold: how much is covered.

    See `precision` for arguments and errors; here m > neighbors.
    """
    check_row_pair(real, fake, "features")
    balls, _ = _manifold_membership(real, fake, neighbors)
    return float(np.mean(balls > 0))


def density(real: np.ndarray, fake: np.ndarray, *, neighbors: int = 5) -> float:
    """Return the mean number of real balls around a fake sample, over k; it may exceed 1.

    Unlike for precision, an outlier among the real samples, with its large ball, adds little.

    See `precision` for arguments and errors.
    """
    check_row_pair(real, fake, "features")
    balls, _ = _manifold_membership(fake, real, neighbors)
    return float(np.mean(balls) / neighbors)


def coverage(real: np.ndarray, fake: np.ndarray, *, neighbors: int = 5) -> float:
    """Return the fraction of real balls with a fake sample inside.

    Unlike for recall, outliers among the fake samples, with their large balls, add nothing.

    See `precision` for arguments and errors.
    """
    check_row_pair(real, fake, "features")
    _, occupied = _manifold_membership(fake, real, neighbors)
    return float(np.mean(occupied))


def _manifold_membership(
    points: np.ndarray, centers: np.ndarray, neighbors: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each point the number of balls around it, for each ball if it has a point."""
    radii = nearest_other_rows(centers, neighbors).distances[:, -1]
    limits = np.square(radii) * (1 + _TOLERANCE)
    balls = np.zeros(len(points), np.int64)
    occupied = np.zeros(len(centers), bool)
    for here, there, squared in distance_blocks(points, centers):
        inside = squared <= limits[there]
        balls[here] += inside.sum(axis=1)
        occupied[there] |= inside.any(axis=0)
    return balls, occupied
