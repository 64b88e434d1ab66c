"""My GAN. Author and Author 2026, https://arxiv.org/abs/0000.00000, section 3."""

import keras
from keras import layers

from ganzoo import GAN
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D, Conv2DTranspose


def my_gan(image_shape: tuple[int, int, int], *, latent_size: int = 64, width: int = 64) -> GAN:
    """A small convolutional GAN to begin with: replace it by your paper's.

    Args:
        image_shape: (size, size, channels); the size is a power of two from 8. Filled from
            the data set.
        latent_size: Length of a latent.
        width: Channels of the layers next to the image; twice as many at each half of the size.
    """
    size, other, channels = image_shape
    if size != other or size < 8 or size & (size - 1):
        raise UsageError(
            "my-gan needs square images whose size is a power of two from 8. "
            f"Received: {size}x{other}.",
            hint="Set dataset.size, where the data set has it, to 32 or 64.",
        )
    sides = [2**i for i in range(2, size.bit_length())]  # 4, 8, ..., size
    conv = {"kernel_size": 4, "strides": 2, "padding": "same"}

    def generator() -> keras.Model:
        c = width * size // 8  # at 4x4
        x = latents = keras.Input((latent_size,), name="latents")
        x = layers.Dense(4 * 4 * c, name="project")(x)
        x = layers.Reshape((4, 4, c), name="project_shape")(x)
        x = layers.LeakyReLU(0.2, name="project_relu")(x)
        for side in sides[1:-1]:  # (batch, side / 2, side / 2, c) -> (batch, side, side, c / 2)
            c //= 2
            x = Conv2DTranspose(c, name=f"up_{side}", **conv)(x)
            x = layers.LeakyReLU(0.2, name=f"up_{side}_relu")(x)
        x = Conv2DTranspose(channels, name=f"up_{size}", **conv)(x)
        x = layers.Activation("tanh", name="image", dtype="float32")(x)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        c = width
        x = images = keras.Input(image_shape, name="images")
        for side in reversed(sides[1:]):  # (batch, side, side, .) -> (batch, side / 2, side / 2, c)
            x = Conv2D(c, name=f"down_{side}", **conv)(x)
            x = layers.LeakyReLU(0.2, name=f"down_{side}_relu")(x)
            c *= 2
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(1, name="logit", dtype="float32")(x)
        return keras.Model(images, x, name="discriminator")

    return GAN(generator(), discriminator())
