"""Keras' convolutions, in the formulation that is fast on the backend in use.

Arguments, weights and results are Keras'. Dilation, channels first, unequal strides and causal
padding are left to Keras' own implementation.
"""

from collections.abc import Callable

import keras
from keras import layers, ops

from ganzoo import backend
from ganzoo.backend import Tensor


class _Fast(keras.layers.Layer):
    """Calls `_operation` in place of the Keras layer that is the next base class, if it can."""

    strides: tuple[int, ...]
    dilation_rate: tuple[int, ...]
    padding: str
    data_format: str
    use_bias: bool
    kernel: Tensor
    bias: Tensor
    activation: Callable | None

    def _operation(self, inputs: Tensor, kernel: Tensor, bias: Tensor, **geometry) -> Tensor:
        raise NotImplementedError

    def call(self, inputs: Tensor) -> Tensor:
        if not self._is_plain():
            return super().call(inputs)
        geometry = {"strides": self.strides[0], "padding": self.padding}
        kernel = ops.convert_to_tensor(self.kernel)
        bias = ops.convert_to_tensor(self.bias) if self.use_bias else None
        outputs = self._operation(inputs, kernel, bias, **geometry)
        return outputs if self.activation is None else self.activation(outputs)

    def _is_plain(self) -> bool:
        return (
            self.data_format == "channels_last"
            and len(set(self.strides)) == 1
            and set(self.dilation_rate) == {1}
            and getattr(self, "output_padding", None) is None
            and self.padding in ("same", "valid")
        )


class _Convolution(_Fast):
    def _operation(self, inputs: Tensor, kernel: Tensor, bias: Tensor, **geometry) -> Tensor:
        return backend.conv(inputs, kernel, bias, **geometry)


class _Transposed(_Fast):
    def _operation(self, inputs: Tensor, kernel: Tensor, bias: Tensor, **geometry) -> Tensor:
        return backend.conv_transpose(inputs, kernel, bias, **geometry)


@keras.saving.register_keras_serializable("ganzoo")
class Conv1D(_Convolution, layers.Conv1D):
    """Convolution: (batch, t, c) -> (batch, t', filters). Arguments as in Keras."""


@keras.saving.register_keras_serializable("ganzoo")
class Conv1DTranspose(_Transposed, layers.Conv1DTranspose):
    """Transposed convolution: (batch, t, c) -> (batch, t s, filters) for "same" padding and
    strides s. Arguments as in Keras.
    """


@keras.saving.register_keras_serializable("ganzoo")
class Conv2D(_Convolution, layers.Conv2D):
    """Convolution: (batch, h, w, c) -> (batch, h', w', filters). Arguments as in Keras."""


@keras.saving.register_keras_serializable("ganzoo")
class Conv2DTranspose(_Transposed, layers.Conv2DTranspose):
    """Transposed convolution: (batch, h, w, c) -> (batch, h s, w s, filters) for "same"
    padding and strides s. Arguments as in Keras.
    """


@keras.saving.register_keras_serializable("ganzoo")
class Conv3D(_Convolution, layers.Conv3D):
    """Convolution: (batch, t, h, w, c) -> (batch, t', h', w', filters). Arguments as in Keras."""


@keras.saving.register_keras_serializable("ganzoo")
class Conv3DTranspose(_Transposed, layers.Conv3DTranspose):
    """Transposed convolution: (batch, t, h, w, c) -> (batch, t s, h s, w s, filters) for "same"
    padding and strides s. Arguments as in Keras.
    """
