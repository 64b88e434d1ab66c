"""Modulated convolution. StyleGAN2: Karras et al. 2020, https://arxiv.org/abs/1912.04958,
section 2.2, equations 1 and 3.
"""

import math

import keras
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor
from ganzoo.layers.resampling import resample

_EPSILON = 1e-8  # equation 3
_TAPS = (0.25, 0.75, 0.75, 0.25)  # (1, 3, 3, 1), of sum 2: between the pixels stand zeros


@keras.saving.register_keras_serializable("ganzoo")
class ModulatedConv2D(keras.layers.Layer):
    """A convolution whose input channels are scaled by the image's style:
    (batch, h, w, c) -> (batch, h, w, filters), or (batch, 2 h, 2 w, filters) with `up`.

    Called with `[x, styles]`, styles of shape (batch, c): the results of the affine map A, whose
    bias starts at 1. Equation 1 scales the kernel, w'[i, j] = s[i] w[i, j]; equation 3 divides
    it by its norm per output, so that the outputs of unit inputs have unit variance. No sample
    needs a kernel of its own for this: the convolution is linear, so that the inputs are scaled
    by s before it and the outputs by the inverse norms after it.

    The weights have an equalized learning rate. There is no bias: it follows after the noise.

    Args:
        filters: Number of output channels.
        kernel_size: Height and width of the kernel; at least 2 with `up`.
        demodulate: Whether equation 3 is applied; not in the RGB layers.
        up: Whether height and width are doubled: a transposed convolution of stride 2, then the
            filter (1, 3, 3, 1), as in section 2.3 and appendix B.

    Raises:
        ValueError: `up` with a smaller kernel.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int = 3,
        *,
        demodulate: bool = True,
        up: bool = False,
        **kwargs,
    ):
        if up and kernel_size < 2:
            raise ValueError(f"kernel_size must be at least 2 with up. Received: {kernel_size}")
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.demodulate = demodulate
        self.up = up

    def build(self, input_shape: list[tuple]) -> None:
        channels, size = input_shape[0][-1], self.kernel_size
        self.scale = 1 / math.sqrt(size * size * channels)
        self.kernel = self.add_weight(
            shape=(size, size, channels, self.filters),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="kernel",
        )

    def call(self, inputs: list[Tensor]) -> Tensor:
        x, styles = inputs
        kernel = self.kernel.value * self.scale
        x = styles[:, None, None, :] * x
        if self.up:
            x = self._upsample(x, kernel)
        else:
            x = backend.conv(x, kernel, strides=1, padding="same")
        if not self.demodulate:
            return x
        # in half precision the epsilon is 0 and the squares may overflow
        styles, kernel = ops.cast(styles, "float32"), ops.cast(kernel, "float32")
        power = ops.matmul(styles * styles, ops.sum(kernel * kernel, axis=(0, 1)))
        norms = ops.cast(ops.rsqrt(power + _EPSILON), x.dtype)  # (batch, filters)
        return x * norms[:, None, None, :]

    def _upsample(self, x: Tensor, kernel: Tensor) -> Tensor:
        """(batch, h, w, c) -> (batch, 2 h, 2 w, filters)"""
        kernel = ops.transpose(kernel, (0, 1, 3, 2))
        x = backend.conv_transpose(x, kernel, strides=2, padding="valid")
        total = len(_TAPS) + 1 - self.kernel_size  # makes of 2 h + size - 2 pixels 2 h
        return resample(x, _TAPS, pads=(total - total // 2, total // 2))

    def compute_output_shape(self, input_shape: list[tuple]) -> tuple:
        batch, h, w, _ = input_shape[0]
        times = 2 if self.up else 1
        return (batch, times * h, times * w, self.filters)

    def get_config(self) -> dict:
        own = {"filters": self.filters, "kernel_size": self.kernel_size}
        return {**super().get_config(), **own, "demodulate": self.demodulate, "up": self.up}
