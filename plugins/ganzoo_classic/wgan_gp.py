"""WGAN-GP's residual networks. Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028,
appendix F. The penalty that the paper is about stands in the recipe: `gradient_penalty`.
"""

from keras import ops

from ganzoo import GAN

from . import residual
from .sizes import sides, widths


def wgan_gp(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 128,
    generator_width: int = 128,
    generator_most: int = 128,
    discriminator_width: int = 128,
    discriminator_most: int = 128,
    smallest: int = 4,
    halvings: int = 2,
    plain_blocks: int = 2,
) -> GAN:
    """A residual generator with batch norm and a residual critic without any normalization.

    Batch norm would make one critic's output depend on the other images of a batch, and the
    penalty, the slope at one image, would lose its meaning (section 4).

    The defaults are the paper's networks for CIFAR-10, which are equally wide everywhere; for
    larger images, let the widths rise: `generator_width=64, generator_most=512`.

    Args:
        image_shape: As of `sngan`, like all that follow; the discriminator is the critic here.
        latent_size: Length of a latent.
        generator_width, generator_most: Channels next to the images, and the most there are.
        discriminator_width, discriminator_most: Of the critic's first block, and the most.
        smallest: Side at which the generator starts.
        halvings, plain_blocks: The critic's blocks that halve the side, and that keep it.
    """
    ups = sides("wgan-gp", image_shape, smallest)
    downs = sides("wgan-gp", image_shape, 1)
    return GAN(
        residual.generator(image_shape, latent_size, widths(ups, generator_width, generator_most)),
        residual.discriminator(
            image_shape,
            widths(downs, discriminator_width, discriminator_most),
            halvings=halvings,
            plain_blocks=plain_blocks,
            pool=ops.mean,
        ),
    )
