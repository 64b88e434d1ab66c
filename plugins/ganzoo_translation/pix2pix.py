"""pix2pix, translation learned from pairs. Isola et al. 2017, https://arxiv.org/abs/1611.07004.

A label is the picture to translate from; what is drawn at random is what dropout leaves out.
"""

import keras
from ganzoo_classic.dcgan import normal
from ganzoo_classic.sizes import sides, widths
from keras import layers, ops

from ganzoo import GAN
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D, Conv2DTranspose, LatentNoise

from .instance_norm import InstanceNormalization
from .patchgan import fitting_halvings, patch_logits

_DROPPED = 3  # the decoder's first layers, "CD" in appendix 6.1.1


@keras.saving.register_keras_serializable("ganzoo")
class Pix2Pix(GAN):
    """A GAN whose generator also stays near the picture to be reached: equation 4.

    Args:
        *networks: A generator of [latents, pictures] and a discriminator of [images, pictures].
        l1_weight: Of the mean absolute difference from the real image.
        **options: As of `GAN`.
    """

    def __init__(self, *networks, l1_weight: float = 100.0, **options):
        super().__init__(*networks, **options)
        self.l1_weight = l1_weight

    def generator_loss_terms(self, batch, fake, fake_outputs: list) -> dict:
        """Equation 3. The term sees to the coarse forms, the discriminator to the fine ones."""
        return {"l1": self.l1_weight * ops.mean(ops.abs(batch.real - fake))}

    def get_config(self) -> dict:
        return {**super().get_config(), "l1_weight": self.l1_weight}


def pix2pix(
    image_shape: tuple[int, int, int],
    source_shape: tuple[int, int, int],
    *,
    latent_size: int = 16,
    generator_width: int = 64,
    generator_most: int = 512,
    discriminator_width: int = 64,
    discriminator_most: int = 512,
    halvings: int | None = None,
    dropout: float = 0.5,
    l1_weight: float = 100.0,
) -> Pix2Pix:
    """Translates pictures: a U-Net that draws and a discriminator that judges patches.

    The paper normalizes by the statistics of a batch of one picture, when it trains and when it
    draws (section 3.3); that is instance normalization, which suits batches of any size.

    Args:
        image_shape: (size, size, channels) to reach; the size is a power of two from 8.
        source_shape: (size, size, channels) to translate from, of the same size.
        latent_size: Length of a latent, which decides what dropout leaves out.
        generator_width: Channels of the U-Net's outermost layers; they double inwards.
        generator_most: The most that they become.
        discriminator_width: Channels of the discriminator's first layer; they double, too.
        discriminator_most: The most that they become.
        halvings: Layers of the discriminator that halve the side. Three make patches of
            70x70 pixels, the default from 32x32 on; smaller pictures have fewer.
        dropout: Share of the numbers that are left out, in [0, 1).
        l1_weight: Of the difference from the picture to be reached; the paper's lambda.
    """
    places = sides("pix2pix", image_shape, 1)  # 1, 2, ..., size
    size = places.pop()
    halvings = fitting_halvings("pix2pix", size, halvings)
    if tuple(source_shape[:2]) != tuple(image_shape[:2]):
        raise UsageError(
            "pix2pix needs pictures of one size to translate from and to. "
            f"Received: from {tuple(source_shape)} to {tuple(image_shape)}."
        )
    if not 0 <= dropout < 1:
        raise UsageError(f"dropout must be in [0, 1). Received: {dropout}.")

    def generator() -> keras.Model:
        channels = widths(places, generator_width, generator_most)
        conv = {"kernel_size": 4, "strides": 2, "padding": "same", "kernel_initializer": normal()}
        latents = keras.Input((latent_size,), name="latents")
        x = labels = keras.Input(source_shape, name="labels")
        outermost, innermost, encoded = places[-1], places[0], {}
        for side in reversed(places):  # (batch, 2 side, 2 side, c / 2) -> (batch, side, side, c)
            name = f"down_{side}"
            x = x if side == outermost else layers.LeakyReLU(0.2, name=f"{name}_relu")(x)
            x = Conv2D(channels[side], use_bias=False, name=name, **conv)(x)
            # of a single place, normalization would leave nothing: the paper's errata
            plain = side in (outermost, innermost)
            x = x if plain else InstanceNormalization(True, name=f"{name}_norm")(x)
            encoded[side] = x
        for i, side in enumerate(places[1:]):  # (batch, side / 2, side / 2, ...) -> (..., 2 c)
            name = f"up_{side}"
            x = layers.ReLU(name=f"{name}_relu")(x)
            x = Conv2DTranspose(channels[side], use_bias=False, name=name, **conv)(x)
            x = InstanceNormalization(True, name=f"{name}_norm")(x)
            if i < _DROPPED:  # when pictures are drawn as well: section 3.3
                noise = LatentNoise(x.shape[1:], i, "uniform", name=f"{name}_noise")(latents)
                x = x * ops.cast(noise >= dropout, x.dtype) / (1.0 - dropout)
            x = layers.Concatenate(name=f"{name}_both")([x, encoded[side]])
        x = layers.ReLU(name="up_image_relu")(x)
        x = Conv2DTranspose(image_shape[-1], name="up_image", **conv)(x)
        x = layers.Activation("tanh", name="image", dtype="float32")(x)
        return keras.Model([latents, labels], x, name="generator")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        labels = keras.Input(source_shape, name="labels")
        logits = patch_logits(
            layers.Concatenate(name="both")([images, labels]),
            prefix="",
            width=discriminator_width,
            most=discriminator_most,
            halvings=halvings,
            affine=True,
        )
        return keras.Model([images, labels], logits, name="discriminator")

    return Pix2Pix(generator(), discriminator(), l1_weight=l1_weight)
