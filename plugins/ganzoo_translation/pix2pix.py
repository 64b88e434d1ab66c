"""pix2pix, translation learned from pairs. Isola et al. 2017, https://arxiv.org/abs/1611.07004.

A label is the source image; dropout is the only source of randomness.
"""

import keras
from keras import layers, ops

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import (
    channels_by_resolution,
    check_minimum,
    check_multiples_of_4,
    max_downsamples,
    normal_initializer,
    patchgan,
    patchgan_downsamples,
    powers_of_two,
)
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D, Conv2DTranspose, InstanceNormalization, LatentNoise


@keras.saving.register_keras_serializable("ganzoo")
class Pix2Pix(GAN):
    """A GAN whose generator also minimizes the L1 distance from the target: equation 4.

    Args:
        *networks: A generator of [latents, source images] and a discriminator of [images, source
            images].
        l1_weight: Weight of the mean absolute difference from the real image.
        **options: Further arguments of `GAN`.
    """

    def __init__(self, *networks, l1_weight: float = 100.0, **options):
        super().__init__(*networks, **options)
        self.l1_weight = l1_weight

    def generator_loss_terms(self, batch, fake, fake_outputs: list) -> dict:
        """The L1 distance, equation 3, for low frequencies; the discriminator is for high ones."""
        return {"l1": self.l1_weight * ops.mean(ops.abs(batch.real - fake))}

    def get_config(self) -> dict:
        return {**super().get_config(), "l1_weight": self.l1_weight}


@standard_settings()
def pix2pix(
    image_shape: tuple[int, int, int],
    source_shape: tuple[int, int, int],
    *,
    latent_size: int = 16,
    generator_base_channels: int = 64,
    generator_max_channels: int = 512,
    discriminator_base_channels: int = 64,
    discriminator_max_channels: int = 512,
    num_downsamples: int | None = None,
    dropout: float = 0.5,
    dropout_resolutions: list[int] = [2, 4, 8],  # noqa: B006  read, never changed
    l1_weight: float = 100.0,
) -> Pix2Pix:
    """Paired image-to-image translation: a U-Net and a PatchGAN discriminator.

    The paper normalizes by the statistics of a batch of one image, in training and in
    inference (section 3.3); that is instance normalization, which suits batches of any size.

    Args:
        image_shape: (height, width, channels) of the target; multiples of 4, from 8. The U-Net
            halves both as often as both are even: the paper's 256x256 to 1x1, 48x80 to 3x5.
        source_shape: (height, width, channels) of the source, of the same height and width.
        latent_size: Length of a latent, of which dropout is a function.
        generator_base_channels: Channels of the U-Net's outermost layers; they double inwards.
        generator_max_channels: The most channels of the U-Net at any resolution.
        discriminator_base_channels: Channels of the discriminator's first layer; they double
            with each lower resolution.
        discriminator_max_channels: The most channels of the discriminator at any resolution.
        num_downsamples: Layers of the discriminator that halve the resolution. Three make
            patches of 70x70 pixels, the default from 32x32 on; smaller images have fewer.
        dropout: Dropout rate, in [0, 1).
        dropout_resolutions: Resolutions of the decoder's feature maps of which dropout leaves
            out a part, as far as there are such. The default is the paper's, the first three;
            the authors' PyTorch code has [4, 8, 16].
        l1_weight: Weight of the mean absolute difference from the target; the paper's lambda.
    """
    check_multiples_of_4("pix2pix", image_shape)
    inner = powers_of_two(1 << max_downsamples(image_shape))[:-1]  # 1, 2, ..., 128 for 256x256
    num_downsamples = patchgan_downsamples("pix2pix", min(image_shape[:2]), num_downsamples)
    check_minimum(1, latent_size=latent_size, dropout_resolutions=dropout_resolutions)
    if tuple(source_shape[:2]) != tuple(image_shape[:2]):
        raise UsageError(
            "pix2pix needs source and target images of one size. "
            f"Received: from {tuple(source_shape)} to {tuple(image_shape)}."
        )
    if not 0 <= dropout < 1:
        raise UsageError(f"dropout must be in [0, 1). Received: {dropout}.")
    channels = channels_by_resolution(inner, generator_base_channels, generator_max_channels)

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        labels = keras.Input(source_shape, name="labels")
        logits = patchgan(
            layers.Concatenate(name="both")([images, labels]),
            prefix="",
            base_channels=discriminator_base_channels,
            max_channels=discriminator_max_channels,
            num_downsamples=num_downsamples,
            affine=True,
        )
        return keras.Model([images, labels], logits, name="discriminator")

    generator = u_net(
        image_shape, source_shape, latent_size, channels, dropout, dropout_resolutions
    )
    return Pix2Pix(generator, discriminator(), l1_weight=l1_weight)


def u_net(
    image_shape: tuple[int, int, int],
    source_shape: tuple[int, int, int],
    latent_size: int,
    channels: dict[int, int],
    dropout: float,
    dropout_resolutions: list[int],
) -> keras.Model:
    """Encoder and decoder with a skip connection at each resolution: appendix 6.1.1.

    Args:
        image_shape: (height, width, channels) of the target.
        source_shape: (height, width, channels) of the source.
        latent_size: Length of a latent.
        channels: Channels by resolution, from 1, the lowest, to that of half the size.
        dropout: Dropout rate.
        dropout_resolutions: Where it is in the decoder, "CD" in the appendix.
    """
    conv = {"kernel_size": 4, "strides": 2, "padding": "same"}
    conv["kernel_initializer"] = normal_initializer()
    innermost, *others = channels
    latents = keras.Input((latent_size,), name="latents")
    x = labels = keras.Input(source_shape, name="labels")
    encoded = {}
    for r in reversed(channels):  # (batch, 2 r, 2 r, c / 2) -> (batch, r, r, c)
        outermost = r == others[-1]
        x = x if outermost else layers.LeakyReLU(0.2, name=f"down_{r}_relu")(x)
        x = Conv2D(channels[r], use_bias=False, name=f"down_{r}", **conv)(x)
        # of a single pixel, normalization would leave nothing: the paper's errata
        if not outermost and r != innermost:
            x = InstanceNormalization(True, name=f"down_{r}_norm")(x)
        encoded[r] = x
    for i, r in enumerate(others):  # (batch, r / 2, r / 2, ...) -> (batch, r, r, 2 c)
        x = layers.ReLU(name=f"up_{r}_relu")(x)
        x = Conv2DTranspose(channels[r], use_bias=False, name=f"up_{r}", **conv)(x)
        x = InstanceNormalization(True, name=f"up_{r}_norm")(x)
        if r in dropout_resolutions:
            x = _latent_dropout(x, latents, dropout, i, f"up_{r}_noise")
        x = layers.Concatenate(name=f"up_{r}_both")([x, encoded[r]])
    x = layers.ReLU(name="up_image_relu")(x)
    x = Conv2DTranspose(image_shape[-1], name="up_image", **conv)(x)
    x = layers.Activation("tanh", name="image", dtype="float32")(x)
    return keras.Model([latents, labels], x, name="generator")


def _latent_dropout(x: Tensor, latents: Tensor, rate: float, stream: int, name: str) -> Tensor:
    """Dropout as a function of the latents, in inference as well: section 3.3."""
    noise = LatentNoise(x.shape[1:], stream, "uniform", name=name)(latents)
    return x * ops.cast(noise >= rate, x.dtype) / (1.0 - rate)
