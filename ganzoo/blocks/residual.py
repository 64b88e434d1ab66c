"""The residual networks that WGAN-GP, SNGAN, SAGAN and BigGAN share; what differs is passed in.

Blocks of two 3x3 convolutions, normalized and activated before each: Gulrajani et al. 2017,
https://arxiv.org/abs/1704.00028, appendix F; Miyato et al. 2018,
https://arxiv.org/abs/1802.05957, appendix B.4, figure 8 and tables 4 to 6.
"""

import functools
import math
from collections.abc import Callable, Mapping

import keras
from keras import layers, ops

from ganzoo.backend import Tensor
from ganzoo.blocks.batch_norm import batch_norm
from ganzoo.blocks.option_checks import check_minimum
from ganzoo.blocks.resolutions import max_downsamples, shape_at
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D, Resample2D

Wrap = Callable[[layers.Layer], layers.Layer]  # spectral normalization, or nothing
Inserted = Mapping[int, layers.Layer]  # layers by the resolution at which they are inserted
Norm = Callable[[Tensor, str], Tensor]  # (feature maps, name of the layer) -> feature maps

_UPSAMPLINGS = {
    "nearest": layers.UpSampling2D,
    "bilinear": functools.partial(Resample2D, "up", border="edge"),
}


def no_wrap(layer: layers.Layer) -> layers.Layer:
    """Return the layer as it is."""
    return layer


def residual_generator(
    image_shape: tuple[int, int, int], latent_size: int, channels: dict[int, int], **options
) -> keras.Model:
    """Unconditional generator: latents (batch, latent_size) -> images in [-1, 1].

    Args:
        image_shape: (height, width, channels).
        latent_size: Length of a latent.
        channels: Channels by resolution, see `channels_by_resolution`.
        **options: `wrap`, `inserted` and `upsampling`, see `residual_generator_body`.
    """
    check_minimum(1, latent_size=latent_size)
    latents = keras.Input((latent_size,), name="latents")
    images = residual_generator_body(latents, channels, image_shape, **options)
    return keras.Model(latents, images, name="generator")


def residual_generator_body(
    z: Tensor,
    channels: dict[int, int],
    image_shape: tuple[int, int, int],
    *,
    wrap: Wrap = no_wrap,
    inserted: Inserted | None = None,
    norm: Callable[[Tensor, int, str], Tensor] = lambda x, resolution, name: batch_norm(name)(x),
    epsilon: float = 1e-5,
    upsampling: str = "nearest",
) -> Tensor:
    """Vectors (batch, n) -> images in [-1, 1], (batch, height, width, channels), float32.

    Args:
        z: Vectors from which the lowest resolution is projected.
        channels: Channels by resolution, from the lowest to that of the images.
        image_shape: (height, width, channels).
        wrap: Applied to every layer with a kernel.
        inserted: Layers inserted after the block of that resolution, such as self-attention.
        norm: (x, resolution, name) -> normalized x in the block that leads to that resolution,
            such as conditional batch norm.
        epsilon: That of the last batch norm, before the images.
        upsampling: See `residual_upsampling_block`.
    """
    (start, *others), inserted = channels, inserted or {}
    base = (*shape_at(start, image_shape, max(channels)), channels[start])
    x = wrap(layers.Dense(math.prod(base), name="project"))(z)
    x = layers.Reshape(base, name="project_shape")(x)
    x = inserted[start](x) if start in inserted else x
    for r in others:  # (batch, r / 2, r / 2, c) -> (batch, r, r, c')
        block_norm = lambda x, name, r=r: norm(x, r, name)  # noqa: E731
        options = {"norm": block_norm, "wrap": wrap, "upsampling": upsampling}
        x = residual_upsampling_block(x, channels[r], f"up_{r}", **options)
        x = inserted[r](x) if r in inserted else x
    x = layers.ReLU(name="image_relu")(batch_norm("image_norm", epsilon)(x))
    x = wrap(_conv(image_shape[-1], 3, "image_conv"))(x)
    return layers.Activation("tanh", name="image", dtype="float32")(x)


