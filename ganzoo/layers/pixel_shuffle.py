"""Pixel shuffle, or sub-pixel convolution: channels become pixels. Shi et al. 2016,
https://arxiv.org/abs/1609.05158, equation 4.
"""

import keras
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor


@keras.saving.register_keras_serializable("ganzoo")
class PixelShuffle(keras.layers.Layer):
    """Channels to pixels: (batch, h, w, c r r) -> (batch, h r, w r, c).

    Channel `k r r + i r + j` is row i and column j of the pixels of channel k, as in PyTorch.
    TensorFlow's `depth_to_space` has the channels in another order.

    Args:
        factor: How many pixels each pixel becomes along an axis, from 1; r above.

    Raises:
        ValueError: `factor` is below 1, or the channels are no multiple of its square.
    """

    def __init__(self, factor: int, **kwargs):
        if factor < 1:
            raise ValueError(f"factor must be at least 1. Received: {factor}")
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape: tuple) -> None:
        if input_shape[-1] % self.factor**2:
            raise ValueError(
                f"The channels must be a multiple of {self.factor**2}. Received: {input_shape[-1]}"
            )
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        r, c = self.factor, inputs.shape[-1] // self.factor**2
        _, h, w, _ = ops.shape(inputs)
        x = backend.reshape(inputs, (-1, h, w, c, r, r))
        x = ops.transpose(x, (0, 1, 4, 2, 5, 3))  # (batch, h, r, w, r, c)
        return backend.reshape(x, (-1, h * r, w * r, c))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        batch, h, w, channels = input_shape
        h, w = (None if n is None else n * self.factor for n in (h, w))
        return (batch, h, w, channels // self.factor**2)

    def get_config(self) -> dict:
        return {**super().get_config(), "factor": self.factor}
