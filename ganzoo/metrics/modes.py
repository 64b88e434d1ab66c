"""Modes of a mixture: how many are found, and how many samples are at one.

As Metz et al. 2017, https://arxiv.org/abs/1611.02163, Srivastava et al. 2017,
https://arxiv.org/abs/1705.07761, and Lin et al. 2018, https://arxiv.org/abs/1712.04086, count: a
sample has high quality within three standard deviations of the nearest center; a mode is
covered that has such a sample.
"""

from typing import NamedTuple, final

import numpy as np

from ganzoo.errors import UsageError
from ganzoo.metrics.distances import nearest
from ganzoo.metrics.rows import checked


@final
class Modes(NamedTuple):
    """Where the modes of a mixture are.

    Args:
        centers: float64 (modes, d).
        spread: Standard deviation of each coordinate around a center.
    """

    centers: np.ndarray
    spread: float


def modes_of(points, labels) -> Modes:
    """The modes of labeled points: the mean of each label, and the common spread around it.

    Args:
        points: (n, d).
        labels: For each point its mode (n,), integers.

    Raises:
        UsageError: The shapes do not fit, or no mode has two points.
    """
    points, labels = checked(points, "real points"), np.asarray(labels)
    if labels.shape != (len(points),) or labels.dtype.kind not in "iu":
        raise UsageError(
            "Modes are found by the labels of the real points, integers (n,)."
            f" Received: {labels.dtype} {labels.shape} for {len(points):,} points."
        )
    points = np.asarray(points, dtype=np.float64)
    _, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(points) == len(counts):
        raise UsageError("Each mode has a single point. Expected: enough to see their spread.")
    sums = [np.bincount(places, column) for column in points.T]
    centers = np.stack(sums, axis=1) / counts[:, None]
    squares = np.square(points - centers[places]).sum()
    degrees = (len(points) - len(counts)) * points.shape[1]
    return Modes(centers, float(np.sqrt(squares / degrees)))


def samples_at_modes(samples, modes: Modes, *, deviations: float = 3.0) -> np.ndarray:
    """How many samples of high quality each mode has.

    Real points of a 2-D mixture have high quality with probability 1 - exp(-9 / 2) = 0.989.

    Args:
        samples: Points (n, d).
        modes: Of the real data.
        deviations: A sample counts for the nearest center if it is no farther than so many
            standard deviations (Euclidean distance).

    Returns:
        int64 (modes,).

    Raises:
        UsageError: The points have another number of coordinates.
    """
    samples = checked(samples, "fake points")
    if samples.shape[1] != modes.centers.shape[1]:
        raise UsageError(
            f"The points must have {modes.centers.shape[1]} coordinates, as the real ones."
            f" Received: {samples.shape[1]}."
        )
    found = nearest(samples, modes.centers)
    near = found.distances[:, 0] <= deviations * modes.spread
    return np.bincount(found.indices[near, 0], minlength=len(modes.centers))


def modes_covered(samples, modes: Modes) -> int:
    """How many modes have at least one sample of high quality."""
    return int(np.count_nonzero(samples_at_modes(samples, modes)))


def high_quality(samples, modes: Modes) -> float:
    """Share of samples that have high quality."""
    return float(samples_at_modes(samples, modes).sum() / len(samples))
