"""The face GAN of a tutorial on CelebA: a deep generator that upsamples from 1/8 of the size."""

import keras
from keras import layers

from ganzoo import GAN
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D, Conv2DTranspose


def facegan(image_shape: tuple[int, int, int], *, latent_size: int = 32, width: int = 256) -> GAN:
    """A convolutional GAN without normalization, for faces of 128x128.

    Args:
        image_shape: (size, size, channels); the size is a multiple of 8, from 64.
        latent_size: Length of a latent.
        width: Channels of the hidden layers; the generator's last two have twice as many.
    """
    size, other, channels = image_shape
    if size != other or size % 8 or size < 64:
        raise UsageError(
            "facegan needs square images whose size is a multiple of 8, from 64. "
            f"Received: {size}x{other}."
        )

    def activated(x, layer):
        return layers.LeakyReLU(0.3, name=f"{layer.name}_relu")(layer(x))  # Keras' old default

    def generator() -> keras.Model:
        start = size // 8
        x = latents = keras.Input((latent_size,), name="latents")
        x = activated(x, layers.Dense(width // 2 * start * start, name="project"))
        x = layers.Reshape((start, start, width // 2), name="project_shape")(x)
        x = activated(x, Conv2D(width, 5, padding="same", name="mix"))
        for side in (size // 4, size // 2, size):  # doubles height and width
            x = activated(x, Conv2DTranspose(width, 4, 2, padding="same", name=f"up_{side}"))
        for i in (1, 2):
            x = activated(x, Conv2D(2 * width, 5, padding="same", name=f"refine_{i}"))
        image = {"padding": "same", "activation": "tanh", "dtype": "float32"}
        x = Conv2D(channels, 7, name="image", **image)(x)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        x = images = keras.Input(image_shape, name="images")
        x = activated(x, Conv2D(width, 3, name="look"))
        for i in range(1, 5):  # about halves height and width
            x = activated(x, Conv2D(width, 4, 2, name=f"down_{i}"))
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dropout(0.4, name="dropout")(x)
        x = layers.Dense(1, name="logit", dtype="float32")(x)
        return keras.Model(images, x, name="discriminator")

    return GAN(generator(), discriminator())
