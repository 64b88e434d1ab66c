"""Pixelwise normalization of feature vectors. Karras et al. 2018,
https://arxiv.org/abs/1710.10196, section 4.2.
"""

import keras
from keras import ops

from ganzoo.backend import Tensor

_EPSILON = 1e-8  # section 4.2


@keras.saving.register_keras_serializable("ganzoo")
class PixelNorm(keras.layers.Layer):
    """x / sqrt(mean of x**2 over the channels + 1e-8): (batch, ..., c) -> (batch, ..., c)."""

    def call(self, inputs: Tensor) -> Tensor:
        x = ops.cast(inputs, "float32")  # in half precision the epsilon is 0 and squares overflow
        x = x * ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + _EPSILON)
        return ops.cast(x, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape
