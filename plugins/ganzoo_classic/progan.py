"""Progressive growing. Karras et al. 2018, https://arxiv.org/abs/1710.10196."""

import math

import keras
from keras import layers

from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import (
    check_minimum,
    equalized_conv,
    equalized_discriminator_head,
    resolutions,
    shape_at,
)
from ganzoo.layers import EqualizedConv2D, EqualizedDense, PixelNorm

from .progressive_growing import GrowingGAN, Growth, downsample, upsample

_GAIN = math.sqrt(2)  # He's gain of ReLU, section 4.1


@standard_settings()
def progan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 512,
    fmap_base: int = 16384,
    max_channels: int = 512,
    start_resolution: int = 4,
    stable_images: int = 800_000,
    fading_images: int = 800_000,
    drift_weight: float = 0.001,
    fused_downsample: bool = False,
) -> GrowingGAN:
    """Both networks begin with tiny images and grow, one doubling after the other.

    The networks are whole from the start, and a number, the level, says how far they have
    grown: 0 for the lowest resolution, 1 for twice that, 1.3 on the way from there to the
    next. Each resolution has layers to and from RGB, and their outputs are mixed by the level.
    So a step stays one compiled program, and a run can be stopped and resumed anywhere.

    What that costs: every step is as expensive as one at the full resolution. The paper, which
    builds larger networks as it goes, was 2 to 6 times faster for it (section 2). What grows
    here is the task, not the work.

    Args:
        image_shape: (height, width, channels); see `ganzoo.blocks.resolutions`.
        latent_size: Length of a latent.
        fmap_base: Channels times resolution; 16 channels at 1024x1024 (table 2).
        max_channels: The most channels at any resolution.
        start_resolution: Height and width at which training starts, a power of two.
        stable_images: Real images shown at each resolution before the next is faded in
            (appendix A.1).
        fading_images: Real images shown while a resolution is faded in.
        drift_weight: Weight of the mean squared logit of real images (appendix A.1).
        fused_downsample: Whether the discriminator halves before bias and activation, as the
            authors' published networks do, not after them as in table 2.
    """
    # long: the paper's networks from end to end, in the order in which they compute
    start, *others = growing = resolutions("progan", image_shape, start_resolution)
    size = others[-1]
    check_minimum(size, fmap_base=fmap_base)
    check_minimum(1, latent_size=latent_size, max_channels=max_channels)
    channels = {r: min(fmap_base // r, max_channels) for r in growing}

    def generator() -> keras.Model:
        def conv_norm(x: Tensor, filters: int, name: str) -> Tensor:
            return PixelNorm(name=f"{name}_norm")(equalized_conv(x, filters, name))  # section 4.2

        def to_rgb(x: Tensor, r: int) -> Tensor:  # no tanh: table 2, "linear"
            x = EqualizedConv2D(image_shape[-1], 1, dtype="float32", name=f"image_{r}")(x)
            return upsample(x, size // r)

        growth = Growth(name="growth", dtype="float32")
        latents = keras.Input((latent_size,), name="latents")
        x = PixelNorm(name="latents_norm")(latents)
        project = {"gain": _GAIN / start, "name": "project"}  # inputs of a 4x4 convolution
        base = (*shape_at(start, image_shape, size), channels[start])
        x = EqualizedDense(math.prod(base), **project)(x)
        x = layers.Reshape(base, name="project_shape")(x)
        x = layers.LeakyReLU(0.2, name="project_relu")(x)
        x = PixelNorm(name="project_norm")(x)
        x = conv_norm(x, channels[start], f"conv_{start}")
        image = to_rgb(x, start)
        for level, r in enumerate(others):  # (batch, r / 2, r / 2, c) -> (batch, r, r, c')
            x = layers.UpSampling2D(name=f"up_{r}")(x)
            x = conv_norm(x, channels[r], f"conv_{r}_1")
            x = conv_norm(x, channels[r], f"conv_{r}_2")
            image = growth([image, to_rgb(x, r)], at=level)
        return keras.Model(latents, image, name="generator")

    def discriminator() -> keras.Model:
        def from_rgb(images: Tensor, r: int) -> Tensor:
            return equalized_conv(images, channels[r], f"image_{r}", kernel_size=1)

        growth = Growth(name="growth")
        small = images = keras.Input(image_shape, name="images")
        x = from_rgb(images, size)
        for level, r in reversed(list(enumerate(growing[:-1]))):
            x = equalized_conv(x, channels[2 * r], f"conv_{2 * r}_1")
            x = EqualizedConv2D(channels[r], 3, gain=_GAIN, name=f"conv_{2 * r}_2")(x)
            relu = layers.LeakyReLU(0.2, name=f"conv_{2 * r}_2_relu")
            # (batch, 2 r, 2 r, c) -> (batch, r, r, c)
            x = relu(downsample(x)) if fused_downsample else downsample(relu(x))
            small = downsample(small)
            x = growth([from_rgb(small, r), x], at=level)
        x = equalized_discriminator_head(x, channels[start], f"conv_{start}")
        return keras.Model(images, x, name="discriminator")

    return GrowingGAN(
        generator(),
        discriminator(),
        levels=len(others),
        stable_images=stable_images,
        fading_images=fading_images,
        drift_weight=drift_weight,
    )
