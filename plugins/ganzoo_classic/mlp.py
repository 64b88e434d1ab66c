"""The fully connected GAN, in the form that tutorials have given it: ReLU and batch norm.

Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, section 5, has maxout and dropout.
"""

import math

import keras
from keras import layers

from ganzoo import GAN
from ganzoo.errors import UsageError

_RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "linear": (-1.0, 1.0)}


def mlp(
    image_shape: tuple[int, ...],
    *,
    latent_size: int = 100,
    generator_units: list[int] = [256, 512, 1024],  # noqa: B006  read, never changed
    discriminator_units: list[int] = [512, 256],  # noqa: B006
    activation: str = "leaky_relu",
    slope: float = 0.2,
    normalization_momentum: float = 0.8,
    initializer: str = "glorot_uniform",
    output: str = "tanh",
) -> GAN:
    """A fully connected GAN for small images and for points.

    Args:
        image_shape: Shape of one sample, (height, width, channels) or (d,).
        latent_size: Length of a latent.
        generator_units: Widths of the generator's hidden layers.
        discriminator_units: Widths of the discriminator's hidden layers.
        activation: "leaky_relu" or "relu".
        slope: The negative slope of the leaky one.
        normalization_momentum: Momentum of the batch norm after each hidden layer of the
            generator, the share that Keras keeps; 0 for no batch norm.
        initializer: Keras' name of the initializer of every kernel.
        output: "tanh" for images in [-1, 1], "sigmoid" for [0, 1], "linear" for points.
    """
    if output not in _RANGES or activation not in ("leaky_relu", "relu"):
        raise UsageError(
            "mlp needs output 'tanh', 'sigmoid' or 'linear' and activation 'leaky_relu' or "
            f"'relu'. Received: output={output!r}, activation={activation!r}."
        )
    slope = slope if activation == "leaky_relu" else 0.0

    def hidden(x, units: int, name: str):
        x = layers.Dense(units, kernel_initializer=initializer, name=name)(x)
        return layers.LeakyReLU(slope, name=f"{name}_activation")(x)

    def generator() -> keras.Model:
        x = latents = keras.Input((latent_size,), name="latents")
        for i, units in enumerate(generator_units, 1):
            x = hidden(x, units, f"hidden_{i}")
            if normalization_momentum:
                name = f"hidden_{i}_norm"
                x = layers.BatchNormalization(momentum=normalization_momentum, name=name)(x)
        x = layers.Dense(
            math.prod(image_shape), output, kernel_initializer=initializer, name="image"
        )(x)
        x = layers.Reshape(image_shape, name="shape", dtype="float32")(x)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        x = layers.Flatten(name="flatten")(images)
        for i, units in enumerate(discriminator_units, 1):
            x = hidden(x, units, f"hidden_{i}")
        x = layers.Dense(1, kernel_initializer=initializer, name="logit", dtype="float32")(x)
        return keras.Model(images, x, name="discriminator")

    return GAN(generator(), discriminator(), value_range=_RANGES[output])
