"""A conditional DCGAN: the networks of Radford et al. 2016, https://arxiv.org/abs/1511.06434,
told the class as in Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784, section 3.
"""

import keras
from keras import layers, ops

from ganzoo import GAN

from .dcgan import judged, norm, normal, raised
from .sizes import halved


def cdcgan(
    image_shape: tuple[int, int, int],
    classes: int,
    *,
    latent_size: int = 100,
    generator_width: int = 64,
    discriminator_width: int = 64,
    doublings: int = 2,
) -> GAN:
    """A DCGAN that draws the class it is asked for.

    Args:
        image_shape: (height, width, channels); filled from the data set.
        classes: Number of classes; filled from the data set.
        latent_size: Length of a latent.
        generator_width: Channels of the generator's last hidden layer; they double toward
            the smallest images.
        discriminator_width: Channels of the discriminator's first layer; they double too.
        doublings: How often the generator doubles height and width, at least 1.
    """
    height, width, channels = image_shape
    h, w = halved("cdcgan", image_shape, doublings)
    halvings = range(1, doublings)

    def generator() -> keras.Model:
        c = generator_width << (doublings - 1)
        latents = keras.Input((latent_size,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")
        x = layers.Concatenate(name="both")([latents, ops.one_hot(labels, classes)])
        x = layers.Dense(h * w * c, use_bias=False, kernel_initializer=normal(), name="project")(x)
        x = layers.Reshape((h, w, c), name="project_shape")(x)
        x = layers.ReLU(name="project_relu")(norm("project_norm")(x))
        x = raised(x, [*(f"up_{i}" for i in halvings), "up_image"], channels)
        return keras.Model([latents, labels], x, name="generator")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        labels = keras.Input((), dtype="int32", name="labels")
        planes = layers.RepeatVector(height * width, name="planes")(ops.one_hot(labels, classes))
        planes = layers.Reshape((height, width, classes), name="planes_shape")(planes)
        x = layers.Concatenate(name="both")([images, planes])
        names = ["down_image", *(f"down_{i}" for i in reversed(halvings))]
        x = judged(x, discriminator_width, names)
        return keras.Model([images, labels], x, name="discriminator")

    return GAN(generator(), discriminator())
