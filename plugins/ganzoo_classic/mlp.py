"""The fully connected GAN, in the form that tutorials have given it: ReLU and batch norm.

Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, section 5, has maxout and dropout.
"""

import math

import keras
from keras import layers

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import check_minimum
from ganzoo.errors import UsageError
from ganzoo.layers import BatchNormalization

_RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "linear": (-1.0, 1.0)}


@standard_settings()
def mlp(
    image_shape: tuple[int, ...],
    *,
    latent_size: int = 100,
    generator_units: list[int] = [256, 512, 1024],  # noqa: B006  read, never changed
    discriminator_units: list[int] = [512, 256],  # noqa: B006
    activation: str = "leaky_relu",
    negative_slope: float = 0.2,
    batch_norm_momentum: float = 0.8,
    initializer: str = "glorot_uniform",
    output_activation: str = "tanh",
) -> GAN:
    """A fully connected GAN for small images and for points.

    Args:
        image_shape: Shape of one sample, (height, width, channels) or (d,).
        latent_size: Length of a latent.
        generator_units: Units of the generator's hidden layers.
        discriminator_units: Units of the discriminator's hidden layers.
        activation: "leaky_relu" or "relu".
        negative_slope: Negative slope of the leaky ReLU.
        batch_norm_momentum: Momentum of the batch norm after each hidden layer of the
            generator, as in Keras; 0 for no batch norm.
        initializer: Keras' name of the initializer of every kernel.
        output_activation: "tanh" for images in [-1, 1], "sigmoid" for [0, 1], "linear" for
            points.
    """
    if output_activation not in _RANGES or activation not in ("leaky_relu", "relu"):
        raise UsageError(
            "mlp needs output_activation 'tanh', 'sigmoid' or 'linear' and activation "
            "'leaky_relu' or 'relu'. "
            f"Received: output_activation={output_activation!r}, activation={activation!r}."
        )
    units = {"generator_units": generator_units, "discriminator_units": discriminator_units}
    check_minimum(1, latent_size=latent_size, **units)
    negative_slope = negative_slope if activation == "leaky_relu" else 0.0

    def hidden(x: Tensor, units: int, name: str) -> Tensor:
        x = layers.Dense(units, kernel_initializer=initializer, name=name)(x)
        return layers.LeakyReLU(negative_slope, name=f"{name}_activation")(x)

    def generator() -> keras.Model:
        x = latents = keras.Input((latent_size,), name="latents")
        for i, units in enumerate(generator_units, 1):
            x = hidden(x, units, f"hidden_{i}")
            if batch_norm_momentum:
                name = f"hidden_{i}_norm"
                x = BatchNormalization(momentum=batch_norm_momentum, name=name)(x)
        output = {"activation": output_activation, "kernel_initializer": initializer}
        x = layers.Dense(math.prod(image_shape), name="image", **output)(x)
        x = layers.Reshape(image_shape, name="shape", dtype="float32")(x)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        x = layers.Flatten(name="flatten")(images)
        for i, units in enumerate(discriminator_units, 1):
            x = hidden(x, units, f"hidden_{i}")
        x = layers.Dense(1, kernel_initializer=initializer, name="logit", dtype="float32")(x)
        return keras.Model(images, x, name="discriminator")

    return GAN(generator(), discriminator(), value_range=_RANGES[output_activation])
