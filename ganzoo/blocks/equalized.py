"""The blocks of ProGAN and StyleGAN. Karras et al. 2018, https://arxiv.org/abs/1710.10196."""

import math

from keras import layers

from ganzoo.backend import Tensor
from ganzoo.layers import EqualizedConv2D, EqualizedDense, MinibatchStddev

_GAIN = math.sqrt(2)  # He's gain of (leaky) ReLU, section 4.1


def equalized_conv(x: Tensor, filters: int, name: str, kernel_size: int = 3, **options) -> Tensor:
    """Equalized convolution and leaky ReLU: (batch, h, w, c) -> (batch, h, w, filters).

    Args:
        x: Feature maps.
        filters: Number of output channels.
        name: Name of the convolution.
        kernel_size: Height and width of the kernel.
        **options: Further arguments of `ganzoo.layers.EqualizedConv2D`.
    """
    x = EqualizedConv2D(filters, kernel_size, gain=_GAIN, name=name, **options)(x)
    return layers.LeakyReLU(0.2, name=f"{name}_relu")(x)


def equalized_discriminator_head(
    x: Tensor, channels: int, name: str, mbstd_group_size: int = 4, units: int = 1,
    last: str = "logit", **options,
) -> Tensor:  # fmt: skip
    """Feature maps of the lowest resolution (batch, h, w, c) -> (batch, units), float32.

    Args:
        x: Feature maps.
        channels: Channels of the convolution and units of the dense layer.
        name: Name of the convolution.
        mbstd_group_size: Images per group of the minibatch standard deviation; 4 as in the
            authors' code, section 3 has the whole batch.
        units: Outputs: 1 logit, or features that are compared with a class.
        last: Name of the last layer.
        **options: Further arguments of both layers before the last.
    """
    x = MinibatchStddev(mbstd_group_size, name="deviation")(x)
    x = layers.Flatten(name="flatten")(equalized_conv(x, channels, name, **options))
    x = EqualizedDense(channels, gain=_GAIN, name="dense", **options)(x)
    x = layers.LeakyReLU(0.2, name="dense_relu")(x)
    return EqualizedDense(units, name=last, dtype="float32")(x)
