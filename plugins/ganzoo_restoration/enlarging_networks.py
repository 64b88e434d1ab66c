"""Networks that enlarge images of any size: RRDBNet, and a compact one.

RRDBNet: Wang et al. 2018 (ESRGAN), https://arxiv.org/abs/1809.00219, section 3.1. The compact one:
the authors' general and video models, https://github.com/xinntao/Real-ESRGAN.

Borders are padded with zeros, as in the published networks.
"""

import keras
from keras import layers

from ganzoo.backend import Tensor
from ganzoo.layers import Conv2D, PixelShuffle

_SLOPE = 0.2  # of the leaky ReLUs of RRDBNet
_RESIDUAL = 0.2  # what residuals are scaled by: section 3.1
_DENSE_UNITS = 3  # dense blocks in a residual in residual block
_DENSE_LAYERS = 5  # convolutions in a dense block


def rrdb_net(
    channels: int, scale: int, *, base_channels: int, growth_channels: int, num_blocks: int
) -> keras.Model:
    """Residual in residual dense blocks at the size of the source, then nearest upsampling.

    Args:
        channels: Channels of source and target.
        scale: How much larger the target is: 1, 2, 4, ...
        base_channels: Channels between the blocks.
        growth_channels: Channels that each convolution of a dense block adds.
        num_blocks: Residual in residual dense blocks.
    """
    small = keras.initializers.VarianceScaling(0.02, "fan_in", "untruncated_normal")  # supplement
    conv = {"padding": "same", "kernel_initializer": small}

    def dense_block(x: Tensor, name: str) -> Tensor:
        found = [x]
        for i in range(_DENSE_LAYERS):  # (batch, h, w, base + i growth) -> (..., growth)
            last = i == _DENSE_LAYERS - 1
            y = layers.Concatenate(name=f"{name}_join_{i}")(found) if i else x
            filters = base_channels if last else growth_channels
            y = Conv2D(filters, 3, name=f"{name}_conv_{i}", **conv)(y)
            found.append(y if last else _leaky(y, f"{name}_relu_{i}"))
        return x + _RESIDUAL * found[-1]

    labels = keras.Input((None, None, channels), name="labels")
    x = first = Conv2D(base_channels, 3, name="first", **conv)(labels)
    for block in range(num_blocks):
        y = x
        for unit in range(_DENSE_UNITS):
            y = dense_block(y, f"block_{block}_unit_{unit}")
        x = x + _RESIDUAL * y
    x = first + Conv2D(base_channels, 3, name="body", **conv)(x)
    for i in range(scale.bit_length() - 1):  # (batch, h, w, c) -> (batch, 2 h, 2 w, c)
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"up_{i}_nearest")(x)
        x = _leaky(Conv2D(base_channels, 3, name=f"up_{i}", **conv)(x), f"up_{i}_relu")
    x = _leaky(Conv2D(base_channels, 3, name="full", **conv)(x), "full_relu")
    x = Conv2D(channels, 3, name="image", dtype="float32", **conv)(x)
    return keras.Model(labels, x, name="generator")


def compact_net(
    channels: int, scale: int, *, base_channels: int, num_convolutions: int
) -> keras.Model:
    """Convolutions at the size of the source alone, whose channels become the pixels.

    What is learned is the difference from the source enlarged by nearest neighbors.

    Args:
        channels: Channels of source and target.
        scale: How much larger the target is, from 1.
        base_channels: Channels of the convolutions.
        num_convolutions: Convolutions between the first and the last one.
    """

    def conv(x: Tensor, filters: int, name: str) -> Tensor:
        return Conv2D(filters, 3, padding="same", name=name)(x)

    x = labels = keras.Input((None, None, channels), name="labels")
    for i in range(num_convolutions + 1):
        slopes = layers.PReLU(keras.initializers.Constant(0.25), shared_axes=[1, 2],
                              name=f"slopes_{i}")  # fmt: skip
        x = slopes(conv(x, base_channels, f"conv_{i}"))
    x = conv(x, channels * scale**2, "last")
    x = PixelShuffle(scale, name="pixels")(x)  # (batch, h, w, c s s) -> (batch, s h, s w, c)
    enlarged = layers.UpSampling2D(scale, interpolation="nearest", name="enlarged")(labels)
    x = layers.Add(name="image", dtype="float32")([x, enlarged])
    return keras.Model(labels, x, name="generator")


def _leaky(x: Tensor, name: str) -> Tensor:
    return layers.LeakyReLU(_SLOPE, name=name)(x)
