"""A conditional DCGAN: the networks of Radford et al. 2016, https://arxiv.org/abs/1511.06434,
conditioned on the label as in Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784, section 3.
"""

from typing import Literal

import keras
from keras import layers

from ganzoo import GAN
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import (
    check_minimum,
    dcgan_batch_norm,
    dcgan_discriminator_body,
    dcgan_generator_body,
    downsampled_size,
    label_rows,
    normal_initializer,
)


@standard_settings()
def cdcgan(
    image_shape: tuple[int, int, int],
    classes: int,
    *,
    latent_size: int = 100,
    generator_base_channels: int = 64,
    discriminator_base_channels: int = 64,
    num_upsamples: int = 2,
    labels: Literal["classes", "rows"] = "classes",
) -> GAN:
    """A DCGAN that is conditioned on labels.

    Args:
        image_shape: (height, width, channels); filled from the data set.
        classes: Number of classes, or of numbers in a row; filled from the data set.
        latent_size: Length of a latent.
        generator_base_channels: Channels of the generator's last hidden layer; they double with
            each lower resolution.
        discriminator_base_channels: Channels of the discriminator's first layer; they double
            with each lower resolution.
        num_upsamples: How often the generator doubles height and width, at least 1.
        labels: What a label is: "classes", one of them, as a one-hot vector; or "rows" of
            attributes or numbers, which take its place as they are.
    """
    height, width, image_channels = image_shape
    h, w = downsampled_size("cdcgan", image_shape, num_upsamples)
    check_minimum(1, latent_size=latent_size, generator_base_channels=generator_base_channels)
    hidden = range(1, num_upsamples)

    def generator() -> keras.Model:
        c = generator_base_channels << (num_upsamples - 1)
        latents = keras.Input((latent_size,), name="latents")
        given, rows = label_rows(classes, labels)
        x = layers.Concatenate(name="both")([latents, rows])
        dense = {"use_bias": False, "kernel_initializer": normal_initializer(), "name": "project"}
        x = layers.Dense(h * w * c, **dense)(x)
        x = layers.Reshape((h, w, c), name="project_shape")(x)
        x = layers.ReLU(name="project_relu")(dcgan_batch_norm("project_norm")(x))
        x = dcgan_generator_body(x, [*(f"up_{i}" for i in hidden), "up_image"], image_channels)
        return keras.Model([latents, given], x, name="generator")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        given, rows = label_rows(classes, labels)
        planes = layers.RepeatVector(height * width, name="planes")(rows)
        planes = layers.Reshape((height, width, classes), name="planes_shape")(planes)
        x = layers.Concatenate(name="both")([images, planes])
        names = ["down_image", *(f"down_{i}" for i in reversed(hidden))]
        x = dcgan_discriminator_body(x, discriminator_base_channels, names)
        return keras.Model([images, given], x, name="discriminator")

    return GAN(generator(), discriminator(), num_classes=classes)
