"""Memorization: generated samples that are copies of training images."""

import math
from typing import NamedTuple

import numpy as np

from ganzoo.metrics.distances import Nearest, nearest_rows
from ganzoo.metrics.rows import check_row_pair, check_rows, content_order, random_state

_TOLERANCE = 1 + 1e-9  # of a distance


class Memorization(NamedTuple):
    """Fraction of samples closer to a training image than fresh data would be.

    Args:
        excess: `share - expected`: near 0 for fresh data, up to `1 - expected` for copies, below
            0 for samples far from the data.
        error: Standard error of `excess`, from both counts.
        share: Fraction of samples as near to their nearest training image as this image is to
            its own nearest other.
        expected: The same fraction of training images, each left out in turn.
    """

    excess: float
    error: float
    share: float
    expected: float


def memorization(
    training: np.ndarray, samples: np.ndarray, *, max_left_out: int = 10_000, seed: int = 0
) -> Memorization:
    """Compare distances of samples to training images with those between training images.

    A sample counts as a copy if it lies within the distance of its nearest training image to
    that image's nearest other: the test for authenticity of Alaa et al. 2022,
    https://arxiv.org/abs/2102.08921. Fresh data often counts as a copy by chance. How often is
    known: a training image that is left out is fresh data to the rest. The difference is
    reported, in the spirit of the three-sample test of Meehan et al. 2020,
    https://arxiv.org/abs/2004.05675, but local, so that a generator that prefers a dense region
    does not count as one that copies.

    Args:
        training: Features of all training data (n, d), n at least 3.
        samples: Features of samples (m, d).
        max_left_out: Size of the random subset of training images left out, one at a time.
        seed: Seed of that subset, which does not depend on the order of rows.

    Raises:
        UsageError: The rows differ in length, or fewer than three training images.
        InvalidInput: A number is not finite.
    """
    training, samples = check_row_pair(training, samples, "features")
    check_rows(training, "training features", min_rows=3)
    chosen = content_order(training)[random_state(seed).permutation(len(training))[:max_left_out]]
    share = _share_of_copies(nearest_rows(samples, training), training)
    left_out = nearest_rows(training[chosen], training, excluded=chosen)
    expected = _share_of_copies(left_out, training, queries=chosen)
    variance = share * (1 - share) / len(samples) + expected * (1 - expected) / len(chosen)
    return Memorization(share - expected, math.sqrt(variance), share, expected)


def _share_of_copies(
    found: Nearest, training: np.ndarray, queries: np.ndarray | None = None
) -> float:
    """Return the fraction of queries within their neighbor's distance to its nearest other.

    `queries` are indices if they are training images, which are no others then.
    """
    neighbors, positions = np.unique(found.indices[:, 0], return_inverse=True)
    others = nearest_rows(training[neighbors], training, 2, excluded=neighbors)
    radius = others.distances[positions, 0]
    if queries is not None:
        is_query = others.indices[positions, 0] == queries
        radius = np.where(is_query, others.distances[positions, 1], radius)
    return float(np.mean(found.distances[:, 0] <= radius * _TOLERANCE))
