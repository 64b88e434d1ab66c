"""SNGAN. Miyato et al. 2018, https://arxiv.org/abs/1802.05957, appendix B.4."""

from typing import Literal

from keras import ops

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import (
    batch_norm,
    channels_by_resolution,
    powers_of_two,
    residual_discriminator,
    residual_generator,
    resolutions,
)
from ganzoo.layers import SpectralNormalization


@standard_settings()
def sngan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 128,
    generator_base_channels: int = 256,
    generator_max_channels: int = 256,
    discriminator_base_channels: int = 128,
    discriminator_max_channels: int = 128,
    start_resolution: int = 4,
    num_downsamples: int = 2,
    num_extra_blocks: int = 2,
    upsampling: Literal["nearest", "bilinear"] = "nearest",
    activated_shortcut: bool = False,
    batch_norm_epsilon: float = 1e-5,
) -> GAN:
    """Residual networks; every layer of the discriminator is spectrally normalized.

    So the discriminator is a function of bounded slope, without a penalty and its second
    derivatives (section 2.1).

    One definition is the networks of all sizes. The defaults are those of table 4, for CIFAR-10:

        32    256 channels in the generator, 128 in the discriminator, 2 downsamples, 2 extra blocks
        64    64 to 1024 channels in both, 5 downsamples, no extra block
        128   64 to 1024 channels in both, 5 downsamples, 1 extra block (tables 5 and 6)

    Args:
        image_shape: (height, width, channels); see `ganzoo.blocks.resolutions`.
        latent_size: Length of a latent.
        generator_base_channels: Channels of the generator at the images' resolution; they
            double with each lower resolution.
        generator_max_channels: The most channels of the generator at any resolution.
        discriminator_base_channels: Channels of the discriminator's first block; they double,
            too.
        discriminator_max_channels: The most channels of the discriminator at any resolution.
        start_resolution: Height and width at which the generator starts, a power of two.
        num_downsamples: Blocks of the discriminator that halve the resolution.
        num_extra_blocks: Blocks of the discriminator after these, which keep the resolution.
        upsampling: How the generator doubles feature maps: "nearest", or "bilinear" as in mimicry.
        activated_shortcut: Whether the shortcuts of the discriminator begin after the first ReLU of
            their blocks, as in mimicry and PyTorch-StudioGAN, which compute it in place.
        batch_norm_epsilon: Added to the variances in batch norm; 2e-5 in the authors' code.
    """
    up = resolutions("sngan", image_shape, start_resolution)
    down = powers_of_two(up[-1])
    up = channels_by_resolution(up, generator_base_channels, generator_max_channels)
    down = channels_by_resolution(down, discriminator_base_channels, discriminator_max_channels)

    def norm(x: Tensor, resolution: int, name: str) -> Tensor:
        return batch_norm(name, batch_norm_epsilon)(x)

    generator = {"upsampling": upsampling, "norm": norm, "epsilon": batch_norm_epsilon}
    return GAN(
        residual_generator(image_shape, latent_size, up, **generator),
        residual_discriminator(
            image_shape, down, global_pool=ops.sum, wrap=SpectralNormalization,
            num_downsamples=num_downsamples, num_extra_blocks=num_extra_blocks,
            activated_shortcut=activated_shortcut,
        ),
    )  # fmt: skip
