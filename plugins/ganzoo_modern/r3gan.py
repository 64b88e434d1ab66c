"""R3GAN. Huang et al. 2024, "The GAN is dead; long live the GAN!",
https://arxiv.org/abs/2501.05441, section 3, configuration E: a modern residual network without
normalization, for the relativistic loss with R1 and R2 (section 2), which the recipe sets.
"""

import math

import keras
from keras import layers, ops

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import check_minimum, resolutions, shape_at
from ganzoo.errors import UsageError
from ganzoo.layers import Bias, Conv2D, Embedding, Resample2D

_SLOPE = 0.2  # of every leaky ReLU
_BLOCKS = 2  # residual blocks at each resolution
_EXPANSION = 2  # hidden channels of a block, as a multiple: an inverted bottleneck


@keras.saving.register_keras_serializable("ganzoo")
class R3GAN(GAN):
    """A GAN whose generator ends linearly; its loss and penalties are in the recipe."""

    bounded = False


@standard_settings()
def r3gan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 64,
    channels: list[int] = [768, 768, 768, 768],  # noqa: B006  read, never changed
    group_size: int = 16,
) -> R3GAN:
    """R3GAN.

    Args:
        image_shape: (height, width, channels); see `ganzoo.blocks.resolutions`.
        latent_size: Length of a latent.
        channels: Channels at each resolution, from 4x4 (3x5 for 48x80 images) to the images';
            twice each is a multiple of `group_size`.
        group_size: Channels per group of the 3x3 convolutions, which have twice the channels of
            the block: 768 channels in groups of 16 are the paper's cardinality of 96.
    """
    up = _check_options(image_shape, latent_size, channels, group_size)

    def generator() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")
        x = _generator_body(latents, image_shape, up, channels, group_size)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        x = _discriminator_body(images, up, channels, group_size, 1, "logit")
        return keras.Model(images, x, name="discriminator")

    return R3GAN(generator(), discriminator())


@standard_settings()
def r3gan_conditional(
    image_shape: tuple[int, int, int],
    classes: int,
    *,
    latent_size: int = 64,
    channels: list[int] = [768, 768, 768, 768],  # noqa: B006  read, never changed
    group_size: int = 16,
) -> R3GAN:
    """Class-conditional R3GAN with a projection discriminator.

    Args:
        image_shape: (height, width, channels); see `ganzoo.blocks.resolutions`.
        classes: Number of classes; filled from the data set.
        latent_size: Length of a latent, and of a class embedding in the generator.
        channels: Channels at each resolution, from 4x4 (3x5 for 48x80 images) to the images';
            twice each is a multiple of `group_size`.
        group_size: Channels per group of the 3x3 convolutions.
    """
    up = _check_options(image_shape, latent_size, channels, group_size)

    def generator() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")
        embedding = _embed(labels, classes, latent_size, classes**-0.5)
        z = layers.Concatenate(name="both")([latents, embedding])
        x = _generator_body(z, image_shape, up, channels, group_size)
        return keras.Model([latents, labels], x, name="generator")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        labels = keras.Input((), dtype="int32", name="labels")
        c = channels[0]
        x = _discriminator_body(images, up, channels, group_size, c, "features")
        embedding = _embed(labels, classes, c, (classes * c) ** -0.5)
        x = layers.Dot(-1, name="logit", dtype="float32")([x, embedding])
        return keras.Model([images, labels], x, name="discriminator")

    return R3GAN(generator(), discriminator(), num_classes=classes)


def _check_options(
    image_shape: tuple[int, int, int], latent_size: int, channels: list[int], group_size: int
) -> list[int]:
    """Return the resolutions: 4, 8, ..., size."""
    up = resolutions("r3gan", image_shape)
    if len(channels) != len(up):
        height, width = image_shape[:2]
        raise UsageError(
            f"r3gan needs {len(up)} numbers of channels for {height}x{width}, one for each "
            f"resolution. Received: channels={channels}.",
            hint="Set architecture.channels, or dataset.size where the data set has it.",
        )
    check_minimum(1, latent_size=latent_size, channels=channels, group_size=group_size)
    if any(c * _EXPANSION % group_size for c in channels):
        raise UsageError(
            f"Twice the channels must be multiples of group_size {group_size}. "
            f"Received: channels={channels}."
        )
    return up


def _embed(labels: Tensor, classes: int, units: int, stddev: float) -> Tensor:
    """Rows of a table that starts as N(0, stddev^2): (batch,) -> (batch, units)."""
    initializer = keras.initializers.RandomNormal(stddev=stddev)
    return Embedding(classes, units, initializer, name="class")(labels)


def _generator_body(
    z: Tensor, image_shape: tuple[int, int, int], up: list[int], channels: list[int],
    group_size: int,
) -> Tensor:  # fmt: skip
    """Latents (batch, d) -> images (batch, *image_shape), float32."""
    dense = {"use_bias": False, "kernel_initializer": _he_initializer(1.0), "name": "scale"}
    x = layers.Dense(channels[0], **dense)(z)
    base = shape_at(4, image_shape, up[-1])
    x = Basis(base, name="basis")(x)  # (batch, c) -> (batch, 4, 4, c)
    for r, c in zip(up, channels, strict=True):
        if r > 4:  # (batch, r / 2, r / 2, c) -> (batch, r, r, c')
            x = _match_channels(x, c, f"{r}_match")
            x = Resample2D("up", name=f"{r}_up")(x)
        x = _stage(x, c, group_size, len(channels), str(r))
    return _conv(image_shape[-1], 1, _he_initializer(1.0), "to_image", dtype="float32")(x)


