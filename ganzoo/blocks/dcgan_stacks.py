"""The stacks of DCGAN. Radford et al. 2016, https://arxiv.org/abs/1511.06434, section 3."""

from collections.abc import Callable
from typing import Any

from keras import layers

from ganzoo.backend import Tensor
from ganzoo.blocks.batch_norm import batch_norm
from ganzoo.blocks.initializers import normal_initializer
from ganzoo.blocks.option_checks import check_minimum
from ganzoo.layers import Conv2D, Conv2DTranspose


def dcgan_batch_norm(name: str) -> layers.Layer:
    """Batch norm whose scale is drawn around 1: section 4."""
    return batch_norm(name, gamma_initializer=normal_initializer(1.0))


def dcgan_conv_options() -> dict[str, Any]:
    """Return the options of a DCGAN's convolution, which halves or doubles height and width.

    No bias: batch norm follows, or as in the published count. The paper's kernels are 5x5; the
    4x4 is that of PyTorch's example, whose counts are published.
    """
    geometry = {"kernel_size": 4, "strides": 2, "padding": "same"}
    return {**geometry, "use_bias": False, "kernel_initializer": normal_initializer()}


def dcgan_generator_body(
    x: Tensor,
    names: list[str],
    image_channels: int,
    *,
    conv_options: Callable[[], dict[str, Any]] = dcgan_conv_options,
    norm: Callable[[str], layers.Layer] = dcgan_batch_norm,
    last_bias: bool = False,
    output_activation: str = "tanh",
) -> Tensor:
    """Feature maps (batch, h, w, c) -> images (batch, 2^n h, 2^n w, image_channels), float32.

    A stack of n transposed convolutions; batch norm and ReLU follow all but the last.

    Args:
        x: Feature maps. Each convolution halves their channels.
        names: Names of the n convolutions.
        image_channels: Channels of the images.
        conv_options: Returns the options of one convolution.
        norm: Returns the normalization of that name.
        last_bias: Whether the last convolution has a bias.
        output_activation: Activation of the last convolution.
    """
    for name in names[:-1]:  # (batch, h, w, c) -> (batch, 2 h, 2 w, c / 2)
        options = {**conv_options(), "use_bias": False}
        x = Conv2DTranspose(x.shape[-1] // 2, name=name, **options)(x)
        x = layers.ReLU(name=f"{name}_relu")(norm(f"{name}_norm")(x))
    options = {**conv_options(), "use_bias": last_bias}
    x = Conv2DTranspose(image_channels, name=names[-1], **options)(x)
    return layers.Activation(output_activation, name="image", dtype="float32")(x)


def dcgan_discriminator_body(
    x: Tensor, base_channels: int, names: list[str], *, use_batch_norm: bool = True
) -> Tensor:
    """Images (batch, h, w, c) -> logits (batch, 1), float32.

    A stack of strided convolutions; batch norm follows all but the first: section 3.

    Args:
        x: Images, or images with planes that encode the class.
        base_channels: Channels of the first convolution; they double with each.
        names: Names of the convolutions.
        use_batch_norm: Whether there is batch norm; otherwise there are biases in its place.
    """
    check_minimum(1, base_channels=base_channels)
    for i, name in enumerate(names):  # (batch, h, w, c) -> (batch, h / 2, w / 2, 2 c)
        options = {**dcgan_conv_options(), "use_bias": i > 0 and not use_batch_norm}
        x = Conv2D(base_channels << i, name=name, **options)(x)
        x = dcgan_batch_norm(f"{name}_norm")(x) if i and use_batch_norm else x
        x = layers.LeakyReLU(0.2, name=f"{name}_relu")(x)
    x = layers.Flatten(name="flatten")(x)  # 64x64: (batch, 4, 4, c) -> (batch, 16 c)
    logit = {"kernel_initializer": normal_initializer(), "use_bias": False, "dtype": "float32"}
    return layers.Dense(1, name="logit", **logit)(x)
