"""Noise that is a function of the latents: the inputs of StyleGAN's noise layers, stateless.

Karras et al. 2019, https://arxiv.org/abs/1812.04948, section 2, adds fresh noise to every
layer of the generator. Here a latent is one image on every backend, whatever the batch, and
there is no state to save.
"""

import functools
import math

import keras
import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor
from ganzoo.layers import counter

_DISTRIBUTIONS = {"normal": counter.normal, "uniform": counter.uniform}
_RESOLUTION = 4096  # 2**-12: the smallest difference of latents that the noise is sure to see


@keras.saving.register_keras_serializable("ganzoo")
class LatentNoise(keras.layers.Layer):
    """Random numbers of each latent: `(batch, ...) -> (batch, *shape)`, float32 in any policy.

    The key of a sample is a weighted sum of its latents, rounded to 2**-12, in wrapping 32-bit
    arithmetic, and the numbers are those of the counter-based generator under that key. No
    gradient flows to the latents. Latents that differ by less than the rounding may share their
    noise, and each step of an interpolation between two latents has a noise of its own.

    Args:
        shape: The shape of one sample's numbers, such as `(size, size, 1)`.
        stream: Number of the stream: layers with different streams are independent.
        distribution: `"normal"`, or `"uniform"` in [0, 1).

    Raises:
        ValueError: `distribution` is neither of the two.
    """

    def __init__(self, shape: tuple[int, ...], stream: int, distribution: str = "normal", **kwargs):
        if distribution not in _DISTRIBUTIONS:
            raise ValueError(
                f"distribution must be one of {sorted(_DISTRIBUTIONS)}. Received: {distribution!r}"
            )
        # a latent in half precision has lost the bits that make its key
        super().__init__(**{**kwargs, "dtype": "float32", "autocast": False})
        self.shape = tuple(shape)
        self.stream = stream
        self.distribution = distribution

    def call(self, latents: Tensor) -> Tensor:
        size = math.prod(latents.shape[1:])
        latents = backend.reshape(ops.cast(ops.stop_gradient(latents), "float32"), (-1, size))
        whole = ops.cast(latents * _RESOLUTION, "int32")
        key = [ops.sum(whole * backend.as_tensor(row, whole), axis=-1) for row in _weights(size)]
        step = ops.zeros_like(key[0]) + self.stream
        return _DISTRIBUTIONS[self.distribution](key, step, self.shape)  # (batch, *shape)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], *self.shape)

    def get_config(self) -> dict:
        own = {"shape": self.shape, "stream": self.stream, "distribution": self.distribution}
        config = {**super().get_config(), **own}
        del config["dtype"]
        return config


@functools.cache
def _weights(size: int) -> np.ndarray:
    """Two rows of odd numbers, (2, size) int32: the high halves of a linear congruence modulo
    2**64 with Knuth's constants (MMIX).
    """
    state, found = 1, []
    for _ in range(2 * size):
        state = (6364136223846793005 * state + 1442695040888963407) % 2**64
        found.append(state >> 32 | 1)
    return np.array(found, np.uint32).view(np.int32).reshape(2, size)
