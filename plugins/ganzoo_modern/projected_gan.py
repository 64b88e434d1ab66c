"""Projected GAN. Sauer et al. 2021, https://arxiv.org/abs/2111.01007, with FastGAN's generator.

The discriminators see images through a network that is trained already, and through random
projections of its features that nobody trains. Section 3.2 mixes channels and scales of the
features, section 3.3 has a discriminator for each scale. Loss and augmentation stand in the recipe.
"""

import math

import keras
import numpy as np
from ganzoo_features.efficientnet import photo_stages
from keras import layers, ops

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import check_minimum, resolutions
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D, Resample2D

from .fastgan_networks import MULTIPLES, conv, conv_norm_relu, generator_maps

_STAGES = (2, 3, 5, 7)  # of the features, at 1/4, 1/8, 1/16 and 1/32 of the size: section 3.2
_FINAL = 4  # pixels of the last maps of each discriminator


@keras.saving.register_keras_serializable("ganzoo")
class ProjectionInitializer(keras.initializers.HeNormal):
    """He's normal numbers, the same on every backend: NumPy draws them by the seed."""

    def __call__(self, shape: tuple[int, ...], dtype=None) -> Tensor:
        stddev = math.sqrt(2 / math.prod(shape[:-1]))
        numbers = np.random.RandomState(self.seed).normal(0.0, stddev, shape)
        return ops.convert_to_tensor(numbers.astype("float32"), dtype)


@standard_settings()
def projected_gan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 256,
    generator_base_channels: int = 64,
    discriminator_base_channels: int = 64,
    excitation_ratio: int = 16,
    feature_resolution: int = 224,
) -> GAN:
    """FastGAN's generator against four discriminators of the features `photo`.

    Args:
        image_shape: (height, width, channels), of at most 1024 pixels; see
            `ganzoo.blocks.resolutions`. Channels other than three are shown to the features by
            threes, the last of them repeated.
        latent_size: Length of a latent.
        generator_base_channels: Channels of the generator at 128x128; 16 times as many at 4x4.
        discriminator_base_channels: Channels of the projected features at a quarter of the
            features' resolution; they double with each lower one.
        excitation_ratio: Ratio of the two resolutions that a skip-layer excitation connects in
            the generator, a power of two.
        feature_resolution: Least size at which the features see images, in pixels of the smaller
            side: smaller images are doubled by bilinear interpolation until they have it. In the
            paper that of the features' training, 224; less is faster.
    """
    up = resolutions("projected-gan", image_shape)
    size, colors = up[-1], image_shape[-1]
    power_of_two = excitation_ratio >= 2 and excitation_ratio.bit_count() == 1
    if size > max(MULTIPLES) or not power_of_two:
        raise UsageError(
            f"projected-gan needs images of at most {max(MULTIPLES)} pixels a side, and "
            "excitation_ratio a power of two from 2. Received: "
            f"{'x'.join(map(str, image_shape))}, excitation_ratio={excitation_ratio}."
        )
    check_minimum(
        1, latent_size=latent_size, generator_base_channels=generator_base_channels,
        discriminator_base_channels=discriminator_base_channels,
        feature_resolution=feature_resolution,
    )  # fmt: skip
    latents = keras.Input((latent_size,), name="latents")
    channels = {r: max(int(m * generator_base_channels), 1) for r, m in MULTIPLES.items()}
    x = generator_maps(latents, image_shape, channels, up, excitation_ratio)[size]
    x = ops.tanh(conv(x, colors, 3, "image_conv", dtype="float32"))
    generator = keras.Model(latents, x, name="generator")

    images = keras.Input(image_shape, name="images")
    x = _enlarged(images, feature_resolution)
    features = photo_stages(_STAGES, size=x.shape[1:3])
    seen = [features(three) for three in _threes(x)]
    maps = [ops.concatenate([found[i] for found in seen], axis=-1) for i in range(len(_STAGES))]
    maps = _projected(maps, discriminator_base_channels)
    logits = ops.concatenate(_logits(maps), axis=1)
    discriminator = keras.Model(images, logits, name="discriminator")
    return GAN(generator, discriminator, frozen_networks={"photo": features})


def _enlarged(images: Tensor, resolution: int) -> Tensor:
    """Images in [-1, 1] as the features take them: in [0, 255], and large enough."""
    x = layers.Rescaling(127.5, offset=127.5, name="pixels", dtype="float32")(images)
    while min(x.shape[1:3]) < resolution:
        x = _doubled(x, f"enlarge_{x.shape[1]}", dtype="float32")
    return x


def _threes(x: Tensor) -> list[Tensor]:
    """Channels by threes: gray as color, and color with transparency as two images."""
    count = x.shape[-1]
    if count == 3:
        return [x]
    last = [x[..., -1:]] * (-count % 3)
    x = ops.concatenate([x, *last], axis=-1)
    return [x[..., i : i + 3] for i in range(0, count, 3)]


def _projected(maps: list[Tensor], base_channels: int) -> list[Tensor]:
    """Mix channels and scales at random: section 3.2, from fine to coarse.

    A convolution of 1x1 mixes the channels of each scale; then, from the coarsest on, a
    convolution of 3x3 brings what is mixed already to the channels and the size of the next.
    """
    widths = [base_channels << i for i in range(len(maps))]
    pairs = enumerate(zip(maps, widths, strict=True), 1)
    mixed = [_fixed_conv(x, width, 1, f"mix_channels_{i}") for i, (x, width) in pairs]
    for i in range(len(mixed) - 1, 0, -1):  # (batch, h, w, c) -> (batch, 2 h, 2 w, c / 2)
        h, w = mixed[i - 1].shape[1:3]
        x = _doubled(mixed[i], f"mix_scales_{i}_up")[:, :h, :w]
        x = _fixed_conv(x, widths[i - 1], 3, f"mix_scales_{i}")
        mixed[i - 1] = layers.Add(name=f"mix_scales_{i}_add")([mixed[i - 1], x])
    return mixed


def _logits(maps: list[Tensor]) -> list[Tensor]:
    """Logits of a discriminator for each scale, (batch, m, n, 1), as many for each: section 3.3.

    The losses of the paper's discriminators are summed; a mean over all logits is a quarter of it.
    """
    final = min(_FINAL, *maps[-1].shape[1:3])
    widths = [x.shape[-1] for x in maps]
    found = []
    for scale, x in enumerate(maps):
        depth = scale
        while min(x.shape[1:3]) > final:
            depth += 1
            width = widths[min(depth, len(widths) - 1)]
            x = conv_norm_relu(x, width, 4, f"scale_{scale + 1}_down_{depth}", strides=2)
        found.append(conv(x, 1, 3, f"scale_{scale + 1}_logits", dtype="float32"))
    return found


def _doubled(x: Tensor, name: str, **options) -> Tensor:
    """Twice the height and width, by bilinear interpolation."""
    return Resample2D("up", border="edge", name=name, **options)(x)


def _fixed_conv(x: Tensor, filters: int, kernel_size: int, name: str) -> Tensor:
    """A convolution with random weights that stay: part of the state, but not trained."""
    options = {"padding": "same", "use_bias": False, "trainable": False}
    options["kernel_initializer"] = ProjectionInitializer()
    return Conv2D(filters, kernel_size, name=name, **options)(x)
