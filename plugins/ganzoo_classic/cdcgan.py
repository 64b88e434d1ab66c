"""A conditional DCGAN: the networks of Radford et al. 2016, https://arxiv.org/abs/1511.06434,
told the class as in Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784, section 3.
"""

import keras
from keras import layers, ops

from ganzoo import GAN
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D, Conv2DTranspose

from .dcgan import conv, norm, normal


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
        generator_width: Channels of the generator's last hidden layer; they double towards
            the smallest images.
        discriminator_width: Channels of the discriminator's first layer; they double too.
        doublings: How often the generator doubles height and width, at least 1.
    """
    height, width, channels = image_shape
    if not 1 <= doublings <= 16 or height % 2**doublings or width % 2**doublings:
        raise UsageError(
            "cdcgan needs images whose sides can be halved `doublings` times. "
            f"Received: {height}x{width}, doublings={doublings}.",
            hint="Set architecture.doublings, or dataset.size where the data set has it.",
        )
    halvings = range(1, doublings)

    def generator() -> keras.Model:
        h, w = height >> doublings, width >> doublings
        c = generator_width << (doublings - 1)
        latents = keras.Input((latent_size,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")
        x = layers.Concatenate(name="both")([latents, ops.one_hot(labels, classes)])
        x = layers.Dense(h * w * c, use_bias=False, kernel_initializer=normal(), name="project")(x)
        x = layers.Reshape((h, w, c), name="project_shape")(x)
        x = layers.ReLU(name="project_relu")(norm("project_norm")(x))
        for i in halvings:  # (batch, h, w, c) -> (batch, 2 h, 2 w, c / 2)
            c //= 2
            x = Conv2DTranspose(c, name=f"up_{i}", **conv())(x)
            x = layers.ReLU(name=f"up_{i}_relu")(norm(f"up_{i}_norm")(x))
        x = Conv2DTranspose(channels, name="up_image", **conv())(x)
        x = layers.Activation("tanh", name="image", dtype="float32")(x)
        return keras.Model([latents, labels], x, name="generator")

    def discriminator() -> keras.Model:
        c = discriminator_width
        images = keras.Input(image_shape, name="images")
        labels = keras.Input((), dtype="int32", name="labels")
        planes = layers.RepeatVector(height * width, name="planes")(ops.one_hot(labels, classes))
        planes = layers.Reshape((height, width, classes), name="planes_shape")(planes)
        x = layers.Concatenate(name="both")([images, planes])
        x = layers.LeakyReLU(0.2, name="down_image_relu")(Conv2D(c, name="down_image", **conv())(x))
        for i in reversed(halvings):  # (batch, h, w, c) -> (batch, h / 2, w / 2, 2 c)
            c *= 2
            x = Conv2D(c, name=f"down_{i}", **conv())(x)
            x = layers.LeakyReLU(0.2, name=f"down_{i}_relu")(norm(f"down_{i}_norm")(x))
        x = layers.Flatten(name="flatten")(x)
        logit = {"kernel_initializer": normal(), "use_bias": False, "dtype": "float32"}
        x = layers.Dense(1, name="logit", **logit)(x)
        return keras.Model([images, labels], x, name="discriminator")

    return GAN(generator(), discriminator())
