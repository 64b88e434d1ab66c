"""R3GAN. Huang et al. 2024, "The GAN is dead; long live the GAN!",
https://arxiv.org/abs/2501.05441, section 3, configuration E: a modern residual network without
normalization, for the relativistic loss with R1 and R2 (section 2), which the recipe sets.
"""

import keras
from keras import layers, ops

from ganzoo import GAN
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D, Resample2D

from .style_layers import Bias

_SLOPE = 0.2  # of every leaky ReLU
_BLOCKS = 2  # residual blocks per size
_EXPANSION = 2  # the middle of a block is that much wider: an inverted bottleneck
_SMOOTH = (1, 2, 1)  # the filter of every change of size


def r3gan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 64,
    widths: list[int] = [768, 768, 768, 768],  # noqa: B006  read, never changed
    group_size: int = 16,
) -> "R3GAN":
    """R3GAN for square images.

    Args:
        image_shape: (size, size, channels); the size is 4 doubled `len(widths) - 1` times.
        latent_size: Length of a latent.
        widths: Channels at each size, from 4x4 to the full one; multiples of `group_size`.
        group_size: Channels of a group of the 3x3 convolutions, which are twice as wide as the
            block: 768 channels in groups of 16 are the paper's cardinality of 96.
    """
    return _players(image_shape, 0, latent_size, widths, group_size)


def r3gan_conditional(
    image_shape: tuple[int, int, int],
    classes: int,
    *,
    latent_size: int = 64,
    widths: list[int] = [768, 768, 768, 768],  # noqa: B006  read, never changed
    group_size: int = 16,
) -> "R3GAN":
    """R3GAN that draws the class it is asked for; the critic judges by projection.

    Args:
        image_shape: As in `r3gan`, like all that follow.
        classes: Number of classes; filled from the data set.
        latent_size: Length of a latent, and of a class in the generator.
        widths: Channels at each size, from 4x4 to the full one.
        group_size: Channels of a group of the 3x3 convolutions.
    """
    return _players(image_shape, classes, latent_size, widths, group_size)


def _players(image_shape, classes: int, latent_size: int, widths, group_size: int) -> "R3GAN":
    size, other, channels = image_shape
    sizes = [4 << i for i in range(len(widths))]  # 4, 8, ..., size
    if not widths or size != other or size != sizes[-1]:
        raise UsageError(
            "r3gan needs square images of 4 pixels doubled once for each further width. "
            f"Received: {size}x{other} and {len(widths)} widths.",
            hint="Set architecture.widths, or dataset.size where the data set has it.",
        )
    if any(width < 1 or width * _EXPANSION % group_size for width in widths):
        raise UsageError(
            f"Twice each width must be a multiple of group_size {group_size}. Received: {widths}."
        )
    depth = _BLOCKS * len(widths)

    def stage(x, side: int, width: int):
        for i in range(1, _BLOCKS + 1):
            x = _block(x, width, group_size, depth, f"{side}_block_{i}")
        return x

    def generator() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")
        z = latents
        if classes:
            told = layers.Embedding(classes, latent_size, "random_normal", name="class")(labels)
            z = layers.Concatenate(name="both")([latents, told])
        x = layers.Dense(widths[0], use_bias=False, kernel_initializer=_he(1.0), name="scale")(z)
        x = Basis(4, name="basis")(x)  # (batch, c) -> (batch, 4, 4, c)
        for side, width in zip(sizes, widths, strict=True):
            if side > 4:  # (batch, side / 2, side / 2, c) -> (batch, side, side, c')
                x = _matched(x, width, f"{side}_match")
                x = Resample2D("up", _SMOOTH, name=f"{side}_up")(x)
            x = stage(x, side, width)
        x = _conv(channels, 1, _he(1.0), "to_image", dtype="float32")(x)
        return keras.Model([latents, labels] if classes else latents, x, name="generator")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        labels = keras.Input((), dtype="int32", name="labels")
        x = _conv(widths[-1], 1, _he(1.0), "from_image")(images)
        for side, width in zip(reversed(sizes), reversed(widths), strict=True):
            x = stage(x, side, width)
            if side > 4:  # (batch, side, side, c) -> (batch, side / 2, side / 2, c')
                x = Resample2D("down", _SMOOTH, name=f"{side}_down")(x)
                x = _matched(x, widths[sizes.index(side) - 1], f"{side}_match")
        x = Basis(4, gather=True, name="basis")(x)  # (batch, 4, 4, c) -> (batch, c)
        features = widths[0] if classes else 1
        last = {"use_bias": False, "kernel_initializer": _he(1.0), "dtype": "float32"}
        x = layers.Dense(features, name="features" if classes else "logit", **last)(x)
        if not classes:
            return keras.Model(images, x, name="discriminator")
        told = layers.Embedding(classes, features, "random_normal", name="class")(labels)
        x = layers.Dot(-1, name="product", dtype="float32")([x, told])
        x = layers.Rescaling(features**-0.5, name="logit", dtype="float32")(x)
        return keras.Model([images, labels], x, name="discriminator")

    return R3GAN(generator(), discriminator())


