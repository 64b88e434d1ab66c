"""Progressive growing. Karras et al. 2018, https://arxiv.org/abs/1710.10196."""

import math

import keras
from keras import layers

from ganzoo.errors import UsageError
from ganzoo.layers import EqualizedConv2D, EqualizedDense, MinibatchStddev, PixelNorm

from .growing import GrowingGAN, Growth, enlarged, reduced
from .sizes import sides

_RELU = math.sqrt(2)  # He's gain, section 4.1


def progan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 512,
    features: int = 16384,
    most: int = 512,
    smallest: int = 4,
    stable_images: int = 800_000,
    fading_images: int = 800_000,
    drift: float = 0.001,
) -> GrowingGAN:
    """Both players begin with tiny images and grow, one doubling after the other.

    The networks are whole from the start, and a number, the level, says how far they have
    grown: 0 for the smallest images, 1 for twice their side, 1.3 on the way from there to the
    next. Each side has its way to and from colors, and these are mixed by the level. So a
    step stays one compiled program, and a run can be stopped and resumed anywhere.

    What that costs: every step is as expensive as one at the full size. The paper, which
    builds larger networks as it goes, was 2 to 6 times faster for it (section 2). What grows
    here is the task, not the work.

    Args:
        image_shape: (size, size, channels); the size is a power of two from 8.
        latent_size: Length of a latent.
        features: Channels times side; 16 channels at 1024x1024 (table 2).
        most: The most channels that there are at any side.
        smallest: Side at which it all starts, a power of two.
        stable_images: Real images shown at each size before the next is faded in (appendix A.1).
        fading_images: Real images shown while a size is faded in.
        drift: Weight of the mean squared logit of real images (appendix A.1).
    """
    all_sides = sides("progan", image_shape, smallest)
    if features < image_shape[0] or most < 1:
        raise UsageError(
            f"features must be at least the size {image_shape[0]}, and most at least 1. "
            f"Received: features={features}, most={most}."
        )
    channels = {side: min(features // side, most) for side in all_sides}
    start, *others = all_sides

    def generator() -> keras.Model:
        def normed(x, name: str):  # after every convolution, section 4.2
            return PixelNorm(name=f"{name}_norm")(x)

        def to_colors(x, side: int):  # no tanh: table 2, "linear"
            x = EqualizedConv2D(image_shape[-1], 1, dtype="float32", name=f"image_{side}")(x)
            return enlarged(x, image_shape[0] // side)

        growth = Growth(name="growth", dtype="float32")
        latents = keras.Input((latent_size,), name="latents")
        x = PixelNorm(name="latents_norm")(latents)
        project = {"gain": _RELU / start, "name": "project"}  # inputs of a 4x4 convolution
        x = EqualizedDense(start**2 * channels[start], **project)(x)
        x = layers.Reshape((start, start, channels[start]), name="project_shape")(x)
        x = normed(layers.LeakyReLU(0.2, name="project_relu")(x), "project")
        x = normed(conv(x, channels[start], f"conv_{start}"), f"conv_{start}")
        image = to_colors(x, start)
        for level, side in enumerate(others):  # (batch, side/2, side/2, c) -> (.., side, c')
            x = layers.UpSampling2D(name=f"up_{side}")(x)
            for i in (1, 2):
                x = normed(conv(x, channels[side], f"conv_{side}_{i}"), f"conv_{side}_{i}")
            image = growth([image, to_colors(x, side)], at=level)
        return keras.Model(latents, image, name="generator")

    def discriminator() -> keras.Model:
        def from_colors(images, side: int):
            return conv(images, channels[side], f"image_{side}", 1)

        growth = Growth(name="growth")
        small = images = keras.Input(image_shape, name="images")
        x = from_colors(images, image_shape[0])
        for level, side in reversed(list(enumerate(all_sides[:-1]))):
            x = conv(x, channels[2 * side], f"conv_{2 * side}_1")
            x = conv(x, channels[side], f"conv_{2 * side}_2")
            x, small = reduced(x), reduced(small)  # (.., 2 side, 2 side, c) -> (.., side, side, c)
            x = growth([from_colors(small, side), x], at=level)
        x = judged(x, channels[start], f"conv_{start}")
        return keras.Model(images, x, name="discriminator")

    return GrowingGAN(
        generator(),
        discriminator(),
        levels=len(others),
        stable_images=stable_images,
        fading_images=fading_images,
        drift=drift,
    )


def conv(x, filters: int, name: str, size: int = 3, **options):
    """An equalized convolution and leaky ReLU: (batch, h, w, c) -> (batch, h, w, filters)."""
    x = EqualizedConv2D(filters, size, gain=_RELU, name=name, **options)(x)
    return layers.LeakyReLU(0.2, name=f"{name}_relu")(x)


def judged(x, channels: int, name: str, group: int = 4):
    """How a discriminator ends: the smallest maps (batch, h, w, c) -> logits (batch, 1), float32.

    Args:
        x: The maps.
        channels: Of its convolution and of its dense layer.
        name: Of the convolution.
        group: Images per group of the minibatch standard deviation; 4 as in the authors' code,
            section 3 has the whole batch.
    """
    x = MinibatchStddev(group, name="deviation")(x)
    x = layers.Flatten(name="flatten")(conv(x, channels, name))
    x = EqualizedDense(channels, gain=_RELU, name="dense")(x)
    x = layers.LeakyReLU(0.2, name="dense_relu")(x)
    return EqualizedDense(1, name="logit", dtype="float32")(x)
