"""Conditional GAN. Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784, section 4.1."""

import math

import keras
from keras import layers, ops

from ganzoo import GAN, random
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import check_minimum
from ganzoo.errors import UsageError
from ganzoo.layers import Dropout, OneHot


@standard_settings()
def cgan(
    image_shape: tuple[int, int, int],
    classes: int,
    *,
    latent_size: int = 100,
    latent_units: int = 200,
    label_units: int = 1000,
    joint_units: int = 1200,
    maxout_units: int = 240,
    dropout: float = 0.5,
) -> GAN:
    """A fully connected GAN for small images, conditional on a class.

    Args:
        image_shape: (height, width, channels); filled from the data set.
        classes: Number of classes, at least 2; filled from the data set.
        latent_size: Length of a latent, uniform in [0, 1).
        latent_units: Units of the generator's layer after the latent.
        label_units: Units of the generator's layer after the label.
        joint_units: Units of the generator's layer after both.
        maxout_units: Units of the discriminator's layers.
        dropout: Share of the hidden units that are dropped, in [0, 1).
    """
    if math.prod(image_shape) > 4096:
        raise UsageError(
            "cgan is fully connected and for images of at most 4,096 numbers, 64x64x1 or "
            f"36x36x3. Received: {image_shape}.",
            hint="Set dataset.size, where the data set has it, to 32.",
        )
    check_minimum(
        1,
        latent_size=latent_size,
        latent_units=latent_units,
        label_units=label_units,
        joint_units=joint_units,
        maxout_units=maxout_units,
    )

    def hidden(x, units: int, name: str):
        x = layers.Dense(units, activation="relu", name=name)(x)
        return Dropout(dropout, name=f"{name}_dropout")(x)

    def maxout(x, units: int, pieces: int, name: str):  # Goodfellow et al. 2013, equation 1
        x = layers.Dense(units * pieces, name=name)(x)
        x = layers.Reshape((units, pieces), name=f"{name}_pieces")(x)
        x = ops.max(x, axis=-1)  # (batch, units, pieces) -> (batch, units)
        return Dropout(dropout, name=f"{name}_dropout")(x)

    def generator() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")
        one_hot = OneHot(classes, name="classes")(labels)  # (batch,) -> (batch, classes)
        z = hidden(latents, latent_units, "latent_hidden")
        y = hidden(one_hot, label_units, "label_hidden")
        x = hidden(layers.Concatenate(name="both")([z, y]), joint_units, "joint")
        x = layers.Dense(math.prod(image_shape), "sigmoid", name="pixels", dtype="float32")(x)
        x = layers.Reshape(image_shape, name="image", dtype="float32")(x)
        return keras.Model([latents, labels], x, name="generator")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        labels = keras.Input((), dtype="int32", name="labels")
        one_hot = OneHot(classes, name="classes")(labels)
        x = maxout(layers.Flatten(name="flatten")(images), maxout_units, 5, "image_maxout")
        y = maxout(one_hot, 50, 5, "label_maxout")
        x = maxout(layers.Concatenate(name="both")([x, y]), maxout_units, 4, "joint_maxout")
        x = layers.Dense(1, name="logit", dtype="float32")(x)
        return keras.Model([images, labels], x, name="discriminator")

    options = {"value_range": (0.0, 1.0), "prior": random.uniform, "num_classes": classes}
    return GAN(generator(), discriminator(), **options)
