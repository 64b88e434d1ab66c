"""Self-attention between the pixels of feature maps. SAGAN: Zhang et al. 2019,
https://arxiv.org/abs/1805.08318, section 3.
"""

import keras
from keras import layers, ops

from ganzoo.backend import Tensor
from ganzoo.layers.spectral_normalization import SpectralNormalization


@keras.saving.register_keras_serializable("ganzoo")
class SelfAttention(keras.layers.Layer):
    """x + gamma * attention(x): (batch, h, w, c) -> (batch, h, w, c).

    Every pixel attends to every other: its query (c / 8 numbers) is compared with their keys by
    inner products, a softmax makes weights of these (equation 1), and the sum of their values
    (c / 2 numbers) under these weights is mapped to c channels (equation 2) and added
    (equation 3). gamma is learned and starts at 0. The four linear maps have no bias.

    Keys and values are max-pooled by 2x2, as in the authors' code, to save memory; an odd last
    row or column is left out of them.

    Args:
        spectral: Whether the linear maps are spectrally normalized, as in SAGAN and BigGAN.
        kernel_initializer: Initializer of the linear maps.
    """

    def __init__(self, *, spectral: bool = True, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.spectral = spectral
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: tuple) -> None:
        channels = input_shape[-1]
        keys, values = max(channels // 8, 1), max(channels // 2, 1)  # section 3; authors' code
        self.queries = self._linear("queries", channels, keys)
        self.keys = self._linear("keys", channels, keys)
        self.values = self._linear("values", channels, values)
        self.outputs = self._linear("outputs", values, channels)
        self.gamma = self.add_weight(shape=(), initializer="zeros", name="gamma")

    def _linear(self, name: str, inputs: int, units: int) -> keras.layers.Layer:
        layer = layers.Dense(
            units,
            use_bias=False,
            kernel_initializer=self.kernel_initializer.clone(),
            dtype=self.dtype_policy,
            name=name,
        )
        layer = SpectralNormalization(layer) if self.spectral else layer
        layer.build((None, inputs))
        return layer

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        _, h, w, c = inputs.shape
        queries = _flatten(self.queries(inputs, training=training))  # (batch, h w, c / 8)
        keys = _flatten(_max_pool(self.keys(inputs, training=training)))  # (batch, h w / 4, c / 8)
        values = _flatten(_max_pool(self.values(inputs, training=training)))  # (..., c / 2)
        # plain products: fused kernels have no second derivative on PyTorch
        logits = ops.matmul(queries, ops.transpose(keys, (0, 2, 1)))
        weights = ops.softmax(ops.cast(logits, "float32"), axis=-1)  # (batch, h w, h w / 4)
        x = ops.matmul(ops.cast(weights, values.dtype), values)
        x = self.outputs(x, training=training)  # (batch, h w, c)
        return inputs + self.gamma * ops.reshape(x, (-1, h, w, c))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        initializer = keras.initializers.serialize(self.kernel_initializer)
        own = {"spectral": self.spectral, "kernel_initializer": initializer}
        return {**super().get_config(), **own}


def _flatten(x: Tensor) -> Tensor:
    """(batch, h, w, c) -> (batch, h w, c)"""
    return ops.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3]))


def _max_pool(x: Tensor) -> Tensor:
    """(batch, h, w, c) -> (batch, h / 2, w / 2, c)"""
    _, h, w, c = x.shape
    h, w = h // 2, w // 2
    if not h or not w:
        return x
    return ops.max(ops.reshape(x[:, : 2 * h, : 2 * w], (-1, h, 2, w, 2, c)), axis=(2, 4))
