"""Keras' two-dimensional convolutions, in the formulation that is fast on the backend in use.

Arguments, weights and results are Keras'. What Keras can and these cannot do (dilation,
groups, channels first, unequal strides) is left to Keras.
"""

import keras
from keras import ops

from ganzoo import backend


def _plain(layer) -> bool:
    return (
        layer.data_format == "channels_last"
        and layer.strides[0] == layer.strides[1]
        and set(layer.dilation_rate) == {1}
        and getattr(layer, "groups", 1) == 1
        and getattr(layer, "output_padding", None) is None
        and layer.padding in ("same", "valid")
    )


@keras.saving.register_keras_serializable("ganzoo")
class Conv2D(keras.layers.Conv2D):
    """Convolution: (batch, h, w, c) -> (batch, h', w', filters). Arguments as in Keras."""

    def convolution_op(self, inputs, kernel):
        """The convolution without bias and activation, which Keras adds."""
        if not _plain(self):
            return super().convolution_op(inputs, kernel)
        kernel = ops.convert_to_tensor(kernel)
        return backend.conv(inputs, kernel, strides=self.strides[0], padding=self.padding)


@keras.saving.register_keras_serializable("ganzoo")
class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """Transposed convolution: (batch, h, w, c) -> (batch, h s, w s, filters) for "same"
    padding and strides s. Arguments as in Keras.
    """

    def call(self, inputs):
        """The layer's output, activation included."""
        if not _plain(self):
            return super().call(inputs)
        geometry = {"strides": self.strides[0], "padding": self.padding}
        outputs = backend.conv_transpose(inputs, ops.convert_to_tensor(self.kernel), **geometry)
        if self.use_bias:
            outputs = outputs + self.bias
        return outputs if self.activation is None else self.activation(outputs)
