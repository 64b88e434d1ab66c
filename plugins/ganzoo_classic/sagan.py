"""SAGAN: self-attention in both networks. Zhang et al. 2019, https://arxiv.org/abs/1805.08318.

The two learning rates of section 4.2 stand in the recipe: 1e-4 and 4e-4.
"""

from keras import ops

from ganzoo import GAN
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import (
    channels_by_resolution,
    max_downsamples,
    powers_of_two,
    residual_discriminator,
    residual_generator,
    resolutions,
)
from ganzoo.errors import UsageError
from ganzoo.layers import SelfAttention, SpectralNormalization


@standard_settings()
def sagan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 128,
    generator_base_channels: int = 64,
    generator_max_channels: int = 1024,
    discriminator_base_channels: int = 64,
    discriminator_max_channels: int = 1024,
    attention_resolution: int = 32,
    start_resolution: int = 4,
    num_downsamples: int | None = None,
    num_extra_blocks: int = 1,
) -> GAN:
    """SNGAN's networks with one layer of self-attention in each and spectral norm in both.

    Convolutions see a neighborhood; attention lets every pixel look at every other (section 3).
    Spectral norm in the generator, too, keeps its slopes in bounds (section 4.1).

    The defaults at 128x128 are the authors' networks without the classes: their batch norm has
    scales and offsets of each class, their discriminator a vector of 1,024 numbers.

    Args:
        image_shape: (height, width, channels); see `ganzoo.blocks.resolutions`.
        latent_size: Length of a latent.
        generator_base_channels: Channels of the generator at the images' resolution; they
            double with each lower resolution.
        generator_max_channels: The most channels of the generator at any resolution.
        discriminator_base_channels: Channels of the discriminator's first block; they double,
            too.
        discriminator_max_channels: The most channels of the discriminator at any resolution.
        attention_resolution: Height and width of the feature maps to which self-attention is
            applied, in small images at most half their size. 32 was best in the paper (table 1).
        start_resolution: Height and width at which the generator starts, a power of two.
        num_downsamples: Blocks of the discriminator that halve the resolution, by default as
            many as lead to 4x4.
        num_extra_blocks: Blocks of the discriminator after these, which keep the resolution.
    """
    up = resolutions("sagan", image_shape, start_resolution)
    size, down = up[-1], powers_of_two(up[-1])
    if num_downsamples is None:
        num_downsamples = min(size.bit_length() - 3, max_downsamples(image_shape))
    attended = min(attention_resolution, size // 2)
    if attended not in up or num_downsamples < 1 or attended < size >> num_downsamples:
        raise UsageError(
            "attention_resolution must be a power of two, a resolution of both networks. "
            f"Received: attention_resolution={attention_resolution}, "
            f"start_resolution={start_resolution}, num_downsamples={num_downsamples}."
        )
    return GAN(
        residual_generator(
            image_shape,
            latent_size,
            channels_by_resolution(up, generator_base_channels, generator_max_channels),
            wrap=SpectralNormalization,
            inserted={attended: SelfAttention(name="attention")},
        ),
        residual_discriminator(
            image_shape,
            channels_by_resolution(down, discriminator_base_channels, discriminator_max_channels),
            num_downsamples=num_downsamples,
            num_extra_blocks=num_extra_blocks,
            global_pool=ops.sum,
            wrap=SpectralNormalization,
            inserted={attended: SelfAttention(name="attention")},
            wide=True,
        ),
    )
