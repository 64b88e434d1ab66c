"""Samples that no network looks at, described by a few numbers each, so that they compare.

There is no agreed network for sounds and videos of any length. What stands here is simple, fixed
and documented (`docs/metrics.md`): it tells one training from another on the same data, and is
not to be compared with numbers of papers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

WINDOW = 256  # samples of a spectrum
BANDS = 16
QUIETEST = 1e-8  # power of a band: what is below is silence
CELLS = 4  # of a frame, either way
SPANS = 4  # of a video


@final
@dataclass(frozen=True, kw_only=True)
class Plain:
    """How samples of one kind are described.

    Args:
        name: For the protocol; "" where samples are compared as they are.
        rows: Samples (n, ...) -> float32 (n, d). Row i depends on sample i only.
    """

    name: str
    rows: Callable[[np.ndarray], np.ndarray]


def spectrum(sounds: np.ndarray) -> np.ndarray:
    """How loud each of 16 bands is, in bels: its mean over time, and how much that changes.

    Channels are mixed; spectra are those of half-overlapping Hann windows of 256 samples, or of
    what there is; bands are equally wide, from 0 to half of the rate.

    Args:
        sounds: float (n, samples, channels).

    Returns:
        float32 (n, 32): means, then standard deviations.
    """
    mono = np.asarray(sounds, np.float64).mean(axis=2)
    size = min(WINDOW, mono.shape[1])
    starts = np.arange(0, mono.shape[1] - size + 1, max(size // 2, 1))
    windows = mono[:, starts[:, None] + np.arange(size)]  # (n, windows, size)
    hann = np.hanning(size + 2)[1:-1]
    power = np.abs(np.fft.rfft(windows * hann) / hann.sum()) ** 2
    loudness = np.log10(_pooled(power, 2, BANDS) + QUIETEST)  # (n, windows, BANDS)
    return np.concatenate([loudness.mean(axis=1), loudness.std(axis=1)], axis=1, dtype=np.float32)


def pooled_frames(videos: np.ndarray) -> np.ndarray:
    """Mean brightness of 4 x 4 cells in 4 spans of time, and how much each cell changes.

    Args:
        videos: uint8 (n, frames, height, width, channels).

    Returns:
        float32 (n, 80), of brightness in [0, 1]: the cells of each span, then the mean
        absolute change from frame to frame of each cell.
    """
    gray = np.asarray(videos, np.float32).mean(axis=4) / 255
    cells = _pooled(_pooled(gray, 2, CELLS), 3, CELLS).reshape(*gray.shape[:2], -1)
    change = np.abs(np.diff(cells, axis=1)).sum(axis=1) / max(cells.shape[1] - 1, 1)
    spans = _pooled(cells, 1, SPANS).reshape(len(cells), -1)
    return np.concatenate([spans, change], axis=1, dtype=np.float32)


def _pooled(array: np.ndarray, axis: int, parts: int) -> np.ndarray:
    """Means over `parts` equal stretches of an axis; of a short one, some are the same."""
    length = array.shape[axis]
    edges = np.arange(parts + 1) * length / parts
    means = [
        array.take(np.arange(int(low), max(int(high), int(low) + 1)), axis).mean(axis)
        for low, high in zip(edges[:-1], edges[1:], strict=True)
    ]
    return np.stack(means, axis)


# By the number of axes of a sample. Images are not here: networks look at them.
PLAIN: dict[int, Plain] = {
    1: Plain(name="", rows=lambda points: points),
    2: Plain(name="spectrum", rows=spectrum),
    4: Plain(name="pooled frames", rows=pooled_frames),
}
