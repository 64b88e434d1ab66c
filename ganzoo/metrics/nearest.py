"""Memorization: samples that are copies of training images."""

import math
from typing import NamedTuple

import numpy as np

from ganzoo.metrics.distances import Nearest, nearest
from ganzoo.metrics.rows import checked, checked_pair, generator, order_of

_TIE = 1 + 1e-9


class Memorization(NamedTuple):
    """How many samples are closer to a training image than fresh data would be.

    Args:
        excess: `share - expected`: near 0 for fresh data, up to `1 - expected` for copies, below
            0 for samples that keep away from the data.
        error: Standard error of `excess`, from both counts.
        share: Share of samples that are as near to their nearest training image as this image
            is to its own nearest other.
        expected: The same share among training images, each left out in its turn.
    """

    excess: float
    error: float
    share: float
    expected: float


def neighbors(samples, training, count: int = 1) -> Nearest:
    """The nearest training images of each sample: for people to look at, side by side.

    Args:
        samples: Features or flat images (n, d).
        training: The same of the training images (m, d).
        count: How many, nearest first.

    Raises:
        UsageError: The rows do not fit, or there are not so many.
        InvalidInput: A number is not finite.
    """
    training, samples = checked_pair(training, samples, "features")
    return nearest(samples, training, count)


def memorization(training, samples, *, at_most: int = 10_000, seed: int = 0) -> Memorization:
    """Are samples nearer to training images than training images are to each other?

    A sample is as good as copied when it lies within the distance of its nearest training image
    to that image's nearest other: the test of Alaa et al. 2022 for authenticity,
    https://arxiv.org/abs/2102.08921. Fresh data passes for copied quite often, by
    chance. How often is known: a training image that is left out is fresh data to the rest. The
    difference is what is reported, in the spirit of the three-sample test of Meehan et al. 2020,
    https://arxiv.org/abs/2004.05675, but local, so that a generator which prefers a dense region
    is not taken for one that copies.

    Args:
        training: Features of all that was trained on (n, d), n at least 3.
        samples: Features (m, d).
        at_most: How many training images are left out, one at a time; drawn by lot.
        seed: Of that lot, together with what the rows are, not their order.

    Raises:
        UsageError: The rows do not fit, or fewer than three training images.
        InvalidInput: A number is not finite.
    """
    training, samples = checked_pair(training, samples, "features")
    checked(training, "training features", least=3)
    chosen = order_of(training)[generator(seed).permutation(len(training))[:at_most]]
    share = _share(nearest(samples, training), training)
    left_out = nearest(training[chosen], training, without=chosen)
    expected = _share(left_out, training, without=chosen)
    variance = share * (1 - share) / len(samples) + expected * (1 - expected) / len(chosen)
    return Memorization(share - expected, math.sqrt(variance), share, expected)


def _share(found: Nearest, training: np.ndarray, without: np.ndarray | None = None) -> float:
    """Share of queries within the distance of their neighbor to its own nearest other.

    Args:
        found: The nearest training image of each query.
        training: (n, d).
        without: The training image that each query is itself, which is then no other.
    """
    images = found.indices[:, 0]
    different, places = np.unique(images, return_inverse=True)
    two = nearest(training[different], training, 2, without=different)
    reach = two.distances[places, 0]
    if without is not None:
        itself = two.indices[places, 0] == without
        reach = np.where(itself, two.distances[places, 1], reach)
    return float(np.mean(found.distances[:, 0] <= reach * _TIE))
