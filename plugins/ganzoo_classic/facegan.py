"""The face GAN of a tutorial on CelebA: a deep generator that upsamples from 1/8 of the size."""

import keras
from keras import layers

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import check_minimum
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D, Conv2DTranspose


@standard_settings()
def facegan(
    image_shape: tuple[int, int, int], *, latent_size: int = 32, base_channels: int = 256
) -> GAN:
    """A convolutional GAN without normalization, for faces of 128x128.

    Args:
        image_shape: (size, size, channels); the size is a multiple of 8, from 64.
        latent_size: Length of a latent.
        base_channels: Channels of the hidden layers; the generator's first layer has half, its
            last two have twice as many. At least 2.
    """
    check_minimum(1, latent_size=latent_size)
    check_minimum(2, base_channels=base_channels)
    size, width, image_channels = image_shape
    if size != width or size % 8 or size < 64:
        raise UsageError(
            "facegan needs square images whose size is a multiple of 8, from 64. "
            f"Received: {size}x{width}."
        )

    def activate(layer: layers.Layer, x: Tensor) -> Tensor:
        return layers.LeakyReLU(0.3, name=f"{layer.name}_relu")(layer(x))  # Keras' old default

    def generator() -> keras.Model:
        start, c = size // 8, base_channels
        x = latents = keras.Input((latent_size,), name="latents")
        x = activate(layers.Dense(c // 2 * start * start, name="project"), x)
        x = layers.Reshape((start, start, c // 2), name="project_shape")(x)
        x = activate(Conv2D(c, 5, padding="same", name="mix"), x)
        for r in (size // 4, size // 2, size):  # doubles height and width
            x = activate(Conv2DTranspose(c, 4, 2, padding="same", name=f"up_{r}"), x)
        for i in (1, 2):
            x = activate(Conv2D(2 * c, 5, padding="same", name=f"refine_{i}"), x)
        output = {"padding": "same", "activation": "tanh", "dtype": "float32"}
        x = Conv2D(image_channels, 7, name="image", **output)(x)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        x = images = keras.Input(image_shape, name="images")
        x = activate(Conv2D(base_channels, 3, name="look"), x)
        for i in range(1, 5):  # about halves height and width
            x = activate(Conv2D(base_channels, 4, 2, name=f"down_{i}"), x)
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dropout(0.4, name="dropout")(x)
        x = layers.Dense(1, name="logit", dtype="float32")(x)
        return keras.Model(images, x, name="discriminator")

    return GAN(generator(), discriminator())
