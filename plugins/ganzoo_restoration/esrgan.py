"""ESRGAN and Real-ESRGAN, which enlarge images. Wang et al. 2018,
https://arxiv.org/abs/1809.00219, and 2021, https://arxiv.org/abs/2107.10833.

A label is the small image. The generator is a function of it alone, for images of any size.
"""

import keras
from ganzoo_features.efficientnet import photo_stages
from keras import ops

from ganzoo import GAN
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import check_minimum, perceptual_distance
from ganzoo.errors import UsageError

from .enlarging_networks import compact_net, rrdb_net
from .unet_discriminator import DOWNSAMPLES, unet_discriminator

# Pixels beyond a tile from which joined tiles differ by at most one gray level from the whole
# image, by the number of blocks. The receptive fields of the published networks of 6 and 23 blocks
# have radii of some 95 and 350 pixels; of 8 and 9 cuts through photographs, the last pixel that
# differed by more was 55 and 71 pixels away.
_OVERLAPS = {6: 64, 23: 80}


@keras.saving.register_keras_serializable("ganzoo")
class ESRGAN(GAN):
    """A GAN whose generator enlarges images and also minimizes the distance from the originals.

    Args:
        generator: A model of images, its input named "labels"; of any size.
        discriminator: A model of the large images.
        l1_weight: Weight of the mean absolute difference from the original, beside an
            adversarial loss of weight 1.
        perceptual_weight: Weight of the distance in the feature maps of the frozen network "photo".
        tile_overlap: See `GAN`.
        **options: Further arguments of `GAN`.
    """

    bounded = False

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        l1_weight: float = 10.0,
        perceptual_weight: float = 0.0,
        tile_overlap: int | None = None,
        **options,
    ):
        options = {"value_range": (0.0, 1.0), **options}
        super().__init__(generator, discriminator, **options)
        self.l1_weight = l1_weight
        self.perceptual_weight = perceptual_weight
        self.tile_overlap = tile_overlap

    def generator_loss_terms(self, batch, fake, fake_outputs: list) -> dict:
        """The distance from the original, in pixels and in features: section 3.3."""
        terms = {"l1": self.l1_weight * ops.mean(ops.abs(batch.real - fake))}
        if self.perceptual_weight:
            photo = self.frozen_networks["photo"]
            distances = perceptual_distance(photo, batch.real, fake, self.value_range)
            terms["perceptual"] = self.perceptual_weight * ops.mean(distances)
        return terms

    def get_config(self) -> dict:
        names = ("l1_weight", "perceptual_weight", "tile_overlap")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@standard_settings()
def esrgan(
    image_shape: tuple[int, int, int],
    source_shape: tuple[int, int, int],
    *,
    base_channels: int = 64,
    growth_channels: int = 32,
    num_blocks: int = 23,
    discriminator_base_channels: int = 64,
    l1_weight: float = 10.0,
    perceptual_weight: float = 0.0,
) -> ESRGAN:
    """RRDBNet, which enlarges images 2, 4 or 8 times, and a U-Net discriminator.

    Args:
        image_shape: (height, width, channels) of the originals in training; multiples of 8.
        source_shape: The same of the small images, 2, 4 or 8 times smaller.
        base_channels: Channels between the generator's blocks.
        growth_channels: Channels that each convolution of a dense block adds.
        num_blocks: Residual in residual dense blocks.
        discriminator_base_channels: Channels of the discriminator at the images' resolution.
        l1_weight: Weight of the mean absolute difference. The default, beside an adversarial
            loss of weight 1, is Real-ESRGAN's 1 beside 0.1.
        perceptual_weight: Weight of the distance in feature maps of EfficientNet-Lite0; none by
            default. Real-ESRGAN's, in those of VGG, would be 10.
    """
    scale = _scale("esrgan", image_shape, source_shape, (2, 4, 8))
    check_minimum(1, base_channels=base_channels, growth_channels=growth_channels,
                  num_blocks=num_blocks,
                  discriminator_base_channels=discriminator_base_channels)  # fmt: skip
    generator = rrdb_net(
        image_shape[-1],
        scale,
        base_channels=base_channels,
        growth_channels=growth_channels,
        num_blocks=num_blocks,
    )
    discriminator = unet_discriminator(image_shape, discriminator_base_channels)
    overlap = next((n for blocks, n in _OVERLAPS.items() if num_blocks <= blocks), 80)
    return _gan(generator, discriminator, overlap, l1_weight, perceptual_weight)


@standard_settings()
def esrgan_compact(
    image_shape: tuple[int, int, int],
    source_shape: tuple[int, int, int],
    *,
    base_channels: int = 64,
    num_convolutions: int = 16,
    discriminator_base_channels: int = 64,
    l1_weight: float = 10.0,
    perceptual_weight: float = 0.0,
) -> ESRGAN:
    """A compact network, which enlarges images 2, 3, ... 8 times, and a U-Net discriminator.

    It is some twenty times as fast as RRDBNet of 23 blocks.

    Args:
        image_shape: (height, width, channels) of the originals in training; multiples of 8.
        source_shape: The same of the small images, 2 to 8 times smaller.
        base_channels: Channels of the generator's convolutions.
        num_convolutions: Convolutions between its first and its last one.
        discriminator_base_channels: Channels of the discriminator at the images' resolution.
        l1_weight: Weight of the mean absolute difference. The default, beside an adversarial
            loss of weight 1, is Real-ESRGAN's 1 beside 0.1.
        perceptual_weight: Weight of the distance in feature maps of EfficientNet-Lite0; none by
            default. Real-ESRGAN's, in those of VGG, would be 10.
    """
    scale = _scale("esrgan-compact", image_shape, source_shape, range(2, 9))
    check_minimum(1, base_channels=base_channels, num_convolutions=num_convolutions,
                  discriminator_base_channels=discriminator_base_channels)  # fmt: skip
    generator = compact_net(
        image_shape[-1], scale, base_channels=base_channels, num_convolutions=num_convolutions
    )
    discriminator = unet_discriminator(image_shape, discriminator_base_channels)
    radius = num_convolutions + 2  # one pixel for each convolution of 3x3
    return _gan(generator, discriminator, radius, l1_weight, perceptual_weight)


def _gan(
    generator: keras.Model,
    discriminator: keras.Model,
    tile_overlap: int,
    l1_weight: float,
    perceptual_weight: float,
) -> ESRGAN:
    return ESRGAN(
        generator,
        discriminator,
        l1_weight=l1_weight,
        perceptual_weight=perceptual_weight,
        tile_overlap=tile_overlap,
        # where it has no weight, the network would only take time to be loaded
        frozen_networks={"photo": photo_stages()} if perceptual_weight else None,
    )


def _scale(architecture: str, image_shape: tuple, source_shape: tuple, allowed) -> int:
    """The factor of the images' size over that of their sources.

    Raises:
        UsageError: it is none of the allowed numbers, or differs between the axes; the channels
            differ, or the discriminator cannot halve the images often enough.
    """
    (h, w, c), (source_h, source_w, source_c) = image_shape, source_shape
    scale = h // source_h
    if scale not in allowed or (h, w, c) != (source_h * scale, source_w * scale, source_c):
        raise UsageError(
            f"{architecture} enlarges images {min(allowed)} to {max(allowed)} times. "
            f"Received: from {tuple(source_shape)} to {tuple(image_shape)}."
        )
    factor = 1 << DOWNSAMPLES
    if h % factor or w % factor:
        raise UsageError(
            f"{architecture} is trained with images whose sides are multiples of {factor}. "
            f"Received: {tuple(image_shape)}."
        )
    return scale
