"""FastGAN, a light GAN for few images. Liu et al. 2021, https://arxiv.org/abs/2101.04775,
section 3, with what its authors' code has and the paper does not tell: spectral normalization,
noise, a second output of a lower resolution with a discriminator of its own, and skip-layer
excitation in the discriminator. The augmentation and the hinge loss stand in the recipe.
"""

import keras
from keras import layers, ops

from ganzoo import GAN, backend
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import check_minimum, resolutions, shape_at
from ganzoo.errors import UsageError

from .fastgan_networks import (
    MULTIPLES,
    image_pair,
    large_critic,
    outputs_of,
    shrink,
    small_critic,
)

_SMALL = 128  # the most pixels of the smaller images, and of those that are decoded: section 3.2


@keras.saving.register_keras_serializable("ganzoo")
class FastGAN(GAN):
    """A GAN of images in two sizes, whose discriminator also reconstructs the real ones.

    In training both sizes are one tensor (batch, size, size, 2 channels): the images, and the
    smaller ones with each pixel repeated.

    Args:
        generator: Latents -> images, by a model of latents -> [images, smaller images] named
            "pair".
        discriminator: Images -> [logits, errors (batch,)]. Its layers "large" and "small" are
            such models, too, of the images in one of the sizes.
        reconstruction_weight: Weight of the mean reconstruction error of real images in the
            discriminator's loss.
        **options: Further arguments of `GAN`.
    """

    def __init__(self, *networks, reconstruction_weight: float = 1.0, **options):
        super().__init__(*networks, **options)
        self.reconstruction_weight = reconstruction_weight

    def generate(self, latents: Tensor, labels: Tensor = None) -> Tensor:
        """Images in both sizes, float32."""
        images, small = backend.training_outputs(self.generator.get_layer("pair"), latents)
        small = layers.UpSampling2D(images.shape[1] // small.shape[1], dtype="float32")(small)
        return ops.concatenate([images, small], axis=-1)

    def discriminator_loss(self, batch, fake: Tensor) -> tuple[Tensor, dict]:
        """The loss of `GAN`, with real images in both sizes."""
        return super().discriminator_loss(_in_both_sizes(batch), fake)

    def generator_loss(self, batch) -> tuple[Tensor, dict]:
        """The loss of `GAN`, with real images in both sizes."""
        return super().generator_loss(_in_both_sizes(batch))

    def discriminator_outputs(self, samples: Tensor, labels: Tensor = None, *, rng=None) -> list:
        """Logits (batch * places,) of both sizes, and the errors of both (batch,)."""
        critics = [self.discriminator.get_layer(name) for name in ("large", "small")]
        channels = self.sampler.image_shape[-1]
        images, small = samples[..., :channels], shrink(samples[..., -channels:], critics[1])
        if rng is not None:
            for regularizer in self.regularizers:
                images = regularizer.augment(images, rng)
                small = regularizer.augment(small, rng.fold_in("small"))
        logits, errors = outputs_of(critics, images, small, backend.training_outputs)
        return [ops.reshape(logits, (-1,)), errors]

    def discriminator_loss_terms(self, batch, fake, real_outputs: list, fake_outputs: list) -> dict:
        """The error of real images, equation 2; fake images are not reconstructed."""
        return {"reconstruction": self.reconstruction_weight * ops.mean(real_outputs[1])}

    def get_config(self) -> dict:
        return {**super().get_config(), "reconstruction_weight": self.reconstruction_weight}


def _in_both_sizes(batch):
    return batch._replace(real=ops.concatenate([batch.real, batch.real], axis=-1))


@standard_settings()
def fastgan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 256,
    generator_base_channels: int = 64,
    discriminator_base_channels: int = 64,
    excitation_ratio: int = 16,
    final_resolution: int = 8,
    reconstruction_weight: float = 1.0,
) -> FastGAN:
    """A light generator, and a discriminator that is an encoder with three small decoders.

    Args:
        image_shape: (height, width, channels), of at most 1024 pixels; see
            `ganzoo.blocks.resolutions`.
        latent_size: Length of a latent.
        generator_base_channels: Channels of the generator at 128x128; 16 times as many at 4x4.
        discriminator_base_channels: Channels of the discriminator at 64x64; they double with
            each lower resolution.
        excitation_ratio: Ratio of the two resolutions that a skip-layer excitation connects in
            the generator, a power of two; 16 in the paper, from 8x8 to 128x128.
        final_resolution: Resolution at which the discriminator ends, a power of two from 4, at
            most half the size; there it returns (final_resolution - 3)**2 logits for each of
            two sizes, one for each position.
        reconstruction_weight: Weight of the decoders' errors.
    """
    up = resolutions("fastgan", image_shape)
    size = up[-1]
    power_of_two = excitation_ratio >= 2 and excitation_ratio.bit_count() == 1
    if size > max(MULTIPLES) or final_resolution not in up[:-1] or not power_of_two:
        raise UsageError(
            f"fastgan needs images of at most {max(MULTIPLES)} pixels a side, final_resolution in "
            f"{up[:-1]} for {size}x{size}, and excitation_ratio a power of two from 2. Received: "
            f"final_resolution={final_resolution}, excitation_ratio={excitation_ratio}."
        )
    check_minimum(
        1, latent_size=latent_size, generator_base_channels=generator_base_channels,
        discriminator_base_channels=discriminator_base_channels,
    )  # fmt: skip
    small = min(size // 2, _SMALL)
    small_shape = (*shape_at(small, image_shape, size), image_shape[-1])
    decoded = _scaled(MULTIPLES, discriminator_base_channels / 2)
    encoded = _scaled({r: 64 / r for r in up}, discriminator_base_channels)

    latents = keras.Input((latent_size,), name="latents")
    channels = _scaled(MULTIPLES, generator_base_channels)
    pair = image_pair(latent_size, image_shape, channels, up, small, excitation_ratio)
    generator = keras.Model(latents, pair(latents)[0], name="generator")

    images = keras.Input(image_shape, name="images")
    critics = [
        large_critic(image_shape, size, encoded, decoded, final_resolution, small),
        small_critic(small_shape, small, encoded, decoded, final_resolution),
    ]
    outputs = outputs_of(critics, images, shrink(images, critics[1]))
    discriminator = keras.Model(images, outputs, name="discriminator")
    return FastGAN(generator, discriminator, reconstruction_weight=reconstruction_weight)


def _scaled(multiples: dict[int, float], base_channels: float) -> dict[int, int]:
    return {r: max(int(multiple * base_channels), 1) for r, multiple in multiples.items()}
