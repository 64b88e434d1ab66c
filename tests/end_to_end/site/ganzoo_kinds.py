"""A plugin with sounds, videos, pairs and attributes, and networks for every shape."""

import math

import numpy as np

from ganzoo import GAN, Dataset

ROWS = 24
RATE = 8000  # Hz


def any_shape(image_shape, *, latent_size: int = 4) -> GAN:
    """Samples of whatever shape, from dense layers."""
    import keras
    from keras import layers

    latents = keras.Input((latent_size,), name="latents")
    images = keras.Input(image_shape, name="images")
    return GAN(
        keras.Model(latents, _generated(latents, image_shape), name="generator"),
        keras.Model(images, _logit(layers.Flatten(name="flat")(images)), name="discriminator"),
    )


def translator(image_shape, source_shape, *, latent_size: int = 2) -> GAN:
    """Images from images, by dense layers."""
    import keras
    from keras import layers

    latents = keras.Input((latent_size,), name="latents")
    images = keras.Input(image_shape, name="images")
    sources = keras.Input(source_shape, name="sources")
    flat = layers.Flatten(name="flat_source")(sources)
    inputs = layers.Concatenate(name="inputs")([latents, flat])
    both = layers.Concatenate(name="both")([layers.Flatten(name="flat_image")(images), flat])
    return GAN(
        keras.Model([latents, sources], _generated(inputs, image_shape), name="generator"),
        keras.Model([images, sources], _logit(both), name="discriminator"),
    )


def attributed(image_shape, classes, *, latent_size: int = 2) -> GAN:
    """Images with attributes, by dense layers."""
    import keras
    from keras import layers

    latents = keras.Input((latent_size,), name="latents")
    images = keras.Input(image_shape, name="images")
    attributes = keras.Input((classes,), name="attributes")
    inputs = layers.Concatenate(name="inputs")([latents, attributes])
    flat = layers.Flatten(name="flat_image")(images)
    both = layers.Concatenate(name="both")([flat, attributes])
    return GAN(
        keras.Model([latents, attributes], _generated(inputs, image_shape), name="generator"),
        keras.Model([images, attributes], _logit(both), name="discriminator"),
    )


def _generated(x, shape):
    from keras import layers

    x = layers.Dense(math.prod(shape), activation="tanh", name="pixels")(x)
    return layers.Reshape(tuple(shape), name="shape")(x)


def _logit(x):
    from keras import layers

    x = layers.LeakyReLU(0.2, name="relu")(layers.Dense(8, name="features")(x))
    return layers.Dense(1, name="logit")(x)


def tones() -> Dataset:
    """Sine waves in stereo."""
    time = np.arange(200) / RATE
    pitch = np.linspace(100, 1000, ROWS)[:, None, None] * np.array([1, 2])
    return _dataset("tones", 0.5 * np.sin(2 * np.pi * pitch * time[:, None]), "float32", rate=RATE)


def clips() -> Dataset:
    """A bright bar that moves to the right."""
    frames = np.zeros((ROWS, 5, 8, 8, 3))
    for row in range(ROWS):
        for t in range(5):
            frames[row, t, :, (row + t) % 8] = 200
    return _dataset("clips", frames, "uint8")


def pairs(*, paired: bool = True) -> Dataset:
    """Gray ramps and the same in color."""
    ramps = np.linspace(0, 200, ROWS * 8 * 6).reshape(ROWS, 8, 6, 1).astype("uint8")
    colors = np.concatenate([ramps, 255 - ramps, ramps // 2], axis=-1)
    return _dataset("pairs", colors, "uint8", labels=ramps, paired=paired)


def dots() -> Dataset:
    """A dot on the left or not, on the right or not."""
    attributes = np.arange(ROWS)[:, None] // [1, 2] % 2
    pixels = 200 * np.repeat(attributes, 3, axis=1)[:, None, :, None] * np.ones((4, 1, 1))
    labels = attributes.astype("uint8")
    return _dataset("dots", pixels, "uint8", labels=labels, classes=("left", "right"))


def dials() -> Dataset:
    """Gray images as bright as the one number says, on the left as the other."""
    numbers = np.stack([np.linspace(-1, 1, ROWS), np.arange(ROWS) % 5 / 2], axis=1)
    pixels = np.repeat(100 + 50 * numbers[:, None, :], 4, axis=2)[..., None] * np.ones((8, 1, 1))
    labels = numbers.astype("float32")
    return _dataset("dials", pixels, "uint8", labels=labels, classes=("left", "right side"))


def _dataset(name: str, samples: np.ndarray, dtype: str, **more) -> Dataset:
    made = {"license": "CC0-1.0", "source": "made by the tests", "fingerprint": name}
    return Dataset(name=name, images=samples.astype(dtype), **made, **more)
