"""Keras' own layers in PyTorch's operations.

Each call of `keras.ops` looks for symbolic tensors and converts what it is given; on PyTorch, which
runs line by line, that takes longer than many an operation itself. Here are the layers that GANs
have most of. The numbers are those of Keras, bit for bit, and images keep their channels last in
memory.
"""

import functools
from collections.abc import Callable
from typing import Any

import keras
import torch
from keras import layers
from torch.nn import functional

_ACTIVATIONS: dict[Callable, Callable] = {
    keras.activations.linear: lambda x: x,
    keras.activations.relu: torch.relu,
    keras.activations.selu: torch.selu,
    keras.activations.tanh: torch.tanh,
}


def call_of(layer: Any) -> Callable | None:
    """A function of the layer's inputs that returns what its `call` would, float32; None if there
    is none.
    """
    make = _CALLS.get(type(layer))
    return make(layer) if make is not None else None


def _dense(layer: Any) -> Callable:
    def call(x: torch.Tensor) -> torch.Tensor:
        kernel = layer.kernel
        x = torch.matmul(x, kernel.value if isinstance(kernel, keras.Variable) else kernel)
        if layer.bias is not None:
            x = x.add_(layer.bias.value)  # nothing else has the product
        return x if layer.activation is None else activate(layer.activation, x)

    return call


def activate(activation: Callable, x: torch.Tensor) -> torch.Tensor:
    """The result of one of Keras' activations, or of another function."""
    return _ACTIVATIONS.get(activation, activation)(x)


def _activation(layer: Any) -> Callable:
    return lambda x: activate(layer.activation, x)


def _leaky_relu(layer: Any) -> Callable:
    return lambda x: functional.leaky_relu(x, layer.negative_slope)


def _relu(layer: Any) -> Callable | None:
    plain = layer.max_value is None and not layer.negative_slope and not layer.threshold
    return torch.relu if plain else None


def _reshape(layer: Any) -> Callable:
    return lambda x: x.reshape(x.shape[0], *layer.target_shape)


def _flatten(layer: Any) -> Callable | None:
    return None if layer.data_format == "channels_first" else lambda x: x.reshape(x.shape[0], -1)


def _average_pooling(layer: Any) -> Callable | None:
    if layer.data_format == "channels_first" or layer.padding != "valid":
        return None
    pool = functools.partial(
        functional.avg_pool2d, kernel_size=tuple(layer.pool_size), stride=tuple(layer.strides)
    )
    return lambda x: pool(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def _up_sampling(layer: Any) -> Callable | None:
    if layer.data_format == "channels_first" or layer.interpolation != "nearest":
        return None
    double = functools.partial(functional.interpolate, scale_factor=tuple(map(float, layer.size)))
    return lambda x: double(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def _add(layer: Any) -> Callable:
    def call(inputs: list[torch.Tensor]) -> torch.Tensor:
        if len({x.ndim for x in inputs}) > 1:  # Keras inserts axes
            return layer.call(inputs)
        return functools.reduce(torch.add, inputs)

    return call


def _concatenate(layer: Any) -> Callable:
    return lambda inputs: torch.cat(tuple(inputs), layer.axis)


def _rescaling(layer: Any) -> Callable | None:
    if not isinstance(layer.scale, float | int) or layer.offset != 0.0:
        return None
    return lambda x: x * layer.scale


_CALLS: dict[type, Callable] = {
    layers.Activation: _activation,
    layers.Add: _add,
    layers.AveragePooling2D: _average_pooling,
    layers.Concatenate: _concatenate,
    layers.Dense: _dense,
    layers.Flatten: _flatten,
    layers.LeakyReLU: _leaky_relu,
    layers.ReLU: _relu,
    layers.Rescaling: _rescaling,
    layers.Reshape: _reshape,
    layers.UpSampling2D: _up_sampling,
}
