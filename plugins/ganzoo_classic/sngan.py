"""SNGAN. Miyato et al. 2018, https://arxiv.org/abs/1802.05957, appendix B.4."""

from keras import ops

from ganzoo import GAN
from ganzoo.layers import SpectralNormalization

from . import residual
from .sizes import sides, widths


def sngan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 128,
    generator_width: int = 256,
    generator_most: int = 256,
    discriminator_width: int = 128,
    discriminator_most: int = 128,
    smallest: int = 4,
    halvings: int = 2,
    plain_blocks: int = 2,
) -> GAN:
    """Residual networks; every layer of the discriminator is spectrally normalized.

    So the discriminator is a function of bounded slope, without a penalty and its second
    derivatives (section 2.1).

    One definition is the networks of all sizes. The defaults are those of table 4, for CIFAR-10:

        32    generator 256 everywhere, discriminator 128 everywhere, 2 halvings, 2 plain blocks
        64    width 64, most 1024 for both, 5 halvings, no plain block
        128   width 64, most 1024 for both, 5 halvings, 1 plain block (tables 5 and 6)

    Args:
        image_shape: (size, size, channels); the size is a power of two from 8.
        latent_size: Length of a latent.
        generator_width: Channels next to the images; they double with each halving of the side.
        generator_most: The most that they become.
        discriminator_width: Of the discriminator's first block; they double, too.
        discriminator_most: The most that they become.
        smallest: Side at which the generator starts, a power of two.
        halvings: Blocks of the discriminator that halve the side.
        plain_blocks: Blocks of the discriminator that come after these and keep it.
    """
    ups = sides("sngan", image_shape, smallest)
    downs = sides("sngan", image_shape, 1)
    return GAN(
        residual.generator(image_shape, latent_size, widths(ups, generator_width, generator_most)),
        residual.discriminator(
            image_shape,
            widths(downs, discriminator_width, discriminator_most),
            halvings=halvings,
            plain_blocks=plain_blocks,
            pool=ops.sum,
            wrap=SpectralNormalization,
        ),
    )
