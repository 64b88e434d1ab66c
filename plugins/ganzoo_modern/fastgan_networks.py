"""The networks of FastGAN. Liu et al. 2021, https://arxiv.org/abs/2101.04775, section 3."""

from collections.abc import Callable

import keras
from keras import layers, ops

from ganzoo.backend import Tensor
from ganzoo.blocks import batch_norm, shape_at
from ganzoo.layers import Conv2D, LatentNoise, SpectralNormalization

# Channels of the generator and of the decoders, as multiples of their base channels.
MULTIPLES = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 1 / 2, 512: 1 / 4, 1024: 1 / 8}
_ENCODED = 256  # resolution of the discriminator's first block, also of larger images


def shrink(images: Tensor, critic: keras.Model) -> Tensor:
    """Means of squares of pixels: images in the size that a critic takes."""
    (h, w), channels = critic.input_shape[1:3], images.shape[-1]
    side = images.shape[1] // h
    return ops.mean(ops.reshape(images, (-1, h, side, w, side, channels)), axis=(2, 4))


def outputs_of(
    critics: list[keras.Model],
    images: Tensor,
    small: Tensor,
    call: Callable = keras.Model.__call__,
) -> list[Tensor]:
    """Outputs of both critics as one: logits (batch, places, n, 1) and errors (batch,)."""
    large, other = map(call, critics, (images, small))
    return [ops.concatenate([large[0], other[0]], axis=1), large[1] + other[1]]


def image_pair(
    latent_size: int, image_shape: tuple[int, int, int], channels: dict[int, int], up: list[int],
    small: int, ratio: int,
) -> keras.Model:  # fmt: skip
    """Latents -> [images, smaller images].

    Args:
        latent_size: Length of a latent.
        image_shape: (height, width, channels).
        channels: Channels by resolution.
        up: Resolutions from 4 to that of the images.
        small: Resolution of the smaller images.
        ratio: Ratio of the resolutions that an excitation connects.
    """
    latents = keras.Input((latent_size,), name="latents")
    maps = generator_maps(latents, image_shape, channels, up, ratio)
    colors = image_shape[-1]
    images = conv(maps[up[-1]], colors, 3, "image_conv", dtype="float32")
    smaller = conv(maps[small], colors, 1, "small_image_conv", dtype="float32")
    return keras.Model(latents, [ops.tanh(images), ops.tanh(smaller)], name="pair")


