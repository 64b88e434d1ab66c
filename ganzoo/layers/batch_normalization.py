"""Batch normalization. Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167, algorithm 1."""

import keras
from keras import ops

from ganzoo.backend import Tensor


@keras.saving.register_keras_serializable("ganzoo")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' layer, with the right second derivatives on every backend.

    Keras takes the statistics of a batch from TensorFlow's `nn.moments`, which holds the mean
    constant inside the variance. That is right for first derivatives, but not for those of
    second order that R1 and gradient penalties send through a discriminator: there they were
    up to a quarter off. Arguments, weights and results are Keras'.
    """

    def call(self, inputs: Tensor, training: bool | None = None, mask=None) -> Tensor:
        """Return the normalized inputs; update the moving statistics in training."""
        special = mask is not None or self.synchronized or getattr(self, "renorm", False)
        if special or not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        axes = [axis for axis in range(len(x.shape)) if axis != self.axis % len(x.shape)]
        mean = ops.mean(x, axes, keepdims=True)  # (1, 1, 1, channels)
        variance = ops.mean(ops.square(x - mean), axes)  # (channels,)
        mean = ops.squeeze(mean, axes)
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + value * (1.0 - self.momentum))
        outputs = ops.batch_normalization(
            x, mean, variance, self.axis,
            offset=ops.cast(self.beta, x.dtype) if self.center else None,
            scale=ops.cast(self.gamma, x.dtype) if self.scale else None,
            epsilon=self.epsilon,
        )  # fmt: skip
        return ops.cast(outputs, self.compute_dtype)
