"""Precision and recall, density and coverage: is each side within reach of the other?

A side's reach is the union of balls around its samples, each as wide as the distance to the
k-th nearest other sample of that side. Balls are closed, and a distance that equals the radius
but for rounding is inside.

Kynkäänniemi et al. 2019, https://arxiv.org/abs/1904.06991, section 2, with k = 3;
Naeem et al. 2020, https://arxiv.org/abs/2002.09797, section 3, with k = 5.
"""

import numpy as np

from ganzoo.metrics.distances import distance_blocks, nearest_others
from ganzoo.metrics.rows import checked_pair

_TIE = 1e-9  # of a squared radius


def precision(real, fake, *, neighbors: int = 3) -> float:
    """Share of fakes in the reach of the real samples: what is made is plausible.

    Args:
        real: Features (n, d), n > neighbors.
        fake: Features (m, d).
        neighbors: A ball reaches to the k-th nearest other sample.

    Raises:
        UsageError: Too few samples.
        InvalidInput: A number is not finite.
    """
    balls, _ = _memberships(fake, real, neighbors, real, fake)
    return float(np.mean(balls > 0))


def recall(real, fake, *, neighbors: int = 3) -> float:
    """Share of real samples in the reach of the fakes: what exists can be made.

    Args and errors as for `precision`, with the sides exchanged.
    """
    balls, _ = _memberships(real, fake, neighbors, real, fake)
    return float(np.mean(balls > 0))


def density(real, fake, *, neighbors: int = 5) -> float:
    """Mean number of real balls around a fake, over k. It may be more than 1.

    Unlike precision, one outlier among the real samples, with its wide ball, adds little.

    Args and errors as for `precision`.
    """
    balls, _ = _memberships(fake, real, neighbors, real, fake)
    return float(np.mean(balls) / neighbors)


def coverage(real, fake, *, neighbors: int = 5) -> float:
    """Share of real balls with a fake inside.

    Unlike recall, outliers among the fakes, with their wide balls, cover nothing.

    Args and errors as for `precision`.
    """
    _, hit = _memberships(fake, real, neighbors, real, fake)
    return float(np.mean(hit))


def _memberships(points, centers, neighbors, real, fake) -> tuple[np.ndarray, np.ndarray]:
    """For each point the number of balls that it is in, for each ball whether it has a point."""
    checked_pair(real, fake, "features")
    radii = nearest_others(centers, neighbors).distances[:, -1]
    limits = np.square(radii) * (1 + _TIE)
    balls = np.zeros(len(points), np.int64)
    hit = np.zeros(len(centers), bool)
    for here, there, squared in distance_blocks(points, centers):
        inside = squared <= limits[there]
        balls[here] += inside.sum(axis=1)
        hit[there] |= inside.any(axis=0)
    return balls, hit