def _discriminator_body(
    images: Tensor, up: list[int], channels: list[int], group_size: int,
    units: int, name: str,
) -> Tensor:  # fmt: skip
    """Images -> (batch, units), float32, by a last layer of that name."""
    x = _conv(channels[-1], 1, _he_initializer(1.0), "from_image")(images)
    for i in reversed(range(len(channels))):
        r = up[i]
        x = _stage(x, channels[i], group_size, len(channels), str(r))
        if r > 4:  # (batch, r, r, c) -> (batch, r / 2, r / 2, c')
            x = Resample2D("down", name=f"{r}_down")(x)
            x = _match_channels(x, channels[i - 1], f"{r}_match")
    x = Basis(x.shape[1:3], gather=True, name="basis")(x)  # (batch, 4, 4, c) -> (batch, c)
    dense = {"use_bias": False, "kernel_initializer": _he_initializer(1.0), "dtype": "float32"}
    return layers.Dense(units, name=name, **dense)(x)


@keras.saving.register_keras_serializable("ganzoo")
class Basis(keras.layers.Layer):
    """The ends of both networks at the lowest resolution: one learned feature map per channel.

    The generator scales the map by the channel's number, (batch, c) -> (batch, size, size, c);
    the discriminator sums over their product, (batch, size, size, c) -> (batch, c): a depthwise
    convolution whose kernel is as large as its input.

    Args:
        size: Height and width, as a pair or as one number.
        gather: Whether the layer is the discriminator's.
    """

    def __init__(self, size: int | tuple[int, int], gather: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        self.gather = gather

    def build(self, input_shape) -> None:
        """Make the maps, of variance 1, or such that the sum keeps the variance."""
        stddev = math.prod(self.size) ** -0.5 if self.gather else 1.0
        shape = (*self.size, input_shape[-1])
        initializer = keras.initializers.RandomNormal(stddev=stddev)
        self.maps = self.add_weight(shape=shape, initializer=initializer, name="pictures")

    def call(self, inputs: Tensor) -> Tensor:
        if self.gather:
            return ops.sum(inputs * self.maps, axis=(1, 2))
        return inputs[:, None, None, :] * self.maps

    def compute_output_shape(self, input_shape):
        size = () if self.gather else self.size
        return (input_shape[0], *size, input_shape[-1])

    def get_config(self) -> dict:
        return {**super().get_config(), "size": self.size, "gather": self.gather}


@keras.saving.register_keras_serializable("ganzoo")
class BiasedActivation(Bias):
    """leaky_relu(x + bias), one learned bias per channel: the convolutions have none."""

    negative_slope = _SLOPE

    def call(self, inputs: Tensor) -> Tensor:
        return ops.leaky_relu(super().call(inputs), self.negative_slope)


def _stage(x: Tensor, channels: int, group_size: int, num_stages: int, prefix: str) -> Tensor:
    """The residual blocks at one resolution."""
    depth = _BLOCKS * num_stages
    for i in range(1, _BLOCKS + 1):
        x = _residual_block(x, channels, group_size, depth, f"{prefix}_block_{i}")
    return x


def _residual_block(x: Tensor, channels: int, group_size: int, depth: int, name: str) -> Tensor:
    """1x1 convolution, grouped 3x3 convolution, 1x1 convolution, and a shortcut: figure 2 (c).

    Fix-up initialization (Zhang et al. 2019, https://arxiv.org/abs/1901.09321): the last
    convolution starts at zero, the two before it smaller by depth^(-1/4), so that the variance
    does not grow with the number of blocks.
    """
    hidden, gain = channels * _EXPANSION, (2 / (1 + _SLOPE**2)) ** 0.5 * depth**-0.25
    y = _conv(hidden, 1, _he_initializer(gain), f"{name}_in")(x)
    y = BiasedActivation(name=f"{name}_in_relu")(y)
    groups = {"groups": hidden // group_size}
    y = _conv(hidden, 3, _he_initializer(gain), f"{name}_groups", **groups)(y)
    y = BiasedActivation(name=f"{name}_groups_relu")(y)
    y = _conv(channels, 1, "zeros", f"{name}_out")(y)
    return layers.Add(name=f"{name}_add")([x, y])


def _match_channels(x: Tensor, channels: int, name: str) -> Tensor:
    """A 1x1 convolution to as many channels, unless x has them already."""
    return x if x.shape[-1] == channels else _conv(channels, 1, _he_initializer(1.0), name)(x)


def _conv(filters: int, kernel_size: int, initializer, name: str, **options) -> Conv2D:
    shared = {"padding": "same", "use_bias": False, "kernel_initializer": initializer}
    return Conv2D(filters, kernel_size, name=name, **shared, **options)


def _he_initializer(gain: float) -> keras.initializers.Initializer:
    """Normal, of variance gain^2 / fan-in. He et al. 2015, https://arxiv.org/abs/1502.01852."""
    return keras.initializers.VarianceScaling(gain**2, "fan_in", "untruncated_normal")
