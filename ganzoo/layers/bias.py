"""A bias of its own, for networks whose convolutions have none."""

import keras

from ganzoo.backend import Tensor


@keras.saving.register_keras_serializable("ganzoo")
class Bias(keras.layers.Layer):
    """x + bias, one learned number per channel, from 0: (batch, ..., c) -> (batch, ..., c)."""

    def build(self, input_shape: tuple) -> None:
        self.bias = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="bias")

    def call(self, inputs: Tensor) -> Tensor:
        return inputs + self.bias.value

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape
