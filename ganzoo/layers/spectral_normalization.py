"""Spectral normalization. Miyato et al. 2018, https://arxiv.org/abs/1802.05957, algorithm 1."""

import keras
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor
from ganzoo.backend.scope import WriteCapture

_EPSILON = 1e-12


@keras.saving.register_keras_serializable("ganzoo")
class SpectralNormalization(keras.layers.Wrapper):
    """Calls a layer with its kernel divided by the kernel's largest singular value.

    The kernel itself stays as it is: the quotient is computed for the call, so the gradient
    flows through the singular value as in the paper (equation 12). Keras' layer of this name
    assigns the quotient to the kernel inside `call`, which trains differently on JAX than on
    the other backends.

    Args:
        layer: A layer with a `kernel`, whose last axis counts its outputs.
        iterations: Power iterations per call in training.
    """

    def __init__(self, layer: keras.layers.Layer, iterations: int = 1, **kwargs):
        # the layer casts for itself; sigma needs the range and the digits of the variables
        own = {"dtype": layer.variable_dtype, "autocast": False}
        super().__init__(layer, **{"name": layer.name, **kwargs, **own})
        self.iterations = iterations

    def build(self, input_shape=None) -> None:
        """Build the layer and the estimate `u` of its first left singular vector."""
        super().build(input_shape)
        self.u = self.add_weight(
            shape=(1, self.layer.kernel.shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False,
            name="u",
        )

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        with WriteCapture([(self.layer.kernel, self.normalized_kernel(training))]):
            return backend.inner_call(self.layer)(inputs)

    def normalized_kernel(self, training: bool = False) -> Tensor:
        """Return kernel / sigma, at least float32; update `u` in training."""
        kernel, u = ops.convert_to_tensor(self.layer.kernel), ops.convert_to_tensor(self.u)
        if self.layer.variable_dtype in ("float16", "bfloat16"):
            kernel, u = ops.cast(kernel, "float32"), ops.cast(u, "float32")
        matrix = backend.reshape(kernel, (-1, kernel.shape[-1]))  # (inputs, outputs)
        fixed = ops.stop_gradient(matrix)
        for _ in range(self.iterations):
            v = _unit(u @ ops.transpose(fixed))  # (1, inputs)
            outputs = v @ matrix  # (1, outputs)
            u = _unit(outputs)
        if training:
            self.u.assign(u)
        sigma = ops.sum(outputs * u)
        return kernel / (sigma + _EPSILON)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict:
        return {**super().get_config(), "iterations": self.iterations}


def _unit(x: Tensor) -> Tensor:
    x = ops.stop_gradient(x)
    return x * ops.rsqrt(ops.sum(x * x) + _EPSILON)
