"""The networks of StyleGAN2, configuration F. Karras et al. 2020,
https://arxiv.org/abs/1912.04958.
"""

import functools
import itertools
import math

import keras
from keras import layers, ops

from ganzoo.backend import Tensor
from ganzoo.blocks import (
    check_minimum,
    equalized_conv,
    equalized_discriminator_head,
    resolutions,
    shape_at,
)
from ganzoo.errors import UsageError
from ganzoo.layers import (
    Bias,
    EqualizedConv2D,
    EqualizedDense,
    LatentNoise,
    ModulatedConv2D,
    PixelNorm,
    Resample2D,
)

from .style_layers import AverageStyle, Constant, ConstantNoise, NoisyActivation

_GAIN = math.sqrt(2)  # of leaky ReLU; after it, so that it multiplies biases, too
_MAPPING_RATE = 0.01  # StyleGAN, https://arxiv.org/abs/1812.04948, appendix C
_NOISES = ["latent", "constant", "none"]


def channels_of(
    image_shape: tuple[int, int, int], fmap_base: int, max_channels: int
) -> dict[int, int]:
    """Channels by resolution, from 4 to the images'; arguments as in `stylegan2`."""
    up = resolutions("stylegan2", image_shape)
    check_minimum(up[-1], fmap_base=fmap_base)
    return {r: min(fmap_base // r, max_channels) for r in up}


def generator_network(mapping: keras.Model, synthesis: keras.Model) -> keras.Model:
    """Latents (batch, latent_size), and whatever else the mapping takes -> images, all
    convolutions with one style.
    """
    inputs = [keras.Input(x.shape[1:], dtype=x.dtype, name=x.name) for x in mapping.inputs]
    latents, *others = inputs
    inputs = inputs if others else latents
    style = AverageStyle(name="average_style")(mapping(inputs))
    styles = ops.repeat(style[:, None], synthesis.input_shape[0][1], axis=1)
    return keras.Model(inputs, synthesis([styles, latents]), name="generator")


def mapping_network(latent_size: int, style_size: int, mapping_layers: int) -> keras.Model:
    """Latents (batch, latent_size) -> styles (batch, style_size), float32."""
    latents = keras.Input((latent_size,), name="latents")
    x = PixelNorm(name="latents_norm")(latents)
    x = mapping_body(x, style_size, mapping_layers)
    return keras.Model(latents, x, name="mapping")


def mapping_body(x: Tensor, units: int, count: int) -> Tensor:
    """Dense layers that learn slowly: (batch, d) -> (batch, units), float32."""
    for i in range(1, count + 1):
        scale = {"gain": _GAIN, "lr_multiplier": _MAPPING_RATE, "bias_gain": True}
        x = EqualizedDense(units, name=f"map_{i}", **scale)(x)
        x = layers.LeakyReLU(0.2, name=f"map_{i}_relu")(x)
    return layers.Activation("linear", name="style", dtype="float32")(x)


def synthesis_network(
    image_shape: tuple[int, int, int], channels: dict[int, int], latent_size: int,
    style_size: int, noise: str,
) -> keras.Model:  # fmt: skip
    """Styles (batch, count, style_size), one for each convolution, and latents (batch,
    latent_size), of which the noise is a function -> images.

    Args:
        image_shape: (height, width, channels).
        channels: Channels by resolution, from 4 to that of the images.
        latent_size: Length of a latent.
        style_size: Length of a style.
        noise: See `stylegan2`.

    Raises:
        UsageError: `noise` is unknown.
    """
    if noise not in _NOISES:
        raise UsageError(f"noise must be one of {_NOISES}. Received: {noise!r}.")
    count = 2 * len(channels)  # 2 log2(size) - 2
    styles = keras.Input((count, style_size), name="styles")
    latents = keras.Input((latent_size,), name="noise_latents")
    image_channels, size = image_shape[-1], max(channels)
    shapes = {r: shape_at(r, image_shape, size) for r in channels}
    maps = noise_maps(latents, shapes, noise)
    x = Constant((*shapes[4], channels[4]), name="constant")(latents)
    x = styled_conv(x, styles[:, 0], maps, channels[4], "conv_4")
    image = to_rgb(x, styles[:, 1], image_channels, "image_4")
    for i, r in enumerate(list(channels)[1:]):  # (batch, r / 2, r / 2, c) -> (batch, r, r, c')
        first, second = f"conv_{r}_1", f"conv_{r}_2"
        at = 2 * i + 1  # the RGB layer shares its style with the next resolution's first layer
        x = styled_conv(x, styles[:, at], maps, channels[r], first, up=True)
        x = styled_conv(x, styles[:, at + 1], maps, channels[r], second)
        image = Resample2D("up", name=f"image_{r}_up", dtype="float32")(image)
        rgb = to_rgb(x, styles[:, at + 2], image_channels, f"image_{r}")
        image = layers.Add(name=f"image_{r}_sum", dtype="float32")([image, rgb])
    return keras.Model([styles, latents], image, name="synthesis")


def noise_maps(latents: Tensor, shapes: dict[int, tuple[int, int]], kind: str) -> dict[str, Tensor]:
    """Noise (batch, h, w, 1) of every styled convolution that has some, by its name.

    One layer draws the noise of all, which is faster.

    Args:
        latents: (batch, latent_size).
        shapes: Height and width by resolution.
        kind: See `stylegan2`.
    """
    if kind == "none":
        return {}
    start, *others = shapes
    names = {f"conv_{start}": shapes[start]}
    names |= {f"conv_{r}_{i}": shapes[r] for r in others for i in (1, 2)}
    ends = list(itertools.accumulate(map(math.prod, names.values())))
    noise = LatentNoise((ends[-1],), stream=1, name="noise")(latents)
    parts = ops.split(noise, ends[:-1], axis=1)
    layer = ConstantNoise if kind == "constant" else layers.Reshape
    return {
        name: layer((*shape, 1), name=f"{name}_noise")(part)
        for (name, shape), part in zip(names.items(), parts, strict=True)
    }


def styled_conv(
    x: Tensor, style: Tensor, noise: dict[str, Tensor], filters: int, name: str, up: bool = False
) -> Tensor:
    """Modulated 3x3 convolution, its noise, bias and leaky ReLU: figure 2 (c)."""
    x = modulated_conv(x, style, filters, name, up=up)
    if name in noise:
        return NoisyActivation(name=f"{name}_relu")([x, noise[name]])
    x = layers.LeakyReLU(0.2, name=f"{name}_leaky")(Bias(name=f"{name}_relu")(x))
    return layers.Rescaling(_GAIN, name=f"{name}_gain")(x)


def to_rgb(x: Tensor, style: Tensor, image_channels: int, name: str) -> Tensor:
    """Feature maps (batch, r, r, c) -> images (batch, r, r, image_channels), float32."""
    options = {"kernel_size": 1, "demodulate": False, "dtype": "float32"}
    x = modulated_conv(x, style, image_channels, name, **options)
    return Bias(name=f"{name}_bias", dtype="float32")(x)


def modulated_conv(x: Tensor, style: Tensor, filters: int, name: str, **options) -> Tensor:
    """Modulated convolution by an affine map of the style (batch, style_size)."""
    affine = EqualizedDense(x.shape[-1], bias_init=1.0, name=f"{name}_style")
    return ModulatedConv2D(filters, name=name, **options)([x, affine(style)])


def discriminator_network(
    image_shape: tuple[int, int, int],
    channels: dict[int, int],
    residual: bool,
    mbstd_group_size: int,
) -> keras.Model:
    """Images -> logits (batch, 1), float32. Arguments as in `stylegan2`, channels by resolution."""
    images = keras.Input(image_shape, name="images")
    x = discriminator_body(images, channels, residual, mbstd_group_size)
    return keras.Model(images, x, name="discriminator")


def discriminator_body(
    images: Tensor, channels: dict[int, int], residual: bool, mbstd_group_size: int, **head
) -> Tensor:
    """Images -> logits (batch, 1), or what `equalized_discriminator_head` is asked for."""
    conv = functools.partial(equalized_conv, bias_gain=True)
    x = conv(images, channels[max(channels)], "image", kernel_size=1)
    for r in reversed(list(channels)[1:]):  # (batch, r, r, c) -> (batch, r / 2, r / 2, c')
        y = conv(x, channels[r], f"conv_{r}_1")
        # a pixel more than before, so that the convolution treats all borders alike
        y = Resample2D("none", pads=(2, 2), name=f"conv_{r}_blur")(y)
        y = conv(y, channels[r // 2], f"conv_{r}_2", strides=2, padding="valid")
        if residual:
            x = Resample2D("down", name=f"skip_{r}_down")(x)
            x = EqualizedConv2D(channels[r // 2], 1, use_bias=False, name=f"skip_{r}")(x)
            y = layers.Add(name=f"sum_{r}")([x, y])
            y = layers.Rescaling(1 / _GAIN, name=f"sum_{r}_scale")(y)  # section 4.1
        x = y
    head |= {"mbstd_group_size": mbstd_group_size, "bias_gain": True}
    return equalized_discriminator_head(x, channels[4], "conv_4", **head)
