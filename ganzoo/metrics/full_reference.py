"""Metrics of an image and the one that it should be: PSNR and SSIM.

They compare pixels. An image that is sharp and plausible but moved by a pixel has worse values
than a blurred one, so they say little of a GAN by themselves.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ganzoo.errors import UsageError

_WINDOW, _SIGMA = 11, 1.5  # of SSIM's Gaussian, in pixels
_K1, _K2 = 0.01, 0.03  # of SSIM's constants
_PIXELS_AT_ONCE = 1 << 20


def psnr(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the peak signal-to-noise ratio of each image, in dB: float64 (n,).

    10 log10(peak^2 / mean squared error), over all pixels and channels. Equal images have that
    of rounding alone, whose squared error is 1/12 of a level.

    Args:
        images: Images (n, h, w, c).
        targets: What they should be, of the same shape and type.

    Raises:
        UsageError: They differ in shape or type.
    """
    peak, rounding = _range(targets)

    def of_block(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        errors = np.mean((x - y) ** 2, axis=(1, 2, 3))
        return 10 * np.log10(peak**2 / np.maximum(errors, rounding))

    return _each(of_block, images, targets)


def ssim(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the structural similarity of each image: float64 (n,), at most 1.

    Wang et al. 2004, https://doi.org/10.1109/TIP.2003.819861: windows of 11 x 11 pixels (fewer in
    smaller images), weighted by a Gaussian of 1.5, that lie wholly in the image; the mean over
    windows and channels.

    Args:
        images: Images (n, h, w, c).
        targets: What they should be, of the same shape and type.

    Raises:
        UsageError: They differ in shape or type.
    """
    peak, _ = _range(targets)
    c1, c2 = (_K1 * peak) ** 2, (_K2 * peak) ** 2

    def of_block(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        mean_x, mean_y = _smooth(x), _smooth(y)
        variance_x, variance_y = _smooth(x * x) - mean_x**2, _smooth(y * y) - mean_y**2
        covariance = _smooth(x * y) - mean_x * mean_y
        luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
        structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
        return np.mean(luminance * structure, axis=(1, 2, 3))

    return _each(of_block, images, targets)


def _range(targets: np.ndarray) -> tuple[float, float]:
    """Return the peak of a type of images, and the mean squared error of rounding to it."""
    if targets.dtype.kind == "u":
        return float(np.iinfo(targets.dtype).max), 1 / 12
    low, high = float(targets.min()), float(targets.max())
    return high - low or 1.0, float(np.finfo("float32").eps) ** 2


def _smooth(x: np.ndarray) -> np.ndarray:
    """Weighted means over windows: (n, h, w, c) -> (n, h - 10, w - 10, c)."""
    for axis in (1, 2):
        length = min(_WINDOW, x.shape[axis])
        weights = np.exp(-0.5 * ((np.arange(length) - (length - 1) / 2) / _SIGMA) ** 2)
        x = sliding_window_view(x, length, axis) @ (weights / weights.sum())
    return x


def _each(function: Callable, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    if images.shape != targets.shape or images.dtype != targets.dtype:
        raise UsageError(
            "Images and their targets must have one shape and type. "
            f"Received: {images.dtype} {images.shape}, {targets.dtype} {targets.shape}."
        )
    blocks = [function(*block) for block in _blocks(images, targets)]
    return np.concatenate(blocks or [np.empty(0)])


def _blocks(*arrays: np.ndarray) -> Iterator[list[np.ndarray]]:
    step = max(1, _PIXELS_AT_ONCE // max(1, math.prod(arrays[0].shape[1:])))
    for start in range(0, len(arrays[0]), step):
        yield [np.asarray(array[start : start + step], "float64") for array in arrays]
