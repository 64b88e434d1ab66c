"""Descriptors of points, sounds and videos: features computed without a network.

No network is agreed upon for sounds and videos of any length. These descriptors are simple, fixed
and documented (`docs/metrics.md`): they compare trainings on the same data, and must not be
compared with numbers of papers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

WINDOW = 256  # samples of a spectrum
BANDS = 16
MIN_POWER = 1e-8  # of a band; less is silence
CELLS = 4  # of a frame, along height and width
SPANS = 4  # of time in a video


@final
@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """Descriptor of the samples of one modality.

    Args:
        name: Name in the protocol; "" if samples are compared as they are.
        compute: Samples (n, ...) -> float32 (n, d). Row i depends on sample i only.
    """

    name: str
    compute: Callable[[np.ndarray], np.ndarray]


def sound_spectrum(sounds: np.ndarray) -> np.ndarray:
    """Describe sounds by the loudness of 16 bands, in bels: mean and deviation over time.

    Channels are mixed. Spectra are of half-overlapping Hann windows of 256 samples, fewer in
    shorter sounds; bands are equally wide, from 0 to half of the rate.

    Args:
        sounds: Sounds, float (n, samples, channels).

    Returns:
        float32 (n, 32): means, then standard deviations.
    """
    mono = np.asarray(sounds, np.float64).mean(axis=2)
    size = min(WINDOW, mono.shape[1])
    starts = np.arange(0, mono.shape[1] - size + 1, max(size // 2, 1))
    windows = mono[:, starts[:, None] + np.arange(size)]  # (n, windows, size)
    hann = np.hanning(size + 2)[1:-1]
    power = np.abs(np.fft.rfft(windows * hann) / hann.sum()) ** 2
    loudness = np.log10(_mean_pool(power, 2, BANDS) + MIN_POWER)  # (n, windows, BANDS)
    return np.concatenate([loudness.mean(axis=1), loudness.std(axis=1)], axis=1, dtype=np.float32)


def pooled_frames(videos: np.ndarray) -> np.ndarray:
    """Describe videos by the brightness of 4 x 4 cells in 4 spans of time, and its changes.

    Args:
        videos: Videos, uint8 (n, frames, height, width, channels).

    Returns:
        float32 (n, 80): brightness in [0, 1] of the cells of each span, then the mean absolute
        change of each cell from frame to frame.
    """
    gray = np.asarray(videos, np.float32).mean(axis=4) / 255
    cells = _mean_pool(_mean_pool(gray, 2, CELLS), 3, CELLS).reshape(*gray.shape[:2], -1)
    change = np.abs(np.diff(cells, axis=1)).sum(axis=1) / max(cells.shape[1] - 1, 1)
    spans = _mean_pool(cells, 1, SPANS).reshape(len(cells), -1)
    return np.concatenate([spans, change], axis=1, dtype=np.float32)


def _mean_pool(array: np.ndarray, axis: int, parts: int) -> np.ndarray:
    """Return means over `parts` equal parts of an axis; short axes repeat some."""
    length = array.shape[axis]
    edges = np.arange(parts + 1) * length / parts
    means = [
        array.take(np.arange(int(low), max(int(high), int(low) + 1)), axis).mean(axis)
        for low, high in zip(edges[:-1], edges[1:], strict=True)
    ]
    return np.stack(means, axis)


# By the number of axes of a sample. Images have none: extractors describe them.
DESCRIPTORS: dict[int, Descriptor] = {
    1: Descriptor(name="", compute=lambda points: points),
    2: Descriptor(name="spectrum", compute=sound_spectrum),
    4: Descriptor(name="pooled frames", compute=pooled_frames),
}
