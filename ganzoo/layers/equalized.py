"""Equalized learning rate. Karras et al. 2018, https://arxiv.org/abs/1710.10196, section 4.1.

Weights are drawn from N(0, 1) and multiplied by He's constant gain / sqrt(inputs) whenever the
layer is called, not once when they are drawn. So all weights have one range, and an optimizer
that normalizes its steps (Adam) learns all of them at one speed.
"""

import math

import keras
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor


class _Equalized(keras.layers.Layer):
    """Base of the layers below: the weights and their scale."""

    def __init__(
        self, gain: float, lr_multiplier: float, bias_init: float, use_bias: bool,
        bias_gain: bool, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.gain = gain
        self.lr_multiplier = lr_multiplier
        self.bias_init = bias_init
        self.use_bias = use_bias
        self.bias_gain = bias_gain

    def _add_weights(self, shape: tuple[int, ...]) -> None:
        inputs = math.prod(shape[:-1])
        self.scale = self.gain * self.lr_multiplier / math.sqrt(inputs)
        # divided here what is multiplied in the call: only the speed of learning changes
        normal = keras.initializers.RandomNormal(stddev=1 / self.lr_multiplier)
        self.kernel = self.add_weight(shape=shape, initializer=normal, name="kernel")
        self.bias = None
        if self.use_bias:
            first = keras.initializers.Constant(self.bias_init / self.lr_multiplier)
            self.bias = self.add_weight(shape=shape[-1:], initializer=first, name="bias")

    # products of values: of a variable, Keras would make the number a tensor first
    def _scaled_kernel(self) -> Tensor:
        return self.kernel.value * self.scale

    def _scaled_bias(self) -> Tensor:
        factor = self.lr_multiplier * (self.gain if self.bias_gain else 1.0)
        return self.bias.value * factor if self.bias is not None else None

    def get_config(self) -> dict:
        names = ("gain", "lr_multiplier", "bias_init", "use_bias", "bias_gain")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable("ganzoo")
class EqualizedDense(_Equalized):
    """A dense layer with scaled weights: (batch, ..., d) -> (batch, ..., units).

    Args:
        units: Number of outputs.
        gain: Gain of the activation that follows: sqrt(2) for ReLU, 1 for none.
        lr_multiplier: Factor of the learning rate of these weights; 0.01 in the mapping network
            of Karras et al. 2019, https://arxiv.org/abs/1812.04948, appendix C.
        bias_init: First value of the biases.
        use_bias: Whether there are biases.
        bias_gain: Whether the gain multiplies the biases, too, as in StyleGAN2, where it stands
            after the activation.
    """

    def __init__(
        self,
        units: int,
        gain: float = 1.0,
        lr_multiplier: float = 1.0,
        bias_init: float = 0.0,
        use_bias: bool = True,
        bias_gain: bool = False,
        **kwargs,
    ):
        super().__init__(gain, lr_multiplier, bias_init, use_bias, bias_gain, **kwargs)
        self.units = units

    def build(self, input_shape: tuple) -> None:
        self._add_weights((input_shape[-1], self.units))

    def call(self, inputs: Tensor) -> Tensor:
        outputs, bias = ops.matmul(inputs, self._scaled_kernel()), self._scaled_bias()
        return outputs if bias is None else outputs + bias

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict:
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("ganzoo")
class EqualizedConv2D(_Equalized):
    """A convolution with scaled weights: (batch, h, w, c) -> (batch, h', w', filters).

    Args:
        filters: Number of output channels.
        kernel_size: Height and width of the kernel, one number or two.
        strides: One number for both axes.
        padding: `"same"` or `"valid"`.
        use_bias, gain, lr_multiplier, bias_init, bias_gain: See `EqualizedDense`.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int = 1,
        padding: str = "same",
        use_bias: bool = True,
        gain: float = 1.0,
        lr_multiplier: float = 1.0,
        bias_init: float = 0.0,
        bias_gain: bool = False,
        **kwargs,
    ):
        super().__init__(gain, lr_multiplier, bias_init, use_bias, bias_gain, **kwargs)
        self.filters = filters
        size = kernel_size
        self.kernel_size = (size, size) if isinstance(size, int) else tuple(size)
        self.strides = strides
        self.padding = padding

    def build(self, input_shape: tuple) -> None:
        self._add_weights((*self.kernel_size, input_shape[-1], self.filters))

    def call(self, inputs: Tensor) -> Tensor:
        geometry = {"strides": self.strides, "padding": self.padding}
        return backend.conv(inputs, self._scaled_kernel(), self._scaled_bias(), **geometry)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        sizes = zip(input_shape[1:3], self.kernel_size, strict=True)
        if self.padding == "valid":
            sizes = [None if n is None else (n - k) // self.strides + 1 for n, k in sizes]
        else:
            sizes = [None if n is None else -(-n // self.strides) for n, _ in sizes]
        return (input_shape[0], *sizes, self.filters)

    def get_config(self) -> dict:
        own = {"filters": self.filters, "kernel_size": self.kernel_size}
        return {**super().get_config(), **own, "strides": self.strides, "padding": self.padding}