def generator_maps(
    latents: Tensor, image_shape: tuple[int, int, int], channels: dict[int, int], up: list[int],
    ratio: int,
) -> dict[int, Tensor]:  # fmt: skip
    """The generator's feature maps by resolution; see `image_pair`."""
    # a transposed convolution of one pixel, whose kernel is normalized as that of any other
    h, w = shape_at(4, image_shape, up[-1])
    border = ((0, 0), (h - 1, h - 1), (w - 1, w - 1), (0, 0))
    x = ops.pad(ops.reshape(latents, (-1, 1, 1, latents.shape[-1])), border)
    x = conv(x, 2 * channels[4], (h, w), "project", padding="valid")
    maps = {4: gated_linear_unit(batch_norm("project_norm")(x))}  # by resolution
    for i, r in enumerate(up[1:]):  # (batch, r / 2, r / 2, c) -> (batch, r, r, c')
        noisy = {"latents": latents} if i % 2 == 0 else {}
        maps[r] = _upsampling_block(maps[r // 2], channels[r], f"up_{r}", **noisy)
        if r // ratio in maps and r < max(MULTIPLES):
            maps[r] = skip_layer_excitation(maps[r], maps[r // ratio], r // ratio, f"excite_{r}")
    return maps


def large_critic(
    image_shape: tuple[int, int, int], size: int, channels: dict[int, int],
    decoded: dict[int, int], final: int, small: int,
) -> keras.Model:  # fmt: skip
    """Images -> [logits (batch, m, n, 1), errors of two decoders (batch,)].

    Args:
        image_shape: (height, width, channels).
        size: Their resolution.
        channels: Channels by resolution.
        decoded: Channels of the decoders by resolution.
        final: Resolution at which it ends.
        small: Resolution of the decoded images.
    """
    r = size if size <= _ENCODED else size // 2
    images = keras.Input(image_shape, name="images")
    x = conv(images, channels[r], 3 if r == size else 4, "image_conv", strides=size // r)
    x = layers.LeakyReLU(0.2, name="image_relu")(x)
    if r > _ENCODED:
        r = _ENCODED
        x = conv_norm_relu(x, channels[r], 4, "image_conv_2", strides=2)
    maps = {r: x}
    while r > final:
        r //= 2
        maps[r] = _downsampling_block(maps[2 * r], channels[r], f"down_{r}")
        if 8 * r in maps:
            maps[r] = skip_layer_excitation(maps[r], maps[8 * r], 8 * r, f"excite_{r}")
    x = conv_norm_relu(maps[final], 2 * channels[final], 1, "head")
    logits = _patch_logits(x, "logits")
    whole = reconstruction_error(maps[final], images, final, small, decoded, "whole")
    # the paper decodes one random quarter; here all, from a quarter of the feature maps each
    parts = quarters(maps[2 * final]), quarters(images)
    parts = reconstruction_error(*parts, final, small, decoded, "part")
    errors = whole + ops.mean(ops.reshape(parts, (-1, 4)), axis=1)
    return keras.Model(images, [logits, errors], name="large")


def small_critic(
    image_shape: tuple[int, int, int], size: int, channels: dict[int, int],
    decoded: dict[int, int], final: int,
) -> keras.Model:  # fmt: skip
    """Smaller images -> [logits (batch, m, n, 1), errors of a decoder (batch,)].

    See `large_critic` for the arguments; here the channels are half as many.
    """
    r = max(size // 2, final)
    images = keras.Input(image_shape, name="images")
    x = conv(images, max(channels[r] // 2, 1), 4, "small_image_conv", strides=size // r)
    x = layers.LeakyReLU(0.2, name="small_image_relu")(x)
    while r > final:
        r //= 2
        x = conv_norm_relu(x, max(channels[r] // 2, 1), 4, f"small_down_{r}", strides=2)
    errors = reconstruction_error(x, images, final, size, decoded, "small")
    return keras.Model(images, [_patch_logits(x, "small_logits"), errors], name="small")


def _patch_logits(x: Tensor, name: str) -> Tensor:
    """A logit for every patch of 4x4 feature maps: (batch, h, w, c) -> (batch, h - 3, w - 3, 1)."""
    kernel_size = tuple(min(4, side) for side in x.shape[1:3])
    return conv(x, 1, kernel_size, name, padding="valid", dtype="float32")


def reconstruction_error(
    x: Tensor, images: Tensor, r: int, decoded: int, channels: dict[int, int], name: str
) -> Tensor:
    """Mean |decoded - image| of each image, (batch,); section 3.2 has a perceptual distance.

    Args:
        x: Feature maps (batch, h, w, c), from which a decoder upsamples.
        images: (batch, height, width, channels); compared at the decoded resolution.
        r: Resolution of the feature maps.
        decoded: Resolution of the decoder's images.
        channels: Channels of the decoder by resolution.
        name: Beginning of the layers' names.
    """
    while r < decoded:
        r *= 2
        x = _upsampling_block(x, channels[r], f"{name}_{r}")
    options = {"dtype": "float32", "activation": "tanh"}
    x = conv(x, images.shape[-1], 3, f"{name}_image", **options)
    pool = images.shape[1] // x.shape[1]
    images = layers.AveragePooling2D(pool, name=f"{name}_small", dtype="float32")(images)
    return ops.mean(ops.abs(x - images), axis=(1, 2, 3))


def skip_layer_excitation(x: Tensor, low: Tensor, r: int, name: str) -> Tensor:
    """Skip-layer excitation, equation 1: maps of another resolution weight the channels of x.

    Args:
        x: (batch, h, w, c).
        low: (batch, s, t, d).
        r: Resolution of `low`, from 4.
        name: Beginning of the layers' names.
    """
    if r > 4:  # (batch, s, t, d) -> (batch, 4, 4, d)
        low = layers.AveragePooling2D(r // 4, name=f"{name}_pool")(low)
    weights = conv(
        low, x.shape[-1], low.shape[1:3], f"{name}_1", padding="valid"
    )  # (batch, 1, 1, c)
    weights = ops.silu(weights)  # in the paper's figure 3 a leaky ReLU
    weights = conv(weights, x.shape[-1], 1, f"{name}_2", activation="sigmoid")
    return layers.Multiply(name=name)([x, weights])


def gated_linear_unit(x: Tensor) -> Tensor:
    """One half of the channels times the sigmoid of the other: (..., 2 c) -> (..., c).

    Dauphin et al. 2017, https://arxiv.org/abs/1612.08083, equation 1.
    """
    value, gate = ops.split(x, 2, axis=-1)
    return value * ops.sigmoid(gate)


def quarters(x: Tensor) -> Tensor:
    """The four quarters of each image as images: (batch, 2 h, 2 w, c) -> (4 batch, h, w, c)."""
    h, w, channels = x.shape[1] // 2, x.shape[2] // 2, x.shape[-1]
    x = ops.reshape(x, (-1, 2, h, 2, w, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, h, w, channels))


@keras.saving.register_keras_serializable("ganzoo")
class ScaledNoise(keras.layers.Layer):
    """x + strength * noise, called with [x, noise], with one strength that starts at 0:
    (batch, h, w, c) and (batch, h, w, 1) -> (batch, h, w, c).
    """

    def build(self, input_shape) -> None:
        self.strength = self.add_weight(shape=(), initializer="zeros", name="strength")

    def call(self, inputs: Tensor) -> Tensor:
        x, noise = inputs
        return x + self.strength * ops.cast(noise, x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape[0]


def _upsampling_block(x: Tensor, filters: int, name: str, latents: Tensor = None) -> Tensor:
    """(batch, r, r, c) -> (batch, 2 r, 2 r, filters): figure 3, (b).

    With latents, of which noise is a function, there are two convolutions.
    """
    x = layers.UpSampling2D(name=f"{name}_nearest")(x)
    h, w = x.shape[1:3]
    for i in (1,) if latents is None else (1, 2):
        x = conv(x, 2 * filters, 3, f"{name}_conv_{i}")
        if latents is not None:
            noise = LatentNoise((h, w, 1), h + i, name=f"{name}_noise_{i}")(latents)
            x = ScaledNoise(name=f"{name}_scale_{i}")([x, noise])
        x = gated_linear_unit(batch_norm(f"{name}_norm_{i}")(x))
    return x


def _downsampling_block(x: Tensor, filters: int, name: str) -> Tensor:
    """(batch, 2 r, 2 r, c) -> (batch, r, r, filters), the mean of two paths: figure 4."""
    deep = conv_norm_relu(x, filters, 4, f"{name}_1", strides=2)
    deep = conv_norm_relu(deep, filters, 3, f"{name}_2")
    shallow = layers.AveragePooling2D(2, name=f"{name}_pool")(x)
    shallow = conv_norm_relu(shallow, filters, 1, f"{name}_skip")
    return layers.Average(name=name)([deep, shallow])


def conv_norm_relu(x: Tensor, filters: int, kernel_size: int, name: str, **options) -> Tensor:
    """A convolution as `conv`, batch normalization and a leaky ReLU."""
    x = batch_norm(f"{name}_norm")(conv(x, filters, kernel_size, name, **options))
    return layers.LeakyReLU(0.2, name=f"{name}_relu")(x)


def conv(
    x: Tensor, filters: int, kernel_size: int | tuple[int, ...], name: str, **options
) -> Tensor:
    """A convolution of the same size, spectrally normalized and without a bias."""
    initializer = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")  # PyTorch's
    options = {"padding": "same", "use_bias": False, "kernel_initializer": initializer} | options
    return SpectralNormalization(Conv2D(filters, kernel_size, name=name, **options))(x)
