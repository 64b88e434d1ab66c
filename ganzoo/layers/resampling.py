"""Resampling with a short filter, which keeps a network free of aliasing. Zhang 2019,
https://arxiv.org/abs/1904.11486; in GANs, Karras et al. 2019,
https://arxiv.org/abs/1812.04948, appendix C, and 2020, https://arxiv.org/abs/1912.04958.

A filter is the outer product of a row of taps with itself, so each axis is resampled by itself:
by a product with a constant matrix, whose derivatives of every order are right and fast on every
backend. It costs one multiplication for each pixel of a side, 2 h for an element, where the 3x3
convolution beside it costs 9 c.
"""

import functools
from collections.abc import Sequence

import keras
import numpy as np

from ganzoo import backend
from ganzoo.backend import Tensor

_FACTORS = ("up", "down", "none")
_BORDERS = ("zeros", "edge")


def resample(
    x: Tensor, taps: Sequence[float], *, up: int = 1, down: int = 1, pads: tuple[int, int],
    border: str = "zeros",
) -> Tensor:  # fmt: skip
    """Zeros between the pixels, a convolution, then every `down`-th pixel, on both axes.

    Args:
        x: (batch, h, w, c).
        taps: The filter of one axis, as it is: its sum is the gain of an axis.
        up: Each pixel is followed by `up - 1` zeros.
        down: Of the results every `down`-th is kept, the first one included.
        pads: Zeros before and after each axis, counted after `up`.
        border: `"edge"` puts the nearest pixels of the axis in the place of these zeros.

    Returns:
        (batch, h', w', c) with h' = (h up + sum(pads) - len(taps)) // down + 1.
    """
    _, h, w, c = x.shape
    options = tuple(taps), up, down, pads, border
    rows, columns = (backend.as_tensor(_matrix(n, *options), x) for n in (h, w))
    x = rows @ backend.reshape(x, (-1, h, w * c))  # (batch, h', w c)
    x = columns @ backend.reshape(x, (-1, w, c))  # (batch h', w', c)
    return backend.reshape(x, (-1, rows.shape[0], columns.shape[0], c))


@functools.cache
def _matrix(
    size: int, taps: tuple, up: int, down: int, pads: tuple[int, int], border: str
) -> np.ndarray:
    """Weights of the pixels of an axis in each result: (results, size), float32."""
    results = (size * up + sum(pads) - len(taps)) // down + 1
    matrix = np.zeros((results, size), "float32")
    for result, position in np.ndindex(results, len(taps)):
        # the pixel under this position of the reversed taps, the first of which is at this result
        pixel, zero = divmod(result * down + position - pads[0], up)
        if not zero and (border == "edge" or 0 <= pixel < size):
            matrix[result, min(max(pixel, 0), size - 1)] += taps[len(taps) - 1 - position]
    return matrix


@keras.saving.register_keras_serializable("ganzoo")
class Resample2D(keras.layers.Layer):
    """Upsampling, downsampling or smoothing: (batch, h, w, c) -> (batch, h', w', c).

    A constant image stays constant, except near a border of zeros.

    Args:
        factor: `"up"`: h' = 2 h. `"down"`: h' = h / 2, rounded up. `"none"`: h' = h, but for
            `pads`.
        kernel: The taps of the filter along each axis, divided by their sum here: (1, 3, 3, 1)
            in StyleGAN2; (1, 1) repeats pixels ("up") or averages pairs ("down").
        pads: For `"none"`, zeros before and after each axis; by default as many as keep the
            size: h' = h + sum(pads) - len(kernel) + 1.
        border: What lies beyond the image: `"zeros"`, or `"edge"`, its nearest pixels, with which
            `"up"` by (1, 3, 3, 1) is bilinear interpolation.

    Raises:
        ValueError: `factor` or `border` is unknown, the sum of `kernel` is 0, or `pads` are given
            for another factor than `"none"`.
    """

    def __init__(
        self,
        factor: str,
        kernel: Sequence[float] = (1, 3, 3, 1),
        pads: tuple[int, int] | None = None,
        border: str = "zeros",
        **kwargs,
    ):
        if factor not in _FACTORS:
            raise ValueError(f"factor must be one of {_FACTORS}. Received: {factor!r}")
        if border not in _BORDERS:
            raise ValueError(f"border must be one of {_BORDERS}. Received: {border!r}")
        if not sum(kernel):
            raise ValueError(f"kernel must have a sum to divide by. Received: {kernel}")
        if pads is not None and factor != "none":
            raise ValueError(f"pads are for the factor 'none'. Received: {pads} for {factor!r}")
        super().__init__(**kwargs)
        size = len(kernel)
        before, after = pads if pads is not None else (size // 2, (size - 1) // 2)
        self.pads = (before, after)
        self.factor = factor
        self.kernel = tuple(kernel)
        self.border = border

    def call(self, inputs: Tensor) -> Tensor:
        size, total = len(self.kernel), sum(self.kernel)
        taps = [tap / total for tap in self.kernel]
        options = {"pads": self.pads, "border": self.border}
        if self.factor == "up":  # doubled, because every second pixel of the filter's input is 0
            taps = [2 * tap for tap in taps]
            options |= {"up": 2, "pads": (size // 2, (size - 1) // 2)}
        elif self.factor == "down":
            options |= {"down": 2, "pads": ((size - 1) // 2, size // 2)}
        return resample(inputs, taps, **options)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        more = sum(self.pads) - len(self.kernel) + 1
        sizes = {"up": lambda n: 2 * n, "down": lambda n: -(-n // 2), "none": lambda n: n + more}
        batch, h, w, channels = input_shape
        return (batch, sizes[self.factor](h), sizes[self.factor](w), channels)

    def get_config(self) -> dict:
        own = {"factor": self.factor, "kernel": self.kernel, "border": self.border}
        if self.factor == "none":
            own["pads"] = self.pads
        return {**super().get_config(), **own}
