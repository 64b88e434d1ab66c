"""SNGAN with a projection discriminator. Miyato and Koyama 2018,
https://arxiv.org/abs/1802.05637; networks for CIFAR-10: Miyato et al. 2018,
https://arxiv.org/abs/1802.05957, appendix B.4, table 4.
"""

import keras
from ganzoo_classic import residual as unconditional
from ganzoo_classic.sizes import sides, widths
from keras import ops

from ganzoo import GAN
from ganzoo.layers import ConditionalBatchNormalization, SpectralNormalization

from .residual import drawn, projection


def sngan_projection(
    image_shape: tuple[int, int, int],
    classes: int,
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
    """SNGAN's residual networks, told the class.

    The generator's batch norm has scales and offsets of each class; the discriminator adds to
    its logit how well the image's features agree with the class. The defaults are the networks
    for CIFAR-10; for others, see `sngan`.

    Args:
        image_shape: (size, size, channels); the size is a power of two from 8.
        classes: Number of classes; filled from the data set.
        latent_size: Length of a latent.
        generator_width: Channels next to the images; they double with each halving of the side.
        generator_most: The most that they become.
        discriminator_width: Of the discriminator's first block; they double, too.
        discriminator_most: The most that they become.
        smallest: Side at which the generator starts, a power of two.
        halvings: Blocks of the discriminator that halve the side.
        plain_blocks: Blocks of the discriminator that come after these and keep it.
    """
    ups = sides("sngan-projection", image_shape, smallest)
    downs = sides("sngan-projection", image_shape, 1)

    def generator() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")

        def norm(x, side: int, name: str):
            return ConditionalBatchNormalization(classes, name=name)([x, labels])

        channels = widths(ups, generator_width, generator_most)
        images = drawn(latents, channels, image_shape[-1], norm=norm)
        return keras.Model([latents, labels], images, name="generator")

    plain = unconditional.discriminator(
        image_shape,
        widths(downs, discriminator_width, discriminator_most),
        halvings=halvings,
        plain_blocks=plain_blocks,
        pool=ops.sum,
        wrap=SpectralNormalization,
    )
    return GAN(generator(), projection(plain, classes))
