"""The residual networks that WGAN-GP, SNGAN, SAGAN and BigGAN share; what differs is handed in.

Blocks of two 3x3 convolutions, normalized and activated before each: Gulrajani et al. 2017,
https://arxiv.org/abs/1704.00028, appendix F; Miyato et al. 2018,
https://arxiv.org/abs/1802.05957, appendix B.4, figure 8 and tables 4 to 6.
"""

from collections.abc import Callable, Mapping

import keras
from keras import layers, ops

from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D

from .dcgan import batch_norm

Wrap = Callable[[layers.Layer], layers.Layer]  # spectral normalization, or nothing
Between = Mapping[int, layers.Layer]  # put in where the images have that side
Norm = Callable  # (x, side, name) -> x


def generator(
    image_shape: tuple[int, int, int],
    latent_size: int,
    channels: dict[int, int],
    *,
    wrap: Wrap = lambda layer: layer,
    between: Between | None = None,
) -> keras.Model:
    """Latents -> images in [-1, 1].

    Args:
        image_shape: (size, size, channels).
        latent_size: Length of a latent.
        channels, wrap, between: As of `drawn`.
    """
    latents = keras.Input((latent_size,), name="latents")
    images = drawn(latents, channels, image_shape[-1], wrap=wrap, between=between)
    return keras.Model(latents, images, name="generator")


def drawn(
    z,
    channels: dict[int, int],
    colors: int,
    *,
    wrap: Wrap = lambda layer: layer,
    between: Between | None = None,
    norm: Norm = lambda x, side, name: batch_norm(name)(x),
):
    """Images in [-1, 1], (batch, size, size, colors), float32, by a block for each doubling.

    Args:
        z: What the smallest image is made of, (batch, n).
        channels: By side, from the first image to the last, as from `widths`.
        colors: Channels of the images.
        wrap: What is done to every layer with a kernel.
        between: Layers that are put in.
        norm: The normalization in the block that leads to a side: one that knows the class,
            for instance.
    """
    (start, *others), between = channels, between or {}
    x = wrap(layers.Dense(start**2 * channels[start], name="project"))(z)
    x = layers.Reshape((start, start, channels[start]), name="project_shape")(x)
    x = between[start](x) if start in between else x
    for side in others:  # (batch, side / 2, side / 2, c) -> (batch, side, side, c')
        x = _up(x, channels[side], f"up_{side}", wrap, lambda x, name, at=side: norm(x, at, name))
        x = between[side](x) if side in between else x
    x = layers.ReLU(name="image_relu")(batch_norm("image_norm")(x))
    x = wrap(_conv(colors, 3, "image_conv"))(x)
    return layers.Activation("tanh", name="image", dtype="float32")(x)


def discriminator(
    image_shape: tuple[int, int, int],
    channels: dict[int, int],
    *,
    halvings: int,
    plain_blocks: int,
    pool: Callable,
    wrap: Wrap = lambda layer: layer,
    between: Between | None = None,
    wide: bool = False,
) -> keras.Model:
    """Images -> logits, by a block for each halving of the side and some that keep it.

    Args:
        image_shape: (size, size, channels).
        channels: Of what a block makes, by the side of what it is given, as from `widths`.
        halvings: Blocks that halve the side, at least 1.
        plain_blocks: Blocks after them that keep it.
        pool: `ops.sum` or `ops.mean`, over the places of the last image.
        wrap, between: As of `drawn`.
        wide: Whether every block is as wide inside as at its end; else only the first one is,
            and the others are as wide inside as at their start.

    Raises:
        UsageError: the side cannot be halved so often.
    """
    size, between = image_shape[0], between or {}
    if not 1 <= halvings <= size.bit_length() - 1 or plain_blocks < 0:
        raise UsageError(
            f"halvings must be in [1, {size.bit_length() - 1}] for {size}x{size} and plain_blocks "
            f"at least 0. Received: halvings={halvings}, plain_blocks={plain_blocks}."
        )
    x = images = keras.Input(image_shape, name="images")
    for i in range(halvings):  # (batch, 2 side, 2 side, c) -> (batch, side, side, c')
        side = size >> (i + 1)
        x = _down(x, channels[2 * side], f"down_{side}", wrap, first=i == 0, wide=wide or i == 0)
        x = between[side](x) if side in between else x
    for i in range(1, plain_blocks + 1):
        x = _down(x, channels[side], f"plain_{i}", wrap, halve=False, wide=wide)
    x = layers.ReLU(name="pool_relu")(x)
    x = pool(ops.cast(x, "float32"), axis=(1, 2))  # (batch, side, side, c) -> (batch, c)
    x = wrap(layers.Dense(1, name="logit", dtype="float32"))(x)
    return keras.Model(images, x, name="discriminator")


def _up(x, channels: int, name: str, wrap: Wrap, norm: Callable):
    """Norm, ReLU, doubling, convolution, norm, ReLU, convolution; and past them."""
    y = layers.ReLU(name=f"{name}_relu_1")(norm(x, f"{name}_norm_1"))
    y = layers.UpSampling2D(name=f"{name}_double")(y)
    y = wrap(_conv(channels, 3, f"{name}_conv_1", before_relu=True))(y)
    y = layers.ReLU(name=f"{name}_relu_2")(norm(y, f"{name}_norm_2"))
    y = wrap(_conv(channels, 3, f"{name}_conv_2", before_relu=True))(y)
    # a 1x1 convolution may be taken before doubling: the same, for a quarter of the work
    x = wrap(_conv(channels, 1, f"{name}_shortcut"))(x)
    x = layers.UpSampling2D(name=f"{name}_shortcut_double")(x)
    return layers.Add(name=f"{name}_add")([x, y])


def _down(
    x, channels: int, name: str, wrap: Wrap, *,
    halve: bool = True, first: bool = False, wide: bool = False,
):  # fmt: skip
    """ReLU, convolution, ReLU, convolution, mean of 2x2; and past them.

    The first block has no ReLU before, which would lose half of the image.
    """
    given = x.shape[-1]
    y = x if first else layers.ReLU(name=f"{name}_relu_1")(x)
    y = wrap(_conv(channels if wide else given, 3, f"{name}_conv_1", before_relu=True))(y)
    y = layers.ReLU(name=f"{name}_relu_2")(y)
    y = wrap(_conv(channels, 3, f"{name}_conv_2", before_relu=True))(y)
    if halve:
        y = layers.AveragePooling2D(2, name=f"{name}_halve")(y)
        x = layers.AveragePooling2D(2, name=f"{name}_shortcut_halve")(x)
    if halve or given != channels:
        x = wrap(_conv(channels, 1, f"{name}_shortcut"))(x)
    return layers.Add(name=f"{name}_add")([x, y])


def _conv(filters: int, kernel_size: int, name: str, before_relu: bool = False) -> layers.Layer:
    # Glorot's initializer, times sqrt(2) inside the blocks; the published counts have biases
    spread = {"scale": 2.0 if before_relu else 1.0, "mode": "fan_avg", "distribution": "uniform"}
    initializer = keras.initializers.VarianceScaling(**spread)
    return Conv2D(filters, kernel_size, padding="same", kernel_initializer=initializer, name=name)
