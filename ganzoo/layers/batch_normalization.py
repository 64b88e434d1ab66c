"""Batch normalization. Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167, algorithm 1."""

import keras
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor, devices


@keras.saving.register_keras_serializable("ganzoo")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' layer, fast and with the right second derivatives on every backend.

    Keras takes the statistics of a batch from TensorFlow's `nn.moments`, which holds the mean
    constant inside the variance. That is right for first derivatives, but not for those of
    second order that R1 and gradient penalties send through a discriminator: there they were
    up to a quarter off. On PyTorch and TensorFlow one kernel of the framework normalizes, where
    Keras needs a dozen. Arguments, weights and results are Keras'.
    """

    def call(self, inputs: Tensor, training: bool | None = None, mask=None) -> Tensor:
        """Return the normalized inputs; update the moving statistics in training."""
        special = mask is not None or self.synchronized or getattr(self, "renorm", False)
        if special or not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        low_precision = self.compute_dtype in ("float16", "bfloat16")

        def wide(value: Tensor) -> Tensor:
            return ops.cast(value, "float32") if low_precision else value

        x = wide(inputs)
        scale = wide(self.gamma.value) if self.scale else None
        offset = wide(self.beta.value) if self.center else None
        last = self.axis % len(x.shape) == len(x.shape) - 1
        x = x if last else ops.moveaxis(x, self.axis, -1)  # (batch, ..., channels)
        given = x, scale, offset, self.epsilon
        fused = backend.fused_batch_norm(*given) if devices.count() == 1 else None
        outputs, mean, variance = fused or by_moments(*given)
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving.value * self.momentum + value * (1.0 - self.momentum))
        outputs = outputs if last else ops.moveaxis(outputs, -1, self.axis)
        return ops.cast(outputs, self.compute_dtype) if low_precision else outputs


def by_moments(x: Tensor, scale: Tensor, offset: Tensor, epsilon: float) -> tuple:
    """Normalize by formula what `backend.fused_batch_norm` normalizes by one kernel;
    on several devices by the moments of the whole batch.

    Args:
        x: (batch, ..., channels), at least float32.
        scale: (channels,), or None.
        offset: (channels,), or None.
        epsilon: Added to the variance.

    Returns:
        The normalized values, (batch, ..., channels); their mean and variance, (channels,).
    """
    axes = list(range(len(x.shape) - 1))
    mean = devices.mean(ops.mean(x, axes))
    variance = devices.mean(ops.mean(ops.square(x - mean), axes))
    outputs = ops.batch_normalization(
        x, mean, variance, -1, offset=offset, scale=scale, epsilon=epsilon
    )
    return outputs, mean, variance
