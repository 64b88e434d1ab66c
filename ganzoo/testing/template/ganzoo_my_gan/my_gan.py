"""My GAN. Author and Author 2026, https://arxiv.org/abs/0000.00000, section 3."""

import keras
from keras import layers

from ganzoo import GAN
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import check_minimum, resolutions, shape_at
from ganzoo.layers import Conv2D, Conv2DTranspose


@standard_settings()
def my_gan(
    image_shape: tuple[int, int, int], *, latent_size: int = 64, base_channels: int = 64
) -> GAN:
    """A small convolutional GAN to begin with: replace it by your paper's.

    Args:
        image_shape: (height, width, channels); see `ganzoo.blocks.resolutions`. Filled from the
            data set.
        latent_size: Length of a latent.
        base_channels: Channels of the layers next to the images; they double with each lower
            resolution.
    """
    start, *between, size = resolutions("my-gan", image_shape)  # 4, 8, 16, ..., size
    check_minimum(1, latent_size=latent_size, base_channels=base_channels)
    conv = {"kernel_size": 4, "strides": 2, "padding": "same"}

    def generator() -> keras.Model:
        c = base_channels * size // (2 * start)
        h, w = shape_at(start, image_shape, size)
        x = latents = keras.Input((latent_size,), name="latents")
        x = layers.Dense(h * w * c, name="project")(x)
        x = layers.Reshape((h, w, c), name="project_shape")(x)
        x = layers.LeakyReLU(0.2, name="project_relu")(x)
        for r in between:  # (batch, r / 2, r / 2, c) -> (batch, r, r, c / 2)
            c //= 2
            x = Conv2DTranspose(c, name=f"up_{r}", **conv)(x)
            x = layers.LeakyReLU(0.2, name=f"up_{r}_relu")(x)
        x = Conv2DTranspose(image_shape[-1], name=f"up_{size}", **conv)(x)
        x = layers.Activation("tanh", name="image", dtype="float32")(x)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        c = base_channels
        x = images = keras.Input(image_shape, name="images")
        for r in (size, *reversed(between)):  # (batch, r, r, .) -> (batch, r / 2, r / 2, c)
            x = Conv2D(c, name=f"down_{r}", **conv)(x)
            x = layers.LeakyReLU(0.2, name=f"down_{r}_relu")(x)
            c *= 2
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(1, name="logit", dtype="float32")(x)
        return keras.Model(images, x, name="discriminator")

    return GAN(generator(), discriminator())
