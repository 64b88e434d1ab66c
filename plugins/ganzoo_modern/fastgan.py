"""FastGAN, a light GAN for few images. Liu et al. 2021, https://arxiv.org/abs/2101.04775,
section 3. The augmentation and the hinge loss stand in the recipe.
"""

import keras
from keras import layers, ops

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import batch_norm, channels_by_resolution, check_minimum, resolutions
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D

_MAX_DECODED = 128  # resolution of the images that the decoders reconstruct: section 3.2


@keras.saving.register_keras_serializable("ganzoo")
class FastGAN(GAN):
    """A GAN whose discriminator also reconstructs real images from its own feature maps.

    Args:
        *networks: A generator, and a discriminator of images -> [logits, errors (batch,)].
        reconstruction_weight: Weight of the mean reconstruction error of real images in the
            discriminator's loss.
        **options: Further arguments of `GAN`.
    """

    def __init__(self, *networks, reconstruction_weight: float = 1.0, **options):
        super().__init__(*networks, **options)
        self.reconstruction_weight = reconstruction_weight

    def discriminator_loss_terms(self, batch, fake, real_outputs: list, fake_outputs: list) -> dict:
        """The error of real images, equation 2; fake images are not reconstructed."""
        return {"reconstruction": self.reconstruction_weight * ops.mean(real_outputs[1])}

    def get_config(self) -> dict:
        return {**super().get_config(), "reconstruction_weight": self.reconstruction_weight}


