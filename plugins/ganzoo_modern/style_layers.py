"""Layers of style-based generators. Karras et al. 2019 (StyleGAN),
https://arxiv.org/abs/1812.04948, and 2020 (StyleGAN2), https://arxiv.org/abs/1912.04958.
"""

import math

import keras
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor, devices

_DECAY = 0.995  # of the average style; the papers name none


@keras.saving.register_keras_serializable("ganzoo")
class AverageStyle(keras.layers.Layer):
    """Keeps a moving average of styles in training, toward which it truncates them otherwise:
    (batch, w) -> (batch, w).

    Truncation, StyleGAN, appendix B: w' = mean + psi (w - mean). psi is a weight that is not
    trained, and 1; sampling with a truncation puts another value in its place.
    """

    def build(self, input_shape) -> None:
        """Make the average and psi."""
        fixed = {"trainable": False, "autocast": False, "dtype": "float32"}
        shape = (input_shape[-1],)
        self.mean = self.add_weight(shape=shape, initializer="zeros", name="mean", **fixed)
        self.psi = self.add_weight(shape=(), initializer="ones", name="psi", **fixed)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the styles as they are in training, truncated otherwise."""
        if not training:
            weight = ops.cast((1.0 - self.psi), inputs.dtype)  # so that psi 1 changes no bit
            return inputs + ops.subtract(ops.cast(self.mean, inputs.dtype), inputs) * weight
        styles = ops.cast(ops.stop_gradient(inputs), "float32")
        batch_mean = devices.mean(ops.mean(styles, axis=0))
        self.mean.assign(self.mean + (1.0 - _DECAY) * (batch_mean - self.mean))
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.saving.register_keras_serializable("ganzoo")
class Constant(keras.layers.Layer):
    """The learned feature maps with which every image begins: (batch, ...) -> (batch, *shape).

    Args:
        shape: Shape of the maps, which start as N(0, 1).
    """

    def __init__(self, shape: tuple[int, ...], **kwargs):
        super().__init__(**kwargs)
        self.shape = tuple(shape)

    def build(self, input_shape) -> None:
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.map = self.add_weight(shape=self.shape, initializer=normal, name="map")

    def call(self, inputs: Tensor) -> Tensor:
        value = ops.convert_to_tensor(self.map)
        return ops.broadcast_to(value, (ops.shape(inputs)[0], *self.shape))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.shape)

    def get_config(self) -> dict:
        return {**super().get_config(), "shape": self.shape}


@keras.saving.register_keras_serializable("ganzoo")
class ConstantNoise(keras.layers.Layer):
    """The noise given in training, and otherwise one map of N(0, 1), which is not trained:
    (batch, h * w) -> (batch, h, w, 1).

    Args:
        shape: (h, w, 1).
    """

    def __init__(self, shape: tuple[int, int, int], **kwargs):
        super().__init__(**kwargs)
        self.shape = tuple(shape)

    def build(self, input_shape) -> None:
        fixed = {"trainable": False, "autocast": False, "dtype": "float32"}
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.map = self.add_weight(shape=self.shape[:2], initializer=normal, name="map", **fixed)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        noise = backend.reshape(inputs, (-1, *self.shape))
        if training:
            return noise
        return ops.broadcast_to(ops.cast(self.map, noise.dtype)[..., None], ops.shape(noise))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.shape)

    def get_config(self) -> dict:
        return {**super().get_config(), "shape": self.shape}


@keras.saving.register_keras_serializable("ganzoo")
class NoisyActivation(keras.layers.Layer):
    """sqrt(2) leaky_relu(x + strength * noise + bias), called with [x, noise]:
    (batch, h, w, c) and (batch, h, w, 1) -> (batch, h, w, c).

    One strength for all channels, which starts at 0 (StyleGAN2, section 2.1 and figure 2 c). The
    factor keeps the variance at 1.

    Args:
        slope: Negative slope of the leaky ReLU.
    """

    def __init__(self, slope: float = 0.2, **kwargs):
        super().__init__(**kwargs)
        self.slope = slope

    def build(self, input_shape) -> None:
        self.strength = self.add_weight(shape=(), initializer="zeros", name="strength")
        shape = (input_shape[0][-1],)
        self.bias = self.add_weight(shape=shape, initializer="zeros", name="bias")

    def call(self, inputs: Tensor) -> Tensor:
        x, noise = inputs
        x = x + ops.cast(noise, x.dtype) * self.strength.value + self.bias.value
        return math.sqrt(2) * ops.leaky_relu(x, self.slope)

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self) -> dict:
        return {**super().get_config(), "slope": self.slope}
