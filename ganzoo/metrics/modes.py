"""Covered modes and high-quality samples of a Gaussian mixture.

Metz et al. 2017, https://arxiv.org/abs/1611.02163, Srivastava et al. 2017,
https://arxiv.org/abs/1705.07761, and Lin et al. 2018, https://arxiv.org/abs/1712.04086: a sample
has high quality within three standard deviations of the nearest center, and a mode with such a
sample is covered.
"""

from typing import NamedTuple, final

import numpy as np

from ganzoo.errors import UsageError
from ganzoo.metrics.distances import nearest_rows
from ganzoo.metrics.rows import check_rows


@final
class Modes(NamedTuple):
    """Modes of a mixture.

    Args:
        centers: Centers of the modes, float64 (modes, d).
        spread: Standard deviation of each coordinate around a center.
    """

    centers: np.ndarray
    spread: float


def estimate_modes(points: np.ndarray, labels: np.ndarray) -> Modes:
    """Estimate modes from labeled points: the mean of each label, and the common spread.

    Args:
        points: Real points (n, d).
        labels: Mode of each point (n,), integers.

    Raises:
        UsageError: The shapes do not match, or no mode has two points.
    """
    points, labels = check_rows(points, "real points"), np.asarray(labels)
    if labels.shape != (len(points),) or labels.dtype.kind not in "iu":
        raise UsageError(
            "Modes need labels of the real points: integers (n,)."
            f" Received: {labels.dtype} {labels.shape} for {len(points):,} points."
        )
    points = np.asarray(points, dtype=np.float64)
    _, mode_indices, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(points) == len(counts):
        raise UsageError("Each mode has a single point. Expected: at least two of one mode.")
    sums = [np.bincount(mode_indices, column) for column in points.T]
    centers = np.stack(sums, axis=1) / counts[:, None]
    squares = np.square(points - centers[mode_indices]).sum()
    degrees = (len(points) - len(counts)) * points.shape[1]
    return Modes(centers, float(np.sqrt(squares / degrees)))


def samples_at_modes(samples: np.ndarray, modes: Modes, *, deviations: float = 3.0) -> np.ndarray:
    """Count the high-quality samples of each mode.

    Real points of a 2-D mixture have high quality with probability 1 - exp(-9 / 2) = 0.989.

    Args:
        samples: Generated points (n, d).
        modes: Modes of the real data.
        deviations: Largest Euclidean distance from the nearest center, in standard deviations.

    Returns:
        Counts, int64 (modes,).

    Raises:
        UsageError: The points have another number of coordinates.
    """
    samples = check_rows(samples, "fake points")
    if samples.shape[1] != modes.centers.shape[1]:
        raise UsageError(
            f"The points must have {modes.centers.shape[1]} coordinates, as the real ones."
            f" Received: {samples.shape[1]}."
        )
    found = nearest_rows(samples, modes.centers)
    near = found.distances[:, 0] <= deviations * modes.spread
    return np.bincount(found.indices[near, 0], minlength=len(modes.centers))


def modes_covered(samples: np.ndarray, modes: Modes) -> int:
    """Return the number of modes with at least one high-quality sample."""
    return int(np.count_nonzero(samples_at_modes(samples, modes)))


def high_quality(samples: np.ndarray, modes: Modes) -> float:
    """Return the fraction of samples that have high quality."""
    return float(samples_at_modes(samples, modes).sum() / len(samples))
