"""Instance normalization. Ulyanov et al. 2016, https://arxiv.org/abs/1607.08022, equation 3."""

import keras
from keras import ops

from ganzoo.backend import Tensor


@keras.saving.register_keras_serializable("ganzoo")
class InstanceNormalization(keras.layers.Layer):
    """Normalizes each channel of each image to mean 0 and variance 1: (batch, h, w, c), as given.

    Computed in float32 and with `ops.mean` alone: Keras' normalizations take TensorFlow's
    moments, whose second derivative, which penalties need, is wrong.

    Args:
        affine: Whether each channel then has a scale and an offset that are learned.
        epsilon: Added to the variance.
    """

    def __init__(self, affine: bool, epsilon: float = 1e-5, **kwargs):
        super().__init__(**kwargs)
        self.affine = affine
        self.epsilon = epsilon

    def build(self, input_shape: tuple) -> None:
        if self.affine:
            options = {"shape": (input_shape[-1],), "autocast": False}
            self.gamma = self.add_weight(name="gamma", initializer="ones", **options)
            self.beta = self.add_weight(name="beta", initializer="zeros", **options)

    def call(self, inputs: Tensor) -> Tensor:
        x = ops.cast(inputs, "float32")
        x = x - ops.mean(x, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(x), axis=(1, 2), keepdims=True)
        x = x * ops.rsqrt(variance + self.epsilon)
        if self.affine:
            x = x * self.gamma + self.beta
        return ops.cast(x, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "affine": self.affine, "epsilon": self.epsilon}
