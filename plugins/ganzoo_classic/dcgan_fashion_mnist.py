"""The DCGAN of a well-known Keras tutorial on Fashion-MNIST, with SELU in the generator."""

import keras
from keras import layers

from ganzoo import GAN
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import check_minimum, check_multiples_of_4
from ganzoo.layers import BatchNormalization, Conv2D, Conv2DTranspose, Dropout


@standard_settings()
def dcgan_fashion_mnist(image_shape: tuple[int, int, int], *, latent_size: int = 32) -> GAN:
    """A small DCGAN with batch norm before each upsampling, and dropout against overfitting.

    Args:
        image_shape: (height, width, channels); multiples of 4, from 8.
        latent_size: Length of a latent.
    """
    check_minimum(1, latent_size=latent_size)
    check_multiples_of_4("dcgan-fashion-mnist", image_shape)
    height, width, image_channels = image_shape
    conv = {"kernel_size": 5, "strides": 2, "padding": "same"}

    def generator() -> keras.Model:
        h, w = height // 4, width // 4
        latents = keras.Input((latent_size,), name="latents")
        x = layers.Dense(h * w * 128, name="project")(latents)
        x = layers.Reshape((h, w, 128), name="project_shape")(x)
        x = BatchNormalization(name="project_norm")(x)
        # a bias before batch norm does nothing, but the published count has it
        x = Conv2DTranspose(64, activation="selu", name="up_1", **conv)(x)
        x = BatchNormalization(name="up_1_norm")(x)
        output = {**conv, "activation": "tanh", "dtype": "float32"}
        x = Conv2DTranspose(image_channels, name="up_2", **output)(x)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        x = Conv2D(64, name="down_1", **conv)(images)
        x = layers.LeakyReLU(0.2, name="down_1_relu")(x)
        x = Dropout(0.3, name="down_1_dropout")(x)
        x = Conv2D(128, name="down_2", **conv)(x)
        x = layers.LeakyReLU(0.2, name="down_2_relu")(x)
        x = Dropout(0.4, name="down_2_dropout")(x)
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(1, name="logit", dtype="float32")(x)
        return keras.Model(images, x, name="discriminator")

    return GAN(generator(), discriminator())
