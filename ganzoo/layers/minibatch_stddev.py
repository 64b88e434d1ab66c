"""Minibatch standard deviation. Karras et al. 2018, https://arxiv.org/abs/1710.10196,
section 3; in groups as in Karras et al. 2020, https://arxiv.org/abs/1912.04958, appendix B.
"""

import math

import keras
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor, devices

_EPSILON = 1e-8


@keras.saving.register_keras_serializable("ganzoo")
class MinibatchStddev(keras.layers.Layer):
    """Appends the standard deviation of a group: (batch, h, w, c) -> (batch, h, w, c + f).

    The standard deviation over a group of samples, at each position and channel, is averaged
    over positions and over each of f parts of the channels, and every sample of the group gets
    the f averages as constant planes.

    Args:
        group: Samples per group. A batch that this does not divide is cut into the largest
            equal groups that are smaller; a batch of one has a deviation of (nearly) 0.
        features: f, the number of planes; it divides c.

    Raises:
        ValueError: when it is built on channels that `features` does not divide.
    """

    def __init__(self, group: int = 4, features: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.group = group
        self.features = features

    def build(self, input_shape: tuple) -> None:
        if input_shape[-1] % self.features:
            raise ValueError(
                "features must divide the number of channels. "
                f"Received: features={self.features}, {input_shape[-1]} channels"
            )
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the samples with the planes; on several devices those of the whole batch."""
        if devices.count() == 1:
            return self._with_planes(inputs)
        return devices.own(self._with_planes(devices.whole(inputs)))

    def _with_planes(self, inputs: Tensor) -> Tensor:
        channels, pixels = inputs.shape[-1], math.prod(inputs.shape[1:-1])
        size = self._group_size(ops.shape(inputs)[0])
        # The samples of a group stand next to each other: in a batch of real and then fake
        # images no group is of both, if the group divides the number of either.
        shape = (-1, size, pixels, self.features, channels // self.features)
        # a square of half precision soon overflows, and its epsilon is 0
        x = ops.cast(backend.reshape(inputs, shape), "float32")
        x = x - ops.mean(x, axis=1, keepdims=True)
        x = ops.sqrt(ops.mean(x * x, axis=1) + _EPSILON)  # (groups, pixels, f, c / f)
        x = ops.mean(x, axis=(1, 3))  # (groups, f)
        x = backend.reshape(ops.repeat(x[:, None], size, axis=1), self._ones(inputs.shape))
        planes = ops.ones_like(inputs[..., :1]) * ops.cast(x, inputs.dtype)  # (batch, h, w, f)
        return ops.concatenate([inputs, planes], axis=-1)

    def _ones(self, shape: tuple) -> tuple[int, ...]:
        return (-1, *[1] * (len(shape) - 2), self.features)

    def _group_size(self, batch: Tensor) -> Tensor:
        """The largest divisor of the batch that is not larger than `group`."""
        if isinstance(batch, int):
            return max(size for size in range(1, self.group + 1) if batch % size == 0)
        sizes = range(2, self.group + 1)  # TensorFlow may know the batch only as a tensor
        found = [size * ops.cast(batch % size == 0, "int32") for size in sizes]
        return ops.max(ops.stack([1, *found]))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:-1], input_shape[-1] + self.features)

    def get_config(self) -> dict:
        return {**super().get_config(), "group": self.group, "features": self.features}
