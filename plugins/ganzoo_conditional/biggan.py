"""BigGAN. Brock et al. 2019, https://arxiv.org/abs/1809.11096, section 3 and appendices B and C."""

from collections.abc import Callable

import keras
from keras import layers, ops

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import (
    check_minimum,
    normal_initializer,
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
    SpectralNormalization,
)

INITIALIZERS = {
    "orthogonal": keras.initializers.Orthogonal,  # section 3
    "normal": normal_initializer,  # the authors' for CIFAR-10
}


@keras.saving.register_keras_serializable("ganzoo")
class BigGAN(GAN):
    """A GAN with orthogonal regularization of the generator: section 3.1, equation 3.

    The authors' code adds half of the equation's gradient: its 1e-4 is 5e-5 here.

    Args:
        *networks: Generator and discriminator.
        orthogonal_weight: Weight of the regularization, beta in the equation, 1e-4 in the paper;
            0 for none.
        **options: Further arguments of `GAN`.
    """

    def __init__(self, *networks, orthogonal_weight: float = 0.0, **options):
        super().__init__(*networks, **options)
        self.orthogonal_weight = orthogonal_weight

    def generator_loss_terms(self, batch, fake, fake_outputs: list) -> dict:
        """The regularization of all kernels but the class embedding, which has no filters."""
        if not self.orthogonal_weight:
            return {}
        kernels = [w for w in self.generator.trainable_variables if w.name == "kernel"]
        kernels = [w for w in kernels if "shared/" not in w.path]
        return {"g_orthogonality": self.orthogonal_weight * sum(map(orthogonality, kernels))}

    def get_config(self) -> dict:
        return {**super().get_config(), "orthogonal_weight": self.orthogonal_weight}


def orthogonality(kernel: Tensor) -> Tensor:
    """||W'W * (1 - I)||^2, a scalar: squared inner products of different filters, the last axis."""
    filters = ops.reshape(ops.convert_to_tensor(kernel), (-1, kernel.shape[-1]))
    products = ops.matmul(ops.transpose(filters), filters)
    return ops.sum(ops.square(products * (1.0 - ops.eye(kernel.shape[-1]))))


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


def spectral(initializer: str) -> Callable[[layers.Layer], layers.Layer]:
    """Return what gives a layer that initializer and spectral normalization."""

    def wrap(layer: layers.Layer) -> layers.Layer:
        layer.kernel_initializer = INITIALIZERS[initializer]()
        return SpectralNormalization(layer)

    return wrap


def channel_multiples(size: int) -> list[int]:
    """Channels as multiples of `base_channels`, at the resolutions 4, 8, ..., size."""
    count = size.bit_length() - 2
    if size <= 32:
        return [4] * count
    return [16, 16, 8, 4, 2, 1][:count] if size <= 128 else [16, 16, 8, 8, 4, 2, 1, 1][:count]


def check_options(
    name: str, up: list[int], attention_resolution: int, final: int, initializer: str
) -> None:
    """Refuse options that do not fit the resolutions, the discriminator's final one included."""
    size, lowest = up[-1], max(final, 8)
    if size > 512:
        raise UsageError(f"{name} needs images of at most 512x512. Received: {size}x{size}.")
    attended = [r for r in up[:-1] if r >= lowest]
    if attention_resolution and attention_resolution not in attended:
        raise UsageError(
            f"attention_resolution must be 0, or a power of two from {lowest} to {size // 2}. "
            f"Received: {attention_resolution}."
        )
    if initializer not in INITIALIZERS:
        names = " or ".join(INITIALIZERS)
        raise UsageError(f"initializer must be {names}. Received: {initializer!r}.")
