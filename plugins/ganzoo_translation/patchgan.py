"""PatchGAN, a discriminator that judges patches. Isola et al. 2017,
https://arxiv.org/abs/1611.07004, section 3.2.2 and appendix 6.1.2.
"""

from ganzoo_classic.dcgan import normal
from keras import layers

from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D

from .instance_norm import InstanceNormalization

_PAPER = 3  # halvings: patches of 70x70


def patch_logits(x, *, prefix: str, width: int, most: int, halvings: int, affine: bool):
    """Logits of overlapping patches: (batch, size, size, c) -> (batch, n, n, 1).

    Convolutions of 4x4, as many with a stride of two as there are halvings and two more. A
    patch is 70x70 after three halvings, 16x16 after one, 286x286 after five.

    Args:
        x: The pictures; a Keras tensor.
        prefix: Begins the layers' names.
        width: Channels of the first layer; they double with each further one.
        most: The most that they become.
        halvings: As above, at least 1.
        affine: As of `InstanceNormalization`.
    """
    conv = {"kernel_size": 4, "kernel_initializer": normal()}
    for i in range(halvings + 1):  # (batch, s, s, c) -> (batch, s / 2, s / 2, 2 c), at last s - 1
        last, name = i == halvings, f"{prefix}look_{i}"
        x = layers.ZeroPadding2D(1, name=f"{name}_border")(x)
        strides, channels = 1 if last else 2, min(width << i, most)
        # not in the first layer: its norm would take away how bright the pictures are
        x = Conv2D(channels, strides=strides, use_bias=i == 0, name=name, **conv)(x)
        x = InstanceNormalization(affine, name=f"{name}_norm")(x) if i else x
        x = layers.LeakyReLU(0.2, name=f"{name}_relu")(x)
    x = layers.ZeroPadding2D(1, name=f"{prefix}logits_border")(x)
    return Conv2D(1, name=f"{prefix}logits", dtype="float32", **conv)(x)


def patch_size(halvings: int) -> int:
    """Height and width in pixels of what one logit depends on."""
    size = 1
    for strides in (1, 1, *[2] * halvings):  # from the logit back to the picture
        size = (size - 1) * strides + 4
    return size


def fitting_halvings(name: str, size: int, halvings: int | None) -> int:
    """The halvings that are asked for; by default the paper's, in small pictures fewer.

    Args:
        name: The architecture, for the message.
        size: Of the pictures, a power of two from 8.
        halvings: `None` for the default.

    Raises:
        UsageError: they leave no place for the two layers that come after.
    """
    most = size.bit_length() - 3  # to 4x4, of which the last layers leave 2x2
    if halvings is None:
        return min(_PAPER, most)
    if not 1 <= halvings <= most:
        raise UsageError(
            f"{name} needs halvings in [1, {most}] for pictures of {size}x{size}. "
            f"Received: {halvings}."
        )
    return halvings
