"""BigGAN. Brock et al. 2019, https://arxiv.org/abs/1809.11096, section 3 and appendices B and C."""

import keras
from keras import layers, ops

from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import (
    check_minimum,
    projection_discriminator,
    residual_discriminator,
    residual_generator_body,
    resolutions,
)
from ganzoo.errors import UsageError
from ganzoo.layers import (
    ConditionalBatchNormalization,
    OneHot,
    SelfAttention,
)

from .biggan_training import INITIALIZERS, BigGAN, channel_multiples, check_options, spectral


@standard_settings()
def biggan(
    image_shape: tuple[int, int, int],
    classes: int,
    *,
    latent_size: int = 120,
    class_embedding_size: int = 128,
    base_channels: int = 96,
    attention_resolution: int = 0,
    initializer: str = "orthogonal",
    orthogonal_weight: float = 0.0,
    batch_norm_epsilon: float = 1e-5,
    activated_shortcut: bool = False,
) -> BigGAN:
    """Class-conditional residual networks; every block of the generator gets a part of the latent.

    The sizes from 128 have the channels of the paper's tables 4 to 6, 64 is 128 without its last
    block; up to 32 the channels are equal everywhere, as others have them for CIFAR-10.

    Args:
        image_shape: (height, width, channels), of at most 512 pixels; see
            `ganzoo.blocks.resolutions`.
        classes: Number of classes; filled from the data set.
        latent_size: Length of a latent: as many equal parts as the generator has blocks, and
            one for the lowest resolution. The paper's parts have 20 numbers.
        class_embedding_size: Length of the class embedding, which all blocks share.
        base_channels: Factor of the channels of all blocks; ch in the paper.
        attention_resolution: Height and width of the feature maps to which both networks apply
            self-attention, 64 in the paper; 0 for none.
        initializer: Initializer of every kernel: "orthogonal", or "normal", of standard
            deviation 0.02.
        orthogonal_weight: Weight of the orthogonal regularization of the generator; 0 for none.
        batch_norm_epsilon: Added to the variances in batch norm; 1e-4 in the paper's published
            graphs, 1e-5 in the authors' later code.
        activated_shortcut: Whether the shortcuts of the discriminator begin after the first ReLU
            of their blocks, as in PyTorch-StudioGAN, which computes it in place.
    """
    # long: the paper's networks from end to end, in the order in which they compute
    up = resolutions("biggan", image_shape)
    size = up[-1]
    small = size <= 32
    num_downsamples, num_extra_blocks = (min(2, len(up) - 1), 2) if small else (len(up) - 1, 1)
    check_minimum(1, class_embedding_size=class_embedding_size, base_channels=base_channels)
    check_options("biggan", up, attention_resolution, size >> num_downsamples, initializer)
    if latent_size % len(up) or latent_size < 1:
        raise UsageError(
            f"biggan needs for {size}x{size} a latent_size that is a multiple of {len(up)}. "
            f"Received: {size}x{size}, latent_size={latent_size}.",
            hint=f"The paper's is {20 * len(up)}.",
        )
    multiples = dict(zip(up, channel_multiples(size), strict=True))
    new_initializer, wrap = INITIALIZERS[initializer], spectral(initializer)

    def attention() -> dict[int, layers.Layer]:
        if not attention_resolution:
            return {}
        layer = SelfAttention(kernel_initializer=new_initializer(), name="attention")
        return {attention_resolution: layer}

    def generator() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")
        dense = {"use_bias": False, "kernel_initializer": new_initializer(), "name": "shared"}
        embed = layers.Dense(class_embedding_size, **dense)
        rows = OneHot(classes, name="classes")(labels)
        embedding = embed(rows)  # (batch, classes) -> (batch, class_embedding_size)
        parts = ops.split(latents, len(up), axis=1)
        conditions = {
            r: ops.concatenate([embedding, part], axis=1) for r, part in zip(up, parts, strict=True)
        }

        def norm(x: Tensor, resolution: int, name: str) -> Tensor:
            options = {"spectral": True, "kernel_initializer": new_initializer(), "name": name}
            layer = ConditionalBatchNormalization(epsilon=batch_norm_epsilon, **options)
            return layer([x, conditions[resolution]])

        channels = {r: base_channels * multiple for r, multiple in multiples.items()}
        options = {"norm": norm, "wrap": wrap, "inserted": attention()}
        options["epsilon"] = batch_norm_epsilon
        images = residual_generator_body(parts[0], channels, image_shape, **options)
        return keras.Model([latents, labels], images, name="generator")

    def discriminator() -> keras.Model:
        channels = {r: base_channels * (2 if small else n) for r, n in multiples.items()}
        unconditional = residual_discriminator(
            image_shape,
            channels,
            num_downsamples=num_downsamples,
            num_extra_blocks=num_extra_blocks,
            global_pool=ops.sum,
            wrap=wrap,
            inserted=attention(),
            wide=True,
            activated_shortcut=activated_shortcut,
        )
        return projection_discriminator(unconditional, classes, wrap)

    options = {"orthogonal_weight": orthogonal_weight, "num_classes": classes}
    return BigGAN(generator(), discriminator(), **options)
