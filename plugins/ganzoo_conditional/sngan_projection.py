"""SNGAN with a projection discriminator. Miyato and Koyama 2018,
https://arxiv.org/abs/1802.05637; networks for CIFAR-10: Miyato et al. 2018,
https://arxiv.org/abs/1802.05957, appendix B.4, table 4.
"""

import keras
from ganzoo_classic import residual
from ganzoo_classic.sizes import sides, widths
from keras import ops

from ganzoo import GAN
from ganzoo.layers import ConditionalBatchNormalization, SpectralNormalization

from .projection import projection


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
        image_shape: As of `sngan`, like all that follow but the classes.
        classes: Number of classes; filled from the data set.
        latent_size: Length of a latent.
        generator_width, generator_most: Channels next to the images, and the most there are.
        discriminator_width, discriminator_most: Of the discriminator's first block, and the most.
        smallest: Side at which the generator starts.
        halvings, plain_blocks: The discriminator's blocks that halve the side, and that keep it.
    """
    ups = sides("sngan-projection", image_shape, smallest)
    downs = sides("sngan-projection", image_shape, 1)

    def generator() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")

        def norm(x, side: int, name: str):
            return ConditionalBatchNormalization(classes, name=name)([x, labels])

        channels = widths(ups, generator_width, generator_most)
        images = residual.drawn(latents, channels, image_shape[-1], norm=norm)
        return keras.Model([latents, labels], images, name="generator")

    plain = residual.discriminator(
        image_shape,
        widths(downs, discriminator_width, discriminator_most),
        halvings=halvings,
        plain_blocks=plain_blocks,
        pool=ops.sum,
        wrap=SpectralNormalization,
    )
    return GAN(generator(), projection(plain, classes))
