"""A plugin with every kind of state, a GAN that fails, and a slow data set."""

import os
import time

import numpy as np

from ganzoo import GAN, Dataset


def stateful(image_shape, classes, *, latent_size: int = 6, width: int = 4) -> GAN:
    """Conditional; batch norm, dropout and spectral normalization in tiny networks."""
    import keras
    from keras import layers, ops

    from ganzoo.layers import Conv2D, Conv2DTranspose, SpectralNormalization

    def labeled(x, labels, name):
        return layers.Concatenate(name=name)([x, ops.one_hot(labels, classes)])

    def generator() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")
        x = layers.Dense(16 * width, use_bias=False, name="project")(labeled(latents, labels, "z"))
        x = layers.BatchNormalization(momentum=0.5, name="norm")(x)
        x = layers.Dropout(0.3, name="dropout")(layers.LeakyReLU(0.2, name="relu")(x))
        x = layers.Reshape((4, 4, width), name="fold")(x)
        x = Conv2DTranspose(1, 4, 2, padding="same", name="up")(x)
        x = layers.Activation("tanh", name="image", dtype="float32")(x)
        return keras.Model([latents, labels], x, name="generator")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        labels = keras.Input((), dtype="int32", name="labels")
        x = SpectralNormalization(Conv2D(width, 4, 2, padding="same", name="down"))(images)
        x = layers.LeakyReLU(0.2, name="relu")(x)
        x = layers.Dropout(0.3, name="dropout")(layers.Flatten(name="flatten")(x))
        x = layers.Dense(1, name="logit", dtype="float32")(labeled(x, labels, "both"))
        return keras.Model([images, labels], x, name="discriminator")

    return GAN(generator(), discriminator())


def poisoned(image_shape, *, what: str = "d_loss", since: int = 3) -> GAN:
    """From step `since` on (counted from 0) something of it is NaN: a loss or a weight."""
    import keras
    from keras import layers, ops

    class Poisoned(GAN):
        def _poison(self, loss, network):
            healthy = ops.clip(ops.cast(since - self.steps, "float32"), 0.0, 1.0)
            if what == "weight":  # the loss stays finite, its gradient does not
                weight = ops.convert_to_tensor(network.trainable_variables[0])
                return loss + ops.sqrt(ops.sum(weight * weight) * healthy)  # 0 * inf
            return loss + ops.where(healthy > 0, 0.0, float("nan"))

        def discriminator_loss(self, batch, fake):
            loss, logs = super().discriminator_loss(batch, fake)
            return (self._poison(loss, self.discriminator) if what == "d_loss" else loss), logs

        def generator_loss(self, batch):
            loss, logs = super().generator_loss(batch)
            return (self._poison(loss, self.generator) if what != "d_loss" else loss), logs

    def network(name, shape, outputs, last) -> keras.Model:
        x = inputs = keras.Input(shape, name="inputs")
        x = layers.Dense(int(np.prod(outputs)), name="dense")(layers.Flatten(name="flatten")(x))
        return keras.Model(inputs, layers.Reshape(outputs, name=last)(x), name=name)

    return Poisoned(
        network("generator", (3,), tuple(image_shape), "image"),
        network("discriminator", tuple(image_shape), (1,), "logit"),
    )


class _Slow:
    """Images each batch of which takes the seconds in the environment variable PAUSE."""

    def __init__(self, images: np.ndarray):
        self._images = images
        self.shape, self.dtype, self.ndim = images.shape, images.dtype, images.ndim
        self.nbytes = images.nbytes

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, rows):
        return self._images[rows]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        time.sleep(float(os.environ.get("PAUSE", 0)))
        return self._images


def patient(*, images: int = 40, shift: int = 0) -> Dataset:
    """Noise in two classes, of which one is brighter."""
    random = np.random.default_rng(shift)
    labels = np.arange(images, dtype="int32") % 2
    pixels = random.integers(0, 128, (images, 8, 8, 1)) + 100 * labels[:, None, None, None]
    return Dataset(
        name="patient",
        images=_Slow(pixels.astype("uint8")),
        labels=labels,
        classes=("dark", "bright"),
        license="CC0-1.0",
        source="made by the tests",
        fingerprint=f"{images} {shift}",
    )
