"""A U-Net as a discriminator of each pixel. Schönfeld et al. 2020,
https://arxiv.org/abs/2002.12655; with spectral normalization in Real-ESRGAN, Wang et al. 2021,
https://arxiv.org/abs/2107.10833, section 3.3.
"""

import keras
from keras import layers

from ganzoo.backend import Tensor
from ganzoo.layers import Conv2D, Resample2D, SpectralNormalization

DOWNSAMPLES = 3


def unet_discriminator(image_shape: tuple[int, int, int], base_channels: int) -> keras.Model:
    """Images (batch, h, w, c) -> a logit of each pixel (batch, h, w, 1), float32.

    Args:
        image_shape: (height, width, channels); multiples of 8.
        base_channels: Channels at the images' resolution; they double with each lower one.
    """

    def normalized(x: Tensor, filters: int, kernel: int, name: str, strides: int = 1) -> Tensor:
        conv = Conv2D(filters, kernel, strides, padding="same", use_bias=False, name=name)
        return _leaky(SpectralNormalization(conv)(x), f"{name}_relu")

    images = keras.Input(image_shape, name="images")
    x = _leaky(Conv2D(base_channels, 3, padding="same", name="enter")(images), "enter_relu")
    seen = [x]
    for i in range(DOWNSAMPLES):  # (batch, h, w, c) -> (batch, h / 2, w / 2, 2 c)
        x = normalized(x, base_channels << (i + 1), 4, f"down_{i}", strides=2)
        seen.append(x)
    for i in reversed(range(DOWNSAMPLES)):  # (batch, h / 2, w / 2, 2 c) -> (batch, h, w, c)
        x = Resample2D("up", border="edge", name=f"up_{i}_bilinear")(x)
        x = normalized(x, base_channels << i, 3, f"up_{i}")
        x = layers.Add(name=f"up_{i}_sum")([x, seen[i]])
    for i in range(2):
        x = normalized(x, base_channels, 3, f"last_{i}")
    logits = Conv2D(1, 3, padding="same", name="logits", dtype="float32")(x)
    return keras.Model(images, logits, name="discriminator")


def _leaky(x: Tensor, name: str) -> Tensor:
    return layers.LeakyReLU(0.2, name=name)(x)
