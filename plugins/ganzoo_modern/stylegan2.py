"""StyleGAN2. Karras et al. 2020, https://arxiv.org/abs/1912.04958, configuration F.

With `regularizers = [{ name = "ada" }]` in the recipe's `[gan]` it is StyleGAN2-ADA: Karras et al.
2020, https://arxiv.org/abs/2006.06676. How it is trained is in `stylegan2_training.py`.
"""

import functools
import itertools
import math
from typing import Literal

import keras
from keras import layers, ops

from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
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
from .stylegan2_training import StyleGAN2

_GAIN = math.sqrt(2)  # of leaky ReLU; after it, so that it multiplies biases, too
_MAPPING_RATE = 0.01  # StyleGAN, https://arxiv.org/abs/1812.04948, appendix C
_NOISES = ["latent", "constant", "none"]


@standard_settings()
def stylegan2(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 512,
    style_size: int = 512,
    mapping_layers: int = 8,
    fmap_base: int = 32768,
    max_channels: int = 512,
    noise: Literal["latent", "constant", "none"] = "latent",
    residual: bool = True,
    mbstd_group_size: int = 4,
    style_mixing_prob: float | dict = 0.9,
    crossover: Literal["batch", "image"] = "batch",
    second_style: Literal["fresh", "neighbor"] = "fresh",
    path_length_weight: float = 2.0,
    path_length_interval: int = 4,
    path_length_batch_shrink: int = 2,
) -> StyleGAN2:
    """Latents are mapped to styles, which scale the channels of every convolution.

    The generator sums RGB images of all resolutions (output skips, figure 7 b), the
    discriminator is residual (figure 7 c); neither grows.

    Args:
        image_shape: (height, width, channels); see `ganzoo.blocks.resolutions`.
        latent_size: Length of a latent.
        style_size: Length of a style, w in the paper.
        mapping_layers: Dense layers between the two; 8 in the paper.
        fmap_base: Channels times resolution; 32 channels at 1024x1024 (configuration F).
        max_channels: The most channels at any resolution.
        noise: Inputs of the noise layers: "latent", a function of the latent, so that a latent is
            one image; "constant", as in the authors' code the same maps for all images but in
            training; or "none". The paper has new noise for each image.
        residual: Whether the discriminator's blocks have shortcuts.
        mbstd_group_size: Images per group of the minibatch standard deviation.
        style_mixing_prob: Probability of two styles in training, in [0, 1]; or a schedule.
        crossover: What draws whether and where a second style begins: the batch, as in the
            authors' code, or each image.
        second_style: The second style: "fresh", of a latent of its own, or "neighbor", of the
            next latent in the batch, which costs nothing.
        path_length_weight: Weight of the path length regularization; 0 for none. 2 is the
            paper's gamma_pl.
        path_length_interval: Steps from one path length regularization to the next
            (section 3.1).
        path_length_batch_shrink: Path lengths are of a batch that is so many times smaller;
            2 in appendix B.
    """
    check_minimum(
        1, latent_size=latent_size, style_size=style_size, mapping_layers=mapping_layers,
        max_channels=max_channels, mbstd_group_size=mbstd_group_size,
    )  # fmt: skip
    channels = channels_of(image_shape, fmap_base, max_channels)
    mapping = mapping_network(latent_size, style_size, mapping_layers)
    synthesis = synthesis_network(image_shape, channels, latent_size, style_size, noise)
    return StyleGAN2(
        generator_network(mapping, synthesis),
        discriminator_network(image_shape, channels, residual, mbstd_group_size),
        style_mixing_prob=style_mixing_prob,
        crossover=crossover,
        second_style=second_style,
        path_length_weight=path_length_weight,
        path_length_interval=path_length_interval,
        path_length_batch_shrink=path_length_batch_shrink,
    )


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
