"""The residual GAN without normalization that R1 made trainable. Mescheder et al. 2018,
https://arxiv.org/abs/1801.04406, supplement. R1 itself stands in the recipe.
"""

import math

import keras
from keras import layers

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import channels_by_resolution, check_minimum, resolutions, shape_at
from ganzoo.layers import Conv2D


@standard_settings()
def r1gan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 256,
    base_channels: int = 64,
    generator_max_channels: int = 512,
    discriminator_max_channels: int = 1024,
    start_resolution: int = 4,
    residual_scale: float = 0.1,
) -> GAN:
    """Residual networks with leaky ReLU and without normalization.

    The outputs of a block's convolutions are multiplied by 0.1, so that deep networks start
    near the identity, which is what normalization was for.

    The channels are those of the authors' configuration for faces and bedrooms of 256x256.

    Args:
        image_shape: (height, width, channels); see `ganzoo.blocks.resolutions`.
        latent_size: Length of a latent.
        base_channels: Channels at the images' resolution; they double with each lower one.
        generator_max_channels: The most channels of the generator at any resolution.
        discriminator_max_channels: The most channels of the discriminator at any resolution.
        start_resolution: Height and width at which the generator starts and the discriminator
            ends, a power of two.
        residual_scale: Factor of the outputs of a block's convolutions.
    """
    check_minimum(1, latent_size=latent_size)
    start, *others = resolutions("r1gan", image_shape, start_resolution)
    size = others[-1]

    def relu(x: Tensor, name: str) -> Tensor:
        return layers.LeakyReLU(0.2, name=f"{name}_relu")(x)

    def block(x: Tensor, channels: int, name: str) -> Tensor:
        """Leaky ReLU, 3x3 convolution, leaky ReLU, 3x3 convolution, and a shortcut."""
        hidden = min(x.shape[-1], channels)
        y = Conv2D(hidden, 3, padding="same", name=f"{name}_conv_1")(relu(x, f"{name}_1"))
        y = Conv2D(channels, 3, padding="same", name=f"{name}_conv_2")(relu(y, f"{name}_2"))
        y = layers.Rescaling(residual_scale, name=f"{name}_scale")(y)
        if x.shape[-1] != channels:
            x = Conv2D(channels, 1, use_bias=False, name=f"{name}_shortcut")(x)
        return layers.Add(name=f"{name}_add")([x, y])

    def generator() -> keras.Model:
        channels = channels_by_resolution([start, *others], base_channels, generator_max_channels)
        latents = keras.Input((latent_size,), name="latents")
        base = (*shape_at(start, image_shape, size), channels[start])
        x = layers.Dense(math.prod(base), name="project")(latents)
        x = layers.Reshape(base, name="project_shape")(x)
        for r in others:  # (batch, r / 2, r / 2, c) -> (batch, r, r, c')
            x = block(x, channels[r], f"block_{r // 2}")
            x = layers.UpSampling2D(name=f"up_{r}")(x)
        x = relu(block(x, base_channels, f"block_{size}"), "image")
        x = Conv2D(image_shape[-1], 3, padding="same", name="image_conv")(x)
        x = layers.Activation("tanh", name="image", dtype="float32")(x)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        max_channels = discriminator_max_channels
        channels = channels_by_resolution([start, *others], base_channels, max_channels)
        images = keras.Input(image_shape, name="images")
        x = Conv2D(base_channels, 3, padding="same", name="image_conv")(images)
        x = block(x, base_channels, f"block_{size}")
        for r in reversed([start, *others[:-1]]):  # (batch, 2 r, 2 r, c) -> (batch, r, r, c')
            x = layers.AveragePooling2D(2, name=f"down_{r}")(x)
            x = block(x, channels[r], f"block_{r}")
        x = layers.Flatten(name="flatten")(relu(x, "flatten"))
        x = layers.Dense(1, name="logit", dtype="float32")(x)
        return keras.Model(images, x, name="discriminator")

    return GAN(generator(), discriminator())