@standard_settings()
def fastgan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 256,
    generator_base_channels: int = 32,
    generator_max_channels: int = 512,
    discriminator_base_channels: int = 32,
    discriminator_max_channels: int = 512,
    excitation_ratio: int = 16,
    final_resolution: int = 8,
    reconstruction_weight: float = 1.0,
) -> FastGAN:
    """A light generator, and a discriminator that is an encoder with two small decoders.

    Args:
        image_shape: (size, size, channels); the size is a power of two from 8.
        latent_size: Length of a latent.
        generator_base_channels: Channels of the generator at the images' resolution; they
            double with each lower resolution.
        generator_max_channels: The most channels of the generator at any resolution.
        discriminator_base_channels: Channels of the discriminator's first layer; they double,
            too.
        discriminator_max_channels: The most channels of the discriminator at any resolution.
        excitation_ratio: Ratio of the two resolutions that a skip-layer excitation connects, a
            power of two; 16 in the paper, from 8x8 to 128x128 and from 16x16 to 256x256.
        final_resolution: Resolution at which the discriminator ends, a power of two from 4, at
            most half the size; there it returns (final_resolution - 3)**2 logits, one for each
            position.
        reconstruction_weight: Weight of the decoders' errors.
    """
    # long: the paper's networks from end to end, in the order in which they compute
    check_minimum(1, latent_size=latent_size)
    up, size = resolutions("fastgan", image_shape), image_shape[0]
    power_of_two = excitation_ratio >= 2 and excitation_ratio.bit_count() == 1
    if final_resolution not in up[:-1] or not power_of_two:
        raise UsageError(
            f"fastgan needs final_resolution in {up[:-1]} for images of {size}x{size} pixels, and "
            "excitation_ratio a power of two from 2. Received: "
            f"final_resolution={final_resolution}, excitation_ratio={excitation_ratio}."
        )

    def generator() -> keras.Model:
        channels = channels_by_resolution(up, generator_base_channels, generator_max_channels)
        latents = keras.Input((latent_size,), name="latents")
        x = layers.Dense(16 * 2 * channels[4], use_bias=False, name="project")(latents)
        x = layers.Reshape((4, 4, 2 * channels[4]), name="project_shape")(x)
        x = gated_linear_unit(batch_norm("project_norm")(x))
        maps = {4: x}  # by resolution
        for r in up[1:]:  # (batch, r / 2, r / 2, c) -> (batch, r, r, c')
            x = _upsampling_block(x, channels[r], f"up_{r}")
            if r // excitation_ratio in maps:
                x = skip_layer_excitation(x, maps[r // excitation_ratio], f"excite_{r}")
            maps[r] = x
        x = Conv2D(image_shape[-1], 3, padding="same", name="image_conv", dtype="float32")(x)
        x = layers.Activation("tanh", name="image", dtype="float32")(x)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        max_channels = discriminator_max_channels
        channels = channels_by_resolution(up, discriminator_base_channels, max_channels)
        images = keras.Input(image_shape, name="images")
        x = Conv2D(channels[size], 3, padding="same", name="image_conv")(images)
        x = layers.LeakyReLU(0.2, name="image_relu")(x)
        maps = {size: x}
        for r in reversed([r for r in up[:-1] if r >= final_resolution]):
            # (batch, 2 r, 2 r, c) -> (batch, r, r, c')
            maps[r] = x = _downsampling_block(x, channels[r], f"down_{r}")
        x = _conv_norm_relu(x, channels[final_resolution], 1, "judge")
        logits = Conv2D(1, 4, name="logits", dtype="float32")(x)

        decoded = min(size // 2, _MAX_DECODED)
        whole = reconstruction_error(maps[final_resolution], images, decoded, channels, "whole")
        # the paper decodes one random quarter; here all, from a quarter of the feature maps each
        parts = reconstruction_error(
            quarters(maps[2 * final_resolution]), quarters(images), decoded, channels, "part"
        )
        errors = whole + ops.mean(ops.reshape(parts, (-1, 4)), axis=1)
        return keras.Model(images, [logits, errors], name="discriminator")

    weight = {"reconstruction_weight": reconstruction_weight}
    return FastGAN(generator(), discriminator(), **weight)


def reconstruction_error(
    x: Tensor, images: Tensor, decoded: int, channels: dict[int, int], name: str
) -> Tensor:
    """Mean |decoded - image| of each image, (batch,); section 3.2 has a perceptual distance.

    Args:
        x: Feature maps (batch, r, r, c), from which a decoder upsamples.
        images: (batch, size, size, channels); compared at the decoded resolution.
        decoded: Resolution of the decoder's images.
        channels: Channels of the decoder by resolution.
        name: Beginning of the layers' names.
    """
    r = x.shape[1]
    while r < decoded:
        r *= 2
        x = _upsampling_block(x, channels[r], f"{name}_{r}")
    options = {"padding": "same", "dtype": "float32", "activation": "tanh"}
    x = Conv2D(images.shape[-1], 3, name=f"{name}_image", **options)(x)
    pool = images.shape[1] // decoded
    images = layers.AveragePooling2D(pool, name=f"{name}_small", dtype="float32")(images)
    return ops.mean(ops.abs(x - images), axis=(1, 2, 3))


def skip_layer_excitation(x: Tensor, low: Tensor, name: str) -> Tensor:
    """Skip-layer excitation, equation 1: low-resolution maps weight the channels of x.

    Args:
        x: (batch, h, w, c), of the higher resolution.
        low: (batch, s, s, d), with s a multiple of 4.
        name: Beginning of the layers' names.
    """
    if low.shape[1] > 4:
        low = layers.AveragePooling2D(low.shape[1] // 4, name=f"{name}_pool")(low)
    weights = Conv2D(x.shape[-1], 4, name=f"{name}_1")(low)  # (batch, 1, 1, c)
    weights = layers.LeakyReLU(0.1, name=f"{name}_relu")(weights)
    weights = Conv2D(x.shape[-1], 1, activation="sigmoid", name=f"{name}_2")(weights)
    return layers.Multiply(name=name)([x, weights])


def gated_linear_unit(x: Tensor) -> Tensor:
    """One half of the channels times the sigmoid of the other: (..., 2 c) -> (..., c).

    Dauphin et al. 2017, https://arxiv.org/abs/1612.08083, equation 1.
    """
    value, gate = ops.split(x, 2, axis=-1)
    return value * ops.sigmoid(gate)


def quarters(x: Tensor) -> Tensor:
    """The four quarters of each image as images: (batch, 2 s, 2 s, c) -> (4 batch, s, s, c)."""
    size, channels = x.shape[1] // 2, x.shape[-1]
    x = ops.reshape(x, (-1, 2, size, 2, size, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, size, size, channels))


def _upsampling_block(x: Tensor, filters: int, name: str) -> Tensor:
    """(batch, r, r, c) -> (batch, 2 r, 2 r, filters): figure 3, (b)."""
    x = layers.UpSampling2D(name=f"{name}_nearest")(x)
    x = _conv(x, 2 * filters, 3, f"{name}_conv")
    return gated_linear_unit(batch_norm(f"{name}_conv_norm")(x))


def _downsampling_block(x: Tensor, filters: int, name: str) -> Tensor:
    """(batch, 2 r, 2 r, c) -> (batch, r, r, filters), the mean of two paths: figure 4."""
    deep = _conv_norm_relu(x, filters, 4, f"{name}_1", strides=2)
    deep = _conv_norm_relu(deep, filters, 3, f"{name}_2")
    shallow = layers.AveragePooling2D(2, name=f"{name}_pool")(x)
    shallow = _conv_norm_relu(shallow, filters, 1, f"{name}_skip")
    return layers.Average(name=name)([deep, shallow])


def _conv_norm_relu(x: Tensor, filters: int, kernel_size: int, name: str, **options) -> Tensor:
    x = batch_norm(f"{name}_norm")(_conv(x, filters, kernel_size, name, **options))
    return layers.LeakyReLU(0.2, name=f"{name}_relu")(x)


def _conv(x: Tensor, filters: int, kernel_size: int, name: str, **options) -> Tensor:
    options |= {"padding": "same", "use_bias": False}
    return Conv2D(filters, kernel_size, name=name, **options)(x)
