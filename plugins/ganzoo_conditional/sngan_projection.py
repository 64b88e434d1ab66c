"""SNGAN with a projection discriminator. Miyato and Koyama 2018,
https://arxiv.org/abs/1802.05637; networks for CIFAR-10: Miyato et al. 2018,
https://arxiv.org/abs/1802.05957, appendix B.4, table 4.
"""

from typing import Literal

import keras
from keras import layers, ops

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import (
    channels_by_resolution,
    check_minimum,
    powers_of_two,
    projection_discriminator,
    residual_discriminator,
    residual_generator_body,
    resolutions,
)
from ganzoo.errors import UsageError
from ganzoo.layers import ConditionalBatchNormalization, SelfAttention, SpectralNormalization


@standard_settings()
def sngan_projection(
    image_shape: tuple[int, int, int],
    classes: int,
    *,
    latent_size: int = 128,
    generator_base_channels: int = 256,
    generator_max_channels: int = 256,
    discriminator_base_channels: int = 128,
    discriminator_max_channels: int = 128,
    start_resolution: int = 4,
    num_downsamples: int = 2,
    num_extra_blocks: int = 2,
    upsampling: Literal["nearest", "bilinear"] = "nearest",
    activated_shortcut: bool = False,
    attention_resolution: int = 0,
    batch_norm_epsilon: float = 1e-5,
) -> GAN:
    """Class-conditional residual networks: SNGAN's, or those of SAGAN with attention.

    The generator's batch norm has scales and offsets of each class; the discriminator adds to
    its logit the inner product of the image's features and an embedding of the class. The
    defaults are the networks for CIFAR-10; for others, see `sngan`.

    Args:
        image_shape: (height, width, channels); see `ganzoo.blocks.resolutions`.
        classes: Number of classes; filled from the data set.
        latent_size: Length of a latent.
        generator_base_channels: Channels of the generator at the images' resolution; they
            double with each lower resolution.
        generator_max_channels: The most channels of the generator at any resolution.
        discriminator_base_channels: Channels of the discriminator's first block; they double,
            too.
        discriminator_max_channels: The most channels of the discriminator at any resolution.
        start_resolution: Height and width at which the generator starts, a power of two.
        num_downsamples: Blocks of the discriminator that halve the resolution.
        num_extra_blocks: Blocks of the discriminator after these, which keep the resolution.
        upsampling: How the generator doubles feature maps: "nearest", or "bilinear" as in mimicry.
        activated_shortcut: Whether the shortcuts of the discriminator begin after the first ReLU of
            their blocks, as in mimicry and PyTorch-StudioGAN, which compute it in place.
        attention_resolution: Height and width of the feature maps to which both networks apply
            self-attention, with spectral norm in the generator, too: SAGAN, Zhang et al. 2019,
            https://arxiv.org/abs/1805.08318; 0 for neither.
        batch_norm_epsilon: Added to the variances in batch norm; 2e-5 in the authors' code.
    """
    up = resolutions("sngan-projection", image_shape, start_resolution)
    down = powers_of_two(up[-1])
    up = channels_by_resolution(up, generator_base_channels, generator_max_channels)
    down = channels_by_resolution(down, discriminator_base_channels, discriminator_max_channels)
    check_minimum(1, latent_size=latent_size)
    attended = [r for r in list(up)[1:-1] if r >= max(down) >> num_downsamples]
    if attention_resolution and attention_resolution not in attended:
        raise UsageError(
            "attention_resolution must be 0, or a power of two, a resolution of both networks. "
            f"Received: {attention_resolution}."
        )

    def attention() -> dict[int, layers.Layer]:
        at = attention_resolution
        return {at: SelfAttention(name="attention")} if at else {}

    def generator() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")

        def norm(x: Tensor, resolution: int, name: str) -> Tensor:
            layer = ConditionalBatchNormalization(classes, epsilon=batch_norm_epsilon, name=name)
            return layer([x, labels])

        options = {"norm": norm, "epsilon": batch_norm_epsilon}
        options |= {"upsampling": upsampling, "inserted": attention()}
        if attention_resolution:
            options["wrap"] = SpectralNormalization
        images = residual_generator_body(latents, up, image_shape, **options)
        return keras.Model([latents, labels], images, name="generator")

    unconditional = residual_discriminator(
        image_shape, down, global_pool=ops.sum, wrap=SpectralNormalization,
        num_downsamples=num_downsamples, num_extra_blocks=num_extra_blocks,
        activated_shortcut=activated_shortcut, inserted=attention(),
    )  # fmt: skip
    discriminator = projection_discriminator(unconditional, classes)
    return GAN(generator(), discriminator, num_classes=classes)
