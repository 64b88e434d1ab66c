"""DCGAN. Radford et al. 2016, https://arxiv.org/abs/1511.06434, section 3 and figure 1."""

import math

import keras
from keras import layers

from ganzoo import GAN
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import (
    check_minimum,
    dcgan_batch_norm,
    dcgan_discriminator_body,
    dcgan_generator_body,
    normal_initializer,
    resolutions,
    shape_at,
)


@standard_settings()
def dcgan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 100,
    generator_base_channels: int = 64,
    discriminator_base_channels: int = 64,
    start_resolution: int = 4,
    discriminator_batch_norm: bool = True,
) -> GAN:
    """DCGAN for images of any size that is a small base, doubled.

    Args:
        image_shape: (height, width, channels); see `ganzoo.blocks.resolutions`.
        latent_size: Length of a latent.
        generator_base_channels: Channels of the generator's last hidden layer; they double with
            each lower resolution.
        discriminator_base_channels: Channels of the discriminator's first layer; they double
            with each lower resolution.
        start_resolution: Height and width at which the generator starts and the discriminator
            ends, a power of two; the paper's is 4.
        discriminator_batch_norm: Whether the discriminator has batch norm; otherwise it has
            biases. With a gradient penalty it should have none: Gulrajani et al. 2017,
            https://arxiv.org/abs/1704.00028, section 4.
    """
    start, *between, size = resolutions("dcgan", image_shape, start_resolution)  # 4, 8, ..., 64
    check_minimum(1, latent_size=latent_size, generator_base_channels=generator_base_channels)

    def generator() -> keras.Model:
        c = generator_base_channels * size // (2 * start)  # 64x64: 512 channels at 4x4
        latents = keras.Input((latent_size,), name="latents")
        dense = {"use_bias": False, "kernel_initializer": normal_initializer(), "name": "project"}
        base = (*shape_at(start, image_shape, size), c)
        x = layers.Dense(math.prod(base), **dense)(latents)
        x = layers.Reshape(base, name="project_shape")(x)
        x = layers.ReLU(name="project_relu")(dcgan_batch_norm("project_norm")(x))
        x = dcgan_generator_body(x, [f"up_{r}" for r in (*between, size)], image_shape[-1])
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        names = [f"down_{r}" for r in (size, *reversed(between))]
        options = {"use_batch_norm": discriminator_batch_norm}
        x = dcgan_discriminator_body(images, discriminator_base_channels, names, **options)
        return keras.Model(images, x, name="discriminator")

    return GAN(generator(), discriminator())