def residual_discriminator(
    image_shape: tuple[int, int, int],
    channels: dict[int, int],
    *,
    num_downsamples: int,
    num_extra_blocks: int,
    global_pool: Callable,
    wrap: Wrap = no_wrap,
    inserted: Inserted | None = None,
    wide: bool = False,
    activated_shortcut: bool = False,
) -> keras.Model:
    """Images -> logits (batch, 1), float32.

    Args:
        image_shape: (height, width, channels).
        channels: Output channels of a block by its input resolution, see `channels_by_resolution`.
        num_downsamples: Blocks that halve the resolution, at least 1.
        num_extra_blocks: Blocks after them that keep the resolution, at least 0.
        global_pool: `ops.sum` or `ops.mean`, over all pixels of the last feature maps.
        wrap: Applied to every layer with a kernel.
        inserted: Layers inserted after the block that leads to that resolution.
        wide: Whether the hidden channels of all blocks are those of their outputs; otherwise
            only those of the first are, and those of the others are those of their inputs.
        activated_shortcut: See `residual_block`.

    Raises:
        UsageError: The images cannot be halved that often.
    """
    size, inserted = max(channels), inserted or {}
    largest = max_downsamples(image_shape)
    if not 1 <= num_downsamples <= largest or num_extra_blocks < 0:
        raise UsageError(
            f"num_downsamples must be in [1, {largest}] for {image_shape[0]}x{image_shape[1]} and "
            f"num_extra_blocks at least 0. Received: num_downsamples={num_downsamples}, "
            f"num_extra_blocks={num_extra_blocks}."
        )
    x = images = keras.Input(image_shape, name="images")
    shared = {"wrap": wrap, "activated_shortcut": activated_shortcut}
    for i in range(num_downsamples):  # (batch, 2 r, 2 r, c) -> (batch, r, r, c')
        r, first = size >> (i + 1), i == 0
        options = {"first": first, "wide": wide or first}
        x = residual_block(x, channels[2 * r], f"down_{r}", **options, **shared)
        x = inserted[r](x) if r in inserted else x
    for i in range(1, num_extra_blocks + 1):
        options = {"downsample": False, "wide": wide}
        x = residual_block(x, channels[r], f"plain_{i}", **options, **shared)
    x = layers.ReLU(name="pool_relu")(x)
    x = global_pool(ops.cast(x, "float32"), axis=(1, 2))  # (batch, r, r, c) -> (batch, c)
    x = wrap(layers.Dense(1, name="logit", dtype="float32"))(x)
    return keras.Model(images, x, name="discriminator")


def residual_upsampling_block(
    x: Tensor, channels: int, name: str, *, norm: Norm, wrap: Wrap = no_wrap,
    upsampling: str = "nearest",
) -> Tensor:  # fmt: skip
    """Norm, ReLU, upsampling, convolution, norm, ReLU, convolution, and a shortcut:
    (batch, r, r, c) -> (batch, 2 r, 2 r, channels).

    Args:
        x: Feature maps.
        channels: Output channels.
        name: Beginning of the layers' names.
        norm: (x, name) -> normalized x.
        wrap: Applied to every layer with a kernel.
        upsampling: "nearest", as in the papers' code, or "bilinear", as in mimicry,
            https://github.com/kwotsin/mimicry.

    Raises:
        UsageError: `upsampling` is neither of the two.
    """
    if upsampling not in _UPSAMPLINGS:
        names = " or ".join(_UPSAMPLINGS)
        raise UsageError(f"upsampling must be {names}. Received: {upsampling!r}.")
    double = _UPSAMPLINGS[upsampling]
    y = layers.ReLU(name=f"{name}_relu_1")(norm(x, f"{name}_norm_1"))
    y = double(name=f"{name}_double")(y)
    y = wrap(_conv(channels, 3, f"{name}_conv_1", before_relu=True))(y)
    y = layers.ReLU(name=f"{name}_relu_2")(norm(y, f"{name}_norm_2"))
    y = wrap(_conv(channels, 3, f"{name}_conv_2", before_relu=True))(y)
    # a 1x1 convolution may come before upsampling: the same, for a quarter of the work
    x = wrap(_conv(channels, 1, f"{name}_shortcut"))(x)
    x = double(name=f"{name}_shortcut_double")(x)
    return layers.Add(name=f"{name}_add")([x, y])


def residual_block(
    x: Tensor,
    channels: int,
    name: str,
    *,
    wrap: Wrap = no_wrap,
    downsample: bool = True,
    first: bool = False,
    wide: bool = False,
    activated_shortcut: bool = False,
) -> Tensor:
    """ReLU, convolution, ReLU, convolution, mean of 2x2, and a shortcut:
    (batch, r, r, c) -> (batch, r / 2, r / 2, channels), or (batch, r, r, channels).

    Args:
        x: Feature maps.
        channels: Output channels.
        name: Beginning of the layers' names.
        wrap: Applied to every layer with a kernel.
        downsample: Whether the resolution is halved.
        first: Whether the inputs are images, of which a ReLU before would lose half.
        wide: Whether the hidden channels are those of the outputs, or else of the inputs.
        activated_shortcut: Whether the shortcut begins after the first ReLU, which mimicry and
            PyTorch-StudioGAN compute in place; in the papers' code it begins before it.
    """
    inputs = x.shape[-1]
    y = x if first else layers.ReLU(name=f"{name}_relu_1")(x)
    x = y if activated_shortcut else x
    y = wrap(_conv(channels if wide else inputs, 3, f"{name}_conv_1", before_relu=True))(y)
    y = layers.ReLU(name=f"{name}_relu_2")(y)
    y = wrap(_conv(channels, 3, f"{name}_conv_2", before_relu=True))(y)
    if downsample:
        y = layers.AveragePooling2D(2, name=f"{name}_halve")(y)
        x = layers.AveragePooling2D(2, name=f"{name}_shortcut_halve")(x)
    if downsample or inputs != channels:
        x = wrap(_conv(channels, 1, f"{name}_shortcut"))(x)
    return layers.Add(name=f"{name}_add")([x, y])


def _conv(filters: int, kernel_size: int, name: str, before_relu: bool = False) -> Conv2D:
    # Glorot's initializer, times sqrt(2) inside the blocks; the published counts have biases
    scale = 2.0 if before_relu else 1.0
    initializer = keras.initializers.VarianceScaling(scale, "fan_avg", "uniform")
    return Conv2D(filters, kernel_size, padding="same", kernel_initializer=initializer, name=name)
