"""BigGAN. Brock et al. 2019, https://arxiv.org/abs/1809.11096, section 3 and appendices B and C."""

import keras
from ganzoo_classic import residual
from ganzoo_classic.sizes import sides
from keras import layers, ops

from ganzoo import GAN
from ganzoo.errors import UsageError
from ganzoo.layers import ConditionalBatchNormalization, SelfAttention, SpectralNormalization

from .projection import projection

_INITIALIZERS = {
    "orthogonal": keras.initializers.Orthogonal,  # section 3
    "normal": lambda: keras.initializers.RandomNormal(stddev=0.02),  # the authors' for CIFAR-10
}


@keras.saving.register_keras_serializable("ganzoo")
class BigGAN(GAN):
    """A GAN whose generator may be asked for orthogonal filters: section 3.1, equation 3.

    Args:
        *networks: As of `GAN`.
        orthogonal_weight: beta in the equation, 1e-4 in the paper; 0: not asked for.
        **options: As of `GAN`.
    """

    def __init__(self, *networks, orthogonal_weight: float = 0.0, **options):
        super().__init__(*networks, **options)
        self.orthogonal_weight = orthogonal_weight

    def generator_loss_terms(self, batch, fake, fake_outputs: list) -> dict:
        """How far from orthogonal the filters are, their norms aside. The classes' shared
        embedding is not of filters.
        """
        if not self.orthogonal_weight:
            return {}
        kernels = [w for w in self.generator.trainable_variables if w.name == "kernel"]
        kernels = [w for w in kernels if "shared/" not in w.path]
        return {"g_orthogonality": self.orthogonal_weight * sum(map(orthogonality, kernels))}

    def get_config(self) -> dict:
        return {**super().get_config(), "orthogonal_weight": self.orthogonal_weight}


def orthogonality(kernel):
    """||W'W * (1 - I)||^2, a scalar: squared inner products of different filters, the last axis."""
    filters = ops.reshape(ops.convert_to_tensor(kernel), (-1, kernel.shape[-1]))
    products = ops.matmul(ops.transpose(filters), filters)
    return ops.sum(ops.square(products * (1.0 - ops.eye(kernel.shape[-1]))))


def biggan(
    image_shape: tuple[int, int, int],
    classes: int,
    *,
    latent_size: int = 120,
    shared_size: int = 128,
    width: int = 96,
    attention: int = 0,
    initializer: str = "orthogonal",
    orthogonal_weight: float = 0.0,
) -> BigGAN:
    """Residual networks told the class, with a latent of which every block gets a part.

    The sizes from 128 have the widths of the paper's tables 4 to 6, 64 is 128 without its last
    block; up to 32 the networks are equally wide everywhere, as others have them for CIFAR-10.

    Args:
        image_shape: (size, size, channels); the size is a power of two from 8 to 512.
        classes: Number of classes; filled from the data set.
        latent_size: Length of a latent: as many equal parts as the generator has blocks, and
            one for the smallest image. The paper's parts have 20 numbers.
        shared_size: Length of the classes' embedding, which all blocks share.
        width: Channels that all widths are multiples of; ch in the paper.
        attention: Side of the images between whose places both networks pay attention, 64 in
            the paper; 0: none.
        initializer: Of every kernel: "orthogonal", or "normal", of standard deviation 0.02.
        orthogonal_weight: Of the term that makes the generator's filters orthogonal; 0: none.
    """
    size = image_shape[0]
    ups = sides("biggan", image_shape)
    small = size <= 32
    halvings, plain_blocks = (min(2, len(ups) - 1), 2) if small else (len(ups) - 1, 1)
    _check(size, ups, latent_size, attention, size >> halvings, initializer)
    multiples = dict(zip(ups, _multiples(size), strict=True))
    place = {attention: "attention"} if attention else {}

    def start() -> keras.initializers.Initializer:
        return _INITIALIZERS[initializer]()

    def wrap(layer: layers.Layer) -> layers.Layer:
        layer.kernel_initializer = start()
        return SpectralNormalization(layer)

    def between() -> dict[int, layers.Layer]:
        return {s: SelfAttention(kernel_initializer=start(), name=n) for s, n in place.items()}

    def generator() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")
        embed = layers.Dense(shared_size, use_bias=False, kernel_initializer=start(), name="shared")
        shared = embed(ops.one_hot(labels, classes))  # (batch,) -> (batch, shared_size)
        parts = ops.split(latents, len(ups), axis=1)
        told = {s: ops.concatenate([shared, z], axis=1) for s, z in zip(ups, parts, strict=True)}

        def norm(x, side: int, name: str):
            options = {"spectral": True, "kernel_initializer": start()}
            return ConditionalBatchNormalization(name=name, **options)([x, told[side]])

        channels = {side: width * times for side, times in multiples.items()}
        laid = {"norm": norm, "wrap": wrap, "between": between()}
        images = residual.drawn(parts[0], channels, image_shape[-1], **laid)
        return keras.Model([latents, labels], images, name="generator")

    def discriminator() -> keras.Model:
        channels = {side: width * (2 if small else times) for side, times in multiples.items()}
        plain = residual.discriminator(
            image_shape,
            channels,
            halvings=halvings,
            plain_blocks=plain_blocks,
            pool=ops.sum,
            wrap=wrap,
            between=between(),
            wide=True,
        )
        return projection(plain, classes, wrap)

    return BigGAN(generator(), discriminator(), orthogonal_weight=orthogonal_weight)


def _multiples(size: int) -> list[int]:
    """Of `width`, at 4, 8, ..., size."""
    count = size.bit_length() - 2
    if size <= 32:
        return [4] * count
    return [16, 16, 8, 4, 2, 1][:count] if size <= 128 else [16, 16, 8, 8, 4, 2, 1, 1][:count]


def _check(size, ups, latent_size, attention, last, initializer) -> None:
    if size > 512 or latent_size % len(ups) or not latent_size:
        raise UsageError(
            f"biggan needs images of at most 512x512, and for {size}x{size} a latent_size that is "
            f"a multiple of {len(ups)}. Received: {size}x{size}, latent_size={latent_size}.",
            hint=f"The paper's is {20 * len(ups)}.",
        )
    if attention and (attention not in ups[1:-1] or attention < last):
        raise UsageError(
            f"attention must be 0, or a power of two from {max(last, 8)} to {size // 2}. "
            f"Received: {attention}."
        )
    if initializer not in _INITIALIZERS:
        names = " or ".join(_INITIALIZERS)
        raise UsageError(f"initializer must be {names}. Received: {initializer!r}.")