@keras.saving.register_keras_serializable("ganzoo")
class R3GAN(GAN):
    """A GAN whose generator ends linearly; the rest of the game is in the recipe."""

    bounded = False


@keras.saving.register_keras_serializable("ganzoo")
class Basis(keras.layers.Layer):
    """The two ends of the networks: one learned picture per channel.

    The generator's scales it by the channel's number, (batch, c) -> (batch, size, size, c);
    the critic's gathers by it, (batch, size, size, c) -> (batch, c): a convolution of each
    channel by itself whose kernel is as large as the map.

    Args:
        size: Height and width.
        gather: Whether it is the critic's.
    """

    def __init__(self, size: int, gather: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.gather = gather

    def build(self, input_shape) -> None:
        """Make the pictures: of variance 1, or so that variance passes the sum."""
        spread = 1.0 / self.size if self.gather else 1.0
        shape = (self.size, self.size, input_shape[-1])
        initializer = keras.initializers.RandomNormal(stddev=spread)
        self.pictures = self.add_weight(shape=shape, initializer=initializer, name="pictures")

    def call(self, inputs):
        """The scaled pictures, or the sums."""
        if self.gather:
            return ops.sum(inputs * self.pictures, axis=(1, 2))
        return inputs[:, None, None, :] * self.pictures

    def compute_output_shape(self, input_shape):
        side = () if self.gather else (self.size, self.size)
        return (input_shape[0], *side, input_shape[-1])

    def get_config(self) -> dict:
        return {**super().get_config(), "size": self.size, "gather": self.gather}


@keras.saving.register_keras_serializable("ganzoo")
class BiasedActivation(Bias):
    """Leaky ReLU with a bias in front, one number per channel: no convolution has one."""

    negative_slope = _SLOPE

    def call(self, inputs):
        """max(x + b, 0.2 (x + b))"""
        return ops.leaky_relu(super().call(inputs), self.negative_slope)


def _block(x, width: int, group_size: int, depth: int, name: str):
    """Narrow, wide in groups, narrow; the input is added. Figure 2 (c).

    Fix-up initialization (Zhang et al. 2019, https://arxiv.org/abs/1901.09321): the last
    convolution starts at zero, the two before it smaller by depth^(-1/4), so that the variance
    does not grow with the number of blocks.
    """
    inner, gain = width * _EXPANSION, (2 / (1 + _SLOPE**2)) ** 0.5 * depth**-0.25
    y = _conv(inner, 1, _he(gain), f"{name}_in")(x)
    y = BiasedActivation(name=f"{name}_in_relu")(y)
    y = _conv(inner, 3, _he(gain), f"{name}_groups", groups=inner // group_size)(y)
    y = BiasedActivation(name=f"{name}_groups_relu")(y)
    y = _conv(width, 1, "zeros", f"{name}_out")(y)
    return layers.Add(name=f"{name}_add")([x, y])


def _matched(x, width: int, name: str):
    """As many channels as the next size has; nothing to do where they are the same."""
    return x if x.shape[-1] == width else _conv(width, 1, _he(1.0), name)(x)


def _conv(filters: int, size: int, initializer, name: str, **more) -> Conv2D:
    shared = {"padding": "same", "use_bias": False, "kernel_initializer": initializer}
    return Conv2D(filters, size, name=name, **shared, **more)


def _he(gain: float):
    """Normal, of variance gain^2 / fan-in. He et al. 2015, https://arxiv.org/abs/1502.01852."""
    return keras.initializers.VarianceScaling(gain**2, "fan_in", "untruncated_normal")
