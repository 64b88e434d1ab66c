"""Orthogonal regularization, initializers and channels, as BigGAN and BigGAN-deep have them.
Brock et al. 2019, https://arxiv.org/abs/1809.11096.
"""

from collections.abc import Callable

import keras
from keras import layers, ops

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.blocks import normal_initializer
from ganzoo.errors import UsageError
from ganzoo.layers import SpectralNormalization

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
