"""Conditional batch normalization. de Vries et al. 2017, https://arxiv.org/abs/1707.00683,
section 3; in a generator, Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637, section 5,
and, with linear maps, BigGAN: Brock et al. 2019, https://arxiv.org/abs/1809.11096, appendix B.
"""

import keras
from keras import layers, ops

from ganzoo.backend import Tensor
from ganzoo.layers.batch_normalization import BatchNormalization
from ganzoo.layers.classes import one_hot
from ganzoo.layers.spectral_normalization import SpectralNormalization


@keras.saving.register_keras_serializable("ganzoo")
class ConditionalBatchNormalization(keras.layers.Layer):
    """Batch normalization whose scale and offset depend on a condition.

    y = gamma(condition) * (x - mean) / sqrt(variance + epsilon) + beta(condition), with mean
    and variance of the batch in training, and their moving averages otherwise.

    Called with `[x, condition]`, x of shape (batch, ..., c):

    * `classes=K`: integer labels of shape (batch,). gamma and beta are rows of two tables
      (K, c), which start at 1 and 0.
    * `classes=None`: vectors of shape (batch, d), such as a shared embedding. gamma is 1 plus,
      and beta is, a linear map of the vector without a bias.

    Args:
        classes: Number of classes, or None for vectors.
        momentum: Momentum of the moving averages, as in Keras.
        epsilon: Added to the variance.
        spectral: Whether the linear maps are spectrally normalized; for vectors only.
        kernel_initializer: Initializer of the linear maps.

    Raises:
        ValueError: `spectral` with `classes`.
    """

    takes_soft_labels = True

    def __init__(
        self,
        classes: int | None = None,
        *,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        spectral: bool = False,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        if spectral and classes is not None:
            raise ValueError(
                "spectral normalizes linear maps of vectors; tables of classes have none. "
                f"Received: spectral={spectral}, classes={classes}"
            )
        super().__init__(**kwargs)
        self.classes = classes
        self.momentum = momentum
        self.epsilon = epsilon
        self.spectral = spectral
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.norm = BatchNormalization(
            momentum=momentum,
            epsilon=epsilon,
            center=False,
            scale=False,
            dtype=self.dtype_policy,
            name="norm",
        )

    def build(self, input_shape: list[tuple]) -> None:
        shape, condition = input_shape
        self.norm.build(shape)
        if self.classes is None:
            self.gamma, self.beta = (self._linear(n, shape, condition) for n in ("gamma", "beta"))
            return
        table = (self.classes, shape[-1])
        self.gamma = self.add_weight(shape=table, initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=table, initializer="zeros", name="beta")

    def _linear(self, name: str, shape: tuple, condition: tuple) -> keras.layers.Layer:
        layer = layers.Dense(
            shape[-1],
            use_bias=False,
            kernel_initializer=keras.initializers.get(self.kernel_initializer).clone(),
            dtype=self.dtype_policy,
            name=name,
        )
        layer = SpectralNormalization(layer) if self.spectral else layer
        layer.build(condition)
        return layer

    def call(self, inputs: list[Tensor], training: bool = False) -> Tensor:
        x, condition = inputs
        if self.classes is None:
            condition = ops.cast(condition, self.compute_dtype)
            gamma = 1 + self.gamma(condition, training=training)
            beta = self.beta(condition, training=training)
        else:
            # a product, not a lookup, whose gradient is sparse on one backend and on GPUs sums
            # in any order
            rows = one_hot(condition, self.classes, self.compute_dtype)
            gamma, beta = ops.matmul(rows, self.gamma), ops.matmul(rows, self.beta)
        each = (-1, *[1] * (len(x.shape) - 2), x.shape[-1])  # (batch, 1, 1, c)
        return ops.reshape(gamma, each) * self.norm(x, training=training) + ops.reshape(beta, each)

    def compute_output_shape(self, input_shape: list[tuple]) -> tuple:
        return input_shape[0]

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "classes": self.classes,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "spectral": self.spectral,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
