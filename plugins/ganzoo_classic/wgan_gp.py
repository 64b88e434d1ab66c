"""WGAN-GP's residual networks. Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028,
appendix F. The penalty that the paper is about stands in the recipe: `gradient_penalty`.
"""

from typing import Literal

from keras import ops

from ganzoo import GAN
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import (
    channels_by_resolution,
    powers_of_two,
    residual_discriminator,
    residual_generator,
    resolutions,
)


@standard_settings()
def wgan_gp(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 128,
    generator_base_channels: int = 128,
    generator_max_channels: int = 128,
    discriminator_base_channels: int = 128,
    discriminator_max_channels: int = 128,
    start_resolution: int = 4,
    num_downsamples: int = 2,
    num_extra_blocks: int = 2,
    upsampling: Literal["nearest", "bilinear"] = "nearest",
    activated_shortcut: bool = False,
) -> GAN:
    """A residual generator with batch norm and a residual critic without any normalization.

    Batch norm would make one critic's output depend on the other images of a batch, and the
    penalty, the slope at one image, would lose its meaning (section 4).

    The defaults are the paper's networks for CIFAR-10, which are equally wide everywhere. For
    larger images, let the channels grow: 64 for both `..._base_channels`, 512 for both
    `..._max_channels`.

    Args:
        image_shape: (height, width, channels); see `ganzoo.blocks.resolutions`.
        latent_size: Length of a latent.
        generator_base_channels: Channels of the generator at the images' resolution; they
            double with each lower resolution.
        generator_max_channels: The most channels of the generator at any resolution.
        discriminator_base_channels: Channels of the critic's first block; they double, too.
        discriminator_max_channels: The most channels of the critic at any resolution.
        start_resolution: Height and width at which the generator starts, a power of two.
        num_downsamples: Blocks of the critic that halve the resolution.
        num_extra_blocks: Blocks of the critic after these, which keep the resolution.
        upsampling: How the generator doubles feature maps: "nearest", or "bilinear" as in mimicry.
        activated_shortcut: Whether the shortcuts of the critic begin after the first ReLU of
            their blocks, as in mimicry and PyTorch-StudioGAN, which compute it in place.
    """
    up = resolutions("wgan-gp", image_shape, start_resolution)
    down = powers_of_two(up[-1])
    up = channels_by_resolution(up, generator_base_channels, generator_max_channels)
    down = channels_by_resolution(down, discriminator_base_channels, discriminator_max_channels)
    return GAN(
        residual_generator(image_shape, latent_size, up, upsampling=upsampling),
        residual_discriminator(
            image_shape, down, global_pool=ops.mean,
            num_downsamples=num_downsamples, num_extra_blocks=num_extra_blocks,
            activated_shortcut=activated_shortcut,
        ),
    )  # fmt: skip
