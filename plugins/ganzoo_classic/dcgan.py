"""DCGAN. Radford et al. 2016, https://arxiv.org/abs/1511.06434, section 3 and figure 1."""

from collections.abc import Callable

import keras
from keras import layers

from ganzoo import GAN
from ganzoo.layers import BatchNormalization, Conv2D, Conv2DTranspose

from .sizes import sides


def dcgan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 100,
    generator_width: int = 64,
    discriminator_width: int = 64,
    smallest: int = 4,
    discriminator_norm: bool = True,
) -> GAN:
    """DCGAN for square images whose size is a power of two, from 8.

    Args:
        image_shape: (size, size, channels).
        latent_size: Length of a latent.
        generator_width: Channels of the generator's last hidden layer; they double toward
            the smallest images.
        discriminator_width: Channels of the discriminator's first layer; they double too.
        smallest: Height and width at which the generator starts and the discriminator ends,
            a power of two; the paper's is 4.
        discriminator_norm: Whether the discriminator has batch norm, or biases in its place.
            With a gradient penalty it should have none: Gulrajani et al. 2017,
            https://arxiv.org/abs/1704.00028, section 4.
    """
    size, _, channels = image_shape
    between = sides("dcgan", image_shape, smallest)[1:-1]  # 8, 16, ..., size / 2

    def generator() -> keras.Model:
        c = generator_width * size // (2 * smallest)  # 64x64: 512 channels at 4x4
        latents = keras.Input((latent_size,), name="latents")
        project = {"use_bias": False, "kernel_initializer": normal(), "name": "project"}
        x = layers.Dense(smallest**2 * c, **project)(latents)
        x = layers.Reshape((smallest, smallest, c), name="project_shape")(x)
        x = layers.ReLU(name="project_relu")(norm("project_norm")(x))
        x = raised(x, [f"up_{side}" for side in (*between, size)], channels)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        names = [f"down_{side}" for side in (size, *reversed(between))]
        x = judged(images, discriminator_width, names, normed=discriminator_norm)
        return keras.Model(images, x, name="discriminator")

    return GAN(generator(), discriminator())


def conv() -> dict:
    """What all convolutions share. No bias: batch norm follows, or as in the published count.

    The paper's are 5x5; the 4x4 is that of PyTorch's example, whose counts are published.
    """
    shape = {"kernel_size": 4, "strides": 2, "padding": "same"}
    return {**shape, "use_bias": False, "kernel_initializer": normal()}


def normal(mean: float = 0.0):
    """The initializer of every weight: section 4."""
    return keras.initializers.RandomNormal(mean, stddev=0.02)


def batch_norm(name: str, **options) -> layers.Layer:
    """Batch norm with the numbers of PyTorch's, in which most of the papers' code is written."""
    return BatchNormalization(momentum=0.9, epsilon=1e-5, name=name, **options)


def norm(name: str) -> layers.Layer:
    """Batch norm whose scale starts around 1: section 4."""
    return batch_norm(name, gamma_initializer=normal(1.0))


def raised(
    x,
    names: list[str],
    colors: int,
    *,
    conv: Callable[[], dict] = conv,
    norm: Callable[[str], layers.Layer] = norm,
    last_bias: bool = False,
    output: str = "tanh",
):
    """Maps (batch, h, w, c) -> images (batch, 2^n h, 2^n w, colors), float32, by n transposed
    convolutions; after all but the last, batch norm and ReLU.

    Args:
        x: The maps. Each convolution halves their channels.
        names: Of the n convolutions.
        colors: Channels of the images.
        conv: Options of a convolution.
        norm: Batch norm of that name.
        last_bias: Whether the last convolution has a bias.
        output: The activation that makes images.
    """
    for name in names[:-1]:
        x = Conv2DTranspose(x.shape[-1] // 2, name=name, **{**conv(), "use_bias": False})(x)
        x = layers.ReLU(name=f"{name}_relu")(norm(f"{name}_norm")(x))
    x = Conv2DTranspose(colors, name=names[-1], **{**conv(), "use_bias": last_bias})(x)
    return layers.Activation(output, name="image", dtype="float32")(x)


def judged(x, channels: int, names: list[str], *, normed: bool = True):
    """Images (batch, h, w, c) -> logits (batch, 1), float32, by strided convolutions; after all
    but the first, batch norm: section 3.

    Args:
        x: Images, or images with planes that say the class.
        channels: Of the first convolution; they double with each.
        names: Of the convolutions.
        normed: Whether there is batch norm, or biases in its place.
    """
    for i, name in enumerate(names):
        bias = {"use_bias": i > 0 and not normed}
        x = Conv2D(channels << i, name=name, **{**conv(), **bias})(x)
        x = norm(f"{name}_norm")(x) if i and normed else x
        x = layers.LeakyReLU(0.2, name=f"{name}_relu")(x)
    x = layers.Flatten(name="flatten")(x)  # 64x64: (batch, 4, 4, c) -> (batch, 16 c)
    logit = {"kernel_initializer": normal(), "use_bias": False, "dtype": "float32"}
    return layers.Dense(1, name="logit", **logit)(x)
