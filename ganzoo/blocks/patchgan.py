"""PatchGAN, a discriminator of patches. Isola et al. 2017, https://arxiv.org/abs/1611.07004,
section 3.2.2 and appendix 6.1.2.
"""

from keras import layers

from ganzoo.backend import Tensor
from ganzoo.blocks.initializers import normal_initializer
from ganzoo.blocks.option_checks import check_minimum
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D, InstanceNormalization

_PAPER = 3  # strided convolutions: patches of 70x70


def patchgan(
    x: Tensor,
    *,
    prefix: str,
    base_channels: int,
    max_channels: int,
    num_downsamples: int,
    affine: bool,
) -> Tensor:
    """Images (batch, h, w, c) -> logits of overlapping patches (batch, m, n, 1), float32.

    Convolutions of 4x4: `num_downsamples` of stride two, then two of stride one. A patch is
    70x70 pixels with three of stride two, 16x16 with one, 286x286 with five.

    Args:
        x: Images.
        prefix: Beginning of the layers' names.
        base_channels: Channels of the first layer; they double with each further one.
        max_channels: The most channels of a layer.
        num_downsamples: Convolutions of stride two, at least 1.
        affine: Whether the instance normalizations have scales and offsets.
    """
    check_minimum(1, base_channels=base_channels, max_channels=max_channels)
    conv = {"kernel_size": 4, "kernel_initializer": normal_initializer()}
    for i in range(num_downsamples + 1):  # (batch, h, w, c) -> (batch, h / 2, w / 2, 2 c)
        name, strides = f"{prefix}look_{i}", 1 if i == num_downsamples else 2
        x = layers.ZeroPadding2D(1, name=f"{name}_border")(x)
        # not in the first layer: its norm would take away how bright the images are
        channels, use_bias = min(base_channels << i, max_channels), i == 0
        x = Conv2D(channels, strides=strides, use_bias=use_bias, name=name, **conv)(x)
        x = InstanceNormalization(affine, name=f"{name}_norm")(x) if i else x
        x = layers.LeakyReLU(0.2, name=f"{name}_relu")(x)
    x = layers.ZeroPadding2D(1, name=f"{prefix}logits_border")(x)
    return Conv2D(1, name=f"{prefix}logits", dtype="float32", **conv)(x)


def patchgan_downsamples(architecture: str, size: int, requested: int | None) -> int:
    """Return the number of convolutions of stride two: by default the paper's three, or fewer.

    Args:
        architecture: Name of the architecture, for the message.
        size: The smaller of height and width of the images, at least 8.
        requested: The option `num_downsamples`; `None` for the default.

    Raises:
        UsageError: No pixel would be left for the two layers that follow.
    """
    largest = size.bit_length() - 3  # to 4x4, of which the last layers leave 2x2
    if requested is None:
        return min(_PAPER, largest)
    if not 1 <= requested <= largest:
        raise UsageError(
            f"{architecture} needs num_downsamples in [1, {largest}] for images of {size} pixels. "
            f"Received: {requested}."
        )
    return requested
