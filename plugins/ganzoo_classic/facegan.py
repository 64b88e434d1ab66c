"""The face GAN of a tutorial on CelebA: a deep generator that upsamples from 1/8 of the size."""

import keras
from keras import layers

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import check_minimum, downsampled_size
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D, Conv2DTranspose, Dropout


@standard_settings()
def facegan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 32,
    base_channels: int = 256,
    num_downsamples: int | None = None,
) -> GAN:
    """A convolutional GAN without normalization, for faces of 128x128.

    Args:
        image_shape: (height, width, channels); multiples of 8, from 16.
        latent_size: Length of a latent.
        base_channels: Channels of the hidden layers; the generator's first layer has half, its
            last two have twice as many. At least 2.
        num_downsamples: Layers of the discriminator that about halve height and width; by default
            four, or as many as small images allow.
    """
    check_minimum(1, latent_size=latent_size)
    check_minimum(2, base_channels=base_channels)
    h, w = downsampled_size("facegan", image_shape, 3)
    smaller = min(image_shape[:2])
    largest = ((smaller + 2) // 3).bit_length() - 1  # s - 2 pixels, then (s - 2) // 2 each
    if num_downsamples is None:
        num_downsamples = min(4, largest)
    if smaller < 16 or not 1 <= num_downsamples <= largest:
        raise UsageError(
            f"facegan needs images from 16x16, and for {smaller} pixels num_downsamples in "
            f"[1, {largest}]. Received: num_downsamples={num_downsamples}."
        )

    def activate(layer: layers.Layer, x: Tensor) -> Tensor:
        return layers.LeakyReLU(0.3, name=f"{layer.name}_relu")(layer(x))  # Keras' old default

    def generator() -> keras.Model:
        c = base_channels
        x = latents = keras.Input((latent_size,), name="latents")
        x = activate(layers.Dense(c // 2 * h * w, name="project"), x)
        x = layers.Reshape((h, w, c // 2), name="project_shape")(x)
        x = activate(Conv2D(c, 5, padding="same", name="mix"), x)
        for r in (2 * h, 4 * h, 8 * h):  # doubles height and width
            x = activate(Conv2DTranspose(c, 4, 2, padding="same", name=f"up_{r}"), x)
        for i in (1, 2):
            x = activate(Conv2D(2 * c, 5, padding="same", name=f"refine_{i}"), x)
        output = {"padding": "same", "activation": "tanh", "dtype": "float32"}
        x = Conv2D(image_shape[-1], 7, name="image", **output)(x)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        x = images = keras.Input(image_shape, name="images")
        x = activate(Conv2D(base_channels, 3, name="look"), x)
        for i in range(1, num_downsamples + 1):  # about halves height and width
            x = activate(Conv2D(base_channels, 4, 2, name=f"down_{i}"), x)
        x = layers.Flatten(name="flatten")(x)
        x = Dropout(0.4, name="dropout")(x)
        x = layers.Dense(1, name="logit", dtype="float32")(x)
        return keras.Model(images, x, name="discriminator")

    return GAN(generator(), discriminator())
