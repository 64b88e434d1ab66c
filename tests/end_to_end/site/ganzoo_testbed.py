"""A plugin with every kind of state, a GAN that fails, and a slow data set."""

import functools
import operator
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


# Variables that `poisoned` breaks, after a step; each with the number that it gets.
BROKEN_VARIABLES = {
    "discriminator/dense/kernel": "nan",
    "discriminator/norm/moving_variance": "inf",
    "discriminator_optimizer/dense/kernel/momentum": "nan",
    "generator/dense/bias": "-inf",
    "generator/norm/moving_mean": "inf",
    "generator/norm/moving_variance": "nan",
    "generator_optimizer/dense/kernel/velocity": "inf",
    "gan/memory": "nan",
    "ema/dense/kernel": "nan",
    "ema/norm/gamma": "inf",
}
# All kinds of divergence, each with what breaks first.
DIVERGENCES = {
    "d_loss nan": "d_loss",
    "d_loss inf": "d_loss",
    "d_gradient": "discriminator/dense/kernel",
    "g_loss nan": "g_loss",
    "g_loss inf": "g_loss",
    "g_measure": "g_measure",
    "g_gradient": "generator/dense/kernel",
    **{name: name for name in BROKEN_VARIABLES},
}


def poisoned(
    image_shape, *, what: str = "d_loss nan", since: int = 3, broken_seeds: int = -1
) -> GAN:
    """From step `since` on (counted from 0) something breaks, with some seeds or all.

    Args:
        image_shape: Shape of an image.
        what: One of `DIVERGENCES`; the variable `kind` holds its place in the list.
        since: The first step.
        broken_seeds: How many seeds break, from 0 and those of rollbacks; -1: all do.
    """
    # long: a GAN class and its networks, which may import Keras only when called
    import keras
    from keras import layers, ops

    kinds = list(DIVERGENCES)

    class Poisoned(GAN):
        def __init__(self, *networks):
            super().__init__(*networks)
            number = {"trainable": False, "dtype": "int32", "shape": ()}
            self.kind = self.add_weight(name="kind", initializer="zeros", **number)
            self.kind.assign(kinds.index(what))
            self.memory = self.add_weight(
                name="memory", trainable=False, shape=(3,), initializer="zeros"
            )

        def _is(self, kind, steps):
            bad = (self.kind == kinds.index(kind)) & (steps >= since)
            seeds = [(0x9E3779B1 * k) % 2**31 for k in range(max(broken_seeds, 0))]
            known = [self.seed == seed for seed in seeds]
            return bad & functools.reduce(operator.or_, known) if known else bad

        def _poison(self, loss, network):
            letter = network.name[0]
            healthy = 1.0 - ops.cast(self._is(f"{letter}_gradient", self.steps), "float32")
            weight = ops.convert_to_tensor(network.get_layer("dense").kernel)
            slope = ops.sqrt(ops.sum(weight * weight) * healthy)  # 0 * inf
            loss = loss + ops.where(healthy > 0, 0.0, slope)
            for value in ("nan", "inf"):
                broken = self._is(f"{letter}_loss {value}", self.steps)
                loss = loss + ops.where(broken, float(value), 0.0)
            return loss

        def discriminator_loss(self, batch, fake):
            loss, logs = super().discriminator_loss(batch, fake)
            return self._poison(loss, self.discriminator), logs

        def generator_loss(self, batch):
            loss, logs = super().generator_loss(batch)
            measure = ops.where(self._is("g_measure", self.steps), float("nan"), 1.0)
            return self._poison(loss, self.generator), logs | {"g_measure": measure}

        def after_step(self, logs):
            state = self.state()
            for name in sorted(BROKEN_VARIABLES.keys() & state.keys()):
                broken = self._is(name, self.steps - 1)
                value = ops.where(broken, float(BROKEN_VARIABLES[name]), state[name].value)
                state[name].assign(value)

    def network(name, shape, outputs, last) -> keras.Model:
        x = inputs = keras.Input(shape, name="inputs")
        x = layers.Dense(int(np.prod(outputs)), name="dense")(layers.Flatten(name="flatten")(x))
        x = layers.BatchNormalization(name="norm")(x)
        x = layers.Reshape(outputs, name=last, dtype="float32")(x)
        return keras.Model(inputs, x, name=name)

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
