"""Small GANs."""

from types import SimpleNamespace

import numpy as np
import pytest
from lazy_keras import keras, layers, to_numpy

import ganzoo


def arrays(variables) -> dict[str, np.ndarray]:
    """Copies of a GAN's whole state, or of other variables by name."""
    state = variables.state() if hasattr(variables, "state") else variables
    return {name: to_numpy(variable.value) for name, variable in state.items()}


def differing(before: dict, after: dict) -> set[str]:
    """Names of the arrays that are not equal, bit by bit."""
    assert before.keys() == after.keys()
    return {name for name in before if before[name].tobytes() != after[name].tobytes()}


def generator(size=2, *, latent=3, units=5, norm=False, dropout=0.0, classes=0, shape=None):
    inputs = x = keras.Input((latent,), name="latents")
    if classes:
        labels = keras.Input((), dtype="int32", name="labels")
        x = layers.Concatenate(name="joined")(
            [x, layers.Embedding(classes, 2, name="class")(labels)]
        )
        inputs = [inputs, labels]
    if units:
        x = layers.Dense(units, use_bias=not norm, name="hidden")(x)
        if norm:
            x = layers.BatchNormalization(momentum=0.5, name="norm")(x)
        x = layers.Activation("silu", name="silu")(x)
        if dropout:
            x = layers.Dropout(dropout, seed=1, name="dropout")(x)
    # no bias where the discriminator normalizes: its true gradient would be zero
    x = layers.Dense(size, use_bias=bool(units) and not norm, name="sample", dtype="float32")(x)
    if shape:
        x = layers.Reshape(shape, name="shape", dtype="float32")(x)
    return keras.Model(inputs, x, name="generator")


def discriminator(size=2, *, units=5, norm=False, dropout=0.0, classes=0, shape=None):
    inputs = x = keras.Input(shape or (size,), name="samples")
    if shape:
        x = layers.Flatten(name="flatten")(x)
    if classes:
        labels = keras.Input((), dtype="int32", name="labels")
        x = layers.Concatenate(name="joined")(
            [x, layers.Embedding(classes, 2, name="class")(labels)]
        )
        inputs = [inputs, labels]
    if units:
        x = layers.Dense(units, use_bias=not norm, name="hidden")(x)
        if norm:
            x = layers.BatchNormalization(momentum=0.5, name="norm")(x)
        x = layers.Activation("silu", name="silu")(x)
        if dropout:
            x = layers.Dropout(dropout, seed=2, name="dropout")(x)
    x = layers.Dense(1, use_bias=bool(units), name="logit", dtype="float32")(x)
    return keras.Model(inputs, x, name="discriminator")


def gan(*, cls=None, name="gan", **networks):
    """Two dense networks with smooth activations; with `units=0` both are linear."""
    latent = {"latent": networks.pop("latent")} if "latent" in networks else {}
    networks = generator(**networks, **latent), discriminator(**networks)
    return (cls or ganzoo.GAN)(*networks, name=name)


def compiled(model, generator="adam", discriminator="adam", **rules):
    """`compile`, with XLA only on JAX, where it is the way: for others it costs seconds."""
    rules.setdefault("jit_compile", keras.backend.backend() == "jax")
    model.compile(generator, discriminator, **rules)
    return model


def sgd(rate=0.0):
    return keras.optimizers.SGD(rate)


@pytest.fixture(scope="session")
def small():
    """The functions above, for tests that cannot import this file."""
    return SimpleNamespace(
        numbers=to_numpy, arrays=arrays, differing=differing, generator=generator,
        discriminator=discriminator, gan=gan, compiled=compiled, sgd=sgd,
    )  # fmt: skip


@pytest.fixture
def points():
    """Twelve points, float32 (12, 2)."""
    return np.random.default_rng(0).normal(size=(12, 2)).astype("float32")
