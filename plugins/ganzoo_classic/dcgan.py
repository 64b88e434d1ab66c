"""DCGAN. Radford et al. 2016, https://arxiv.org/abs/1511.06434, section 3 and figure 1."""

import keras
from keras import layers

from ganzoo import GAN
from ganzoo.layers import BatchNormalization, Conv2D, Conv2DTranspose

from .sizes import sides


def dcgan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 100,
    generator_width: int = 64,
    discriminator_width: int = 64,
    smallest: int = 4,
    discriminator_norm: bool = True,
) -> GAN:
    """DCGAN for square images whose size is a power of two, from 8.

    Args:
        image_shape: (size, size, channels).
        latent_size: Length of a latent.
        generator_width: Channels of the generator's last hidden layer; they double towards
            the smallest images.
        discriminator_width: Channels of the discriminator's first layer; they double too.
        smallest: Height and width at which the generator starts and the discriminator ends,
            a power of two; the paper's is 4.
        discriminator_norm: Whether the discriminator has batch norm, or biases in its place.
            With a gradient penalty it should have none: Gulrajani et al. 2017,
            https://arxiv.org/abs/1704.00028, section 4.
    """
    size, _, channels = image_shape
    between = sides("dcgan", image_shape, smallest)[1:-1]  # 8, 16, ..., size / 2

    def generator() -> keras.Model:
        c = generator_width * size // (2 * smallest)  # 64x64: 512 channels at 4x4
        latents = keras.Input((latent_size,), name="latents")
        project = {"use_bias": False, "kernel_initializer": normal(), "name": "project"}
        x = layers.Dense(smallest**2 * c, **project)(latents)
        x = layers.Reshape((smallest, smallest, c), name="project_shape")(x)
        x = layers.ReLU(name="project_relu")(norm("project_norm")(x))
        for side in between:  # (batch, side / 2, side / 2, c) -> (batch, side, side, c / 2)
            c //= 2
            x = Conv2DTranspose(c, name=f"up_{side}", **conv())(x)
            x = layers.ReLU(name=f"up_{side}_relu")(norm(f"up_{side}_norm")(x))
        x = Conv2DTranspose(channels, name=f"up_{size}", **conv())(x)
        x = layers.Activation("tanh", name="image", dtype="float32")(x)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        c = discriminator_width
        images = keras.Input(image_shape, name="images")
        x = Conv2D(c, name=f"down_{size}", **conv())(images)  # no batch norm: section 3
        x = layers.LeakyReLU(0.2, name=f"down_{size}_relu")(x)
        for side in reversed(between):  # (batch, side, side, c) -> (batch, side/2, side/2, 2c)
            c *= 2
            hidden = {**conv(), "use_bias": not discriminator_norm}
            x = Conv2D(c, name=f"down_{side}", **hidden)(x)
            x = norm(f"down_{side}_norm")(x) if discriminator_norm else x
            x = layers.LeakyReLU(0.2, name=f"down_{side}_relu")(x)
        x = layers.Flatten(name="flatten")(x)  # (batch, 4, 4, c) -> (batch, 16 c)
        logit = {"kernel_initializer": normal(), "use_bias": False, "dtype": "float32"}
        x = layers.Dense(1, name="logit", **logit)(x)
        return keras.Model(images, x, name="discriminator")

    return GAN(generator(), discriminator())


def normal(mean: float = 0.0):
    """The initializer of every weight: section 4."""
    return keras.initializers.RandomNormal(mean, stddev=0.02)


def conv() -> dict:
    """What all convolutions share. No bias: batch norm follows, or as in the published count."""
    shape = {"kernel_size": 4, "strides": 2, "padding": "same"}
    return {**shape, "use_bias": False, "kernel_initializer": normal()}


def norm(name: str) -> layers.Layer:
    """Batch norm whose scale starts around 1: section 4."""
    start = {"gamma_initializer": normal(1.0)}
    return BatchNormalization(momentum=0.9, epsilon=1e-5, name=name, **start)
