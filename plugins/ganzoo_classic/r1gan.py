"""The residual GAN without normalization that R1 made trainable. Mescheder et al. 2018,
https://arxiv.org/abs/1801.04406, supplement. R1 itself stands in the recipe.
"""

import keras
from keras import layers

from ganzoo import GAN
from ganzoo.layers import Conv2D

from .sizes import sides, widths


def r1gan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 256,
    width: int = 64,
    generator_most: int = 512,
    discriminator_most: int = 1024,
    smallest: int = 4,
    residual_scale: float = 0.1,
) -> GAN:
    """Residual networks with leaky ReLU and no normalization in either player.

    What the blocks add is multiplied by 0.1, so that deep networks start near the identity,
    which is what normalization was for.

    The widths are those of the authors' configuration for faces and rooms of 256x256.

    Args:
        image_shape: (size, size, channels); the size is a power of two from 8.
        latent_size: Length of a latent.
        width: Channels next to the images; they double with each halving of the side.
        generator_most: The most that they become in the generator.
        discriminator_most: The most that they become in the discriminator.
        smallest: Side at which the generator starts and the discriminator ends, a power of two.
        residual_scale: What the output of a block's convolutions is multiplied by.
    """
    (start, *others), size = sides("r1gan", image_shape, smallest), image_shape[0]

    def relu(x, name: str):
        return layers.LeakyReLU(0.2, name=f"{name}_relu")(x)

    def block(x, channels: int, name: str):
        """Leaky ReLU, 3x3 convolution, leaky ReLU, 3x3 convolution; and past them."""
        hidden = min(x.shape[-1], channels)
        y = Conv2D(hidden, 3, padding="same", name=f"{name}_conv_1")(relu(x, f"{name}_1"))
        y = Conv2D(channels, 3, padding="same", name=f"{name}_conv_2")(relu(y, f"{name}_2"))
        y = layers.Rescaling(residual_scale, name=f"{name}_scale")(y)
        if x.shape[-1] != channels:
            x = Conv2D(channels, 1, use_bias=False, name=f"{name}_shortcut")(x)
        return layers.Add(name=f"{name}_add")([x, y])

    def generator() -> keras.Model:
        channels = widths([start, *others], width, generator_most)
        latents = keras.Input((latent_size,), name="latents")
        x = layers.Dense(start**2 * channels[start], name="project")(latents)
        x = layers.Reshape((start, start, channels[start]), name="project_shape")(x)
        for side in others:  # (batch, side / 2, side / 2, c) -> (batch, side, side, c')
            x = block(x, channels[side], f"block_{side // 2}")
            x = layers.UpSampling2D(name=f"up_{side}")(x)
        x = relu(block(x, width, f"block_{size}"), "image")
        x = Conv2D(image_shape[-1], 3, padding="same", name="image_conv")(x)
        x = layers.Activation("tanh", name="image", dtype="float32")(x)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        channels = widths([start, *others], width, discriminator_most)
        images = keras.Input(image_shape, name="images")
        x = Conv2D(width, 3, padding="same", name="image_conv")(images)
        x = block(x, width, f"block_{size}")
        for side in reversed([start, *others[:-1]]):  # (batch, 2 side, 2 side, c) -> (.., c')
            x = layers.AveragePooling2D(2, name=f"down_{side}")(x)
            x = block(x, channels[side], f"block_{side}")
        x = layers.Flatten(name="flatten")(relu(x, "flatten"))
        x = layers.Dense(1, name="logit", dtype="float32")(x)
        return keras.Model(images, x, name="discriminator")

    return GAN(generator(), discriminator())
