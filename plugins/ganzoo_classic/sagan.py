"""SAGAN: self-attention in both players. Zhang et al. 2019, https://arxiv.org/abs/1805.08318.

The two learning rates of section 4.2 stand in the recipe: 1e-4 and 4e-4.
"""

from keras import ops

from ganzoo import GAN
from ganzoo.errors import UsageError
from ganzoo.layers import SelfAttention, SpectralNormalization

from . import residual
from .sizes import sides, widths


def sagan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 128,
    generator_width: int = 64,
    generator_most: int = 1024,
    discriminator_width: int = 64,
    discriminator_most: int = 1024,
    attention: int = 32,
    smallest: int = 4,
    halvings: int | None = None,
    plain_blocks: int = 1,
) -> GAN:
    """SNGAN's networks with one layer of self-attention in each and spectral norm in both.

    Convolutions see a neighborhood; attention lets every place look at every other
    (section 3). Spectral norm in the generator, too, keeps its slopes in bounds (section 4.1).

    The defaults at 128x128 are the authors' networks without the classes: their batch norm has
    scales and offsets of each class, their discriminator a vector of 1,024 numbers.

    Args:
        image_shape: As of `sngan`, like all that is not said here.
        latent_size: Length of a latent.
        generator_width, generator_most: Channels next to the images, and the most there are.
        discriminator_width, discriminator_most: Of the discriminator's first block, and the most.
        attention: The side of the images between whose places attention is paid, in small
            images at most half their size. 32 was best in the paper (table 1).
        smallest: Side at which the generator starts.
        halvings, plain_blocks: The discriminator's blocks that halve the side, by default as
            many as lead to 4x4, and that keep it.
    """
    ups, downs = sides("sagan", image_shape, smallest), sides("sagan", image_shape, 1)
    halvings = image_shape[0].bit_length() - 3 if halvings is None else halvings
    place = min(attention, image_shape[0] // 2)
    if place not in ups or place < image_shape[0] >> halvings:
        raise UsageError(
            "attention must be a power of two, a side of images in both networks. "
            f"Received: attention={attention}, smallest={smallest}, halvings={halvings}."
        )
    return GAN(
        residual.generator(
            image_shape,
            latent_size,
            widths(ups, generator_width, generator_most),
            wrap=SpectralNormalization,
            between={place: SelfAttention(name="attention")},
        ),
        residual.discriminator(
            image_shape,
            widths(downs, discriminator_width, discriminator_most),
            halvings=halvings,
            plain_blocks=plain_blocks,
            pool=ops.sum,
            wrap=SpectralNormalization,
            between={place: SelfAttention(name="attention")},
            wide=True,
        ),
    )
