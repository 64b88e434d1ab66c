"""Small GANs."""

from types import SimpleNamespace

import numpy as np
import pytest
from comparison import differing
from lazy_keras import keras, layers, to_numpy

import ganzoo


def arrays(variables) -> dict[str, np.ndarray]:
    """Copies of a GAN's whole state, or of other variables by name."""
    state = variables.state() if hasattr(variables, "state") else variables
    return {name: to_numpy(variable.value) for name, variable in state.items()}


def restore(model, state: dict[str, np.ndarray]) -> None:
    """Give a GAN the state that `arrays` has copied."""
    for name, variable in model.state().items():
        variable.assign(state[name])


def assert_close(found: dict, expected: dict, *, rtol=1e-5, atol=1e-6) -> None:
    """Check that arrays of the same names are as good as equal."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=rtol, atol=atol, err_msg=name)


def with_labels(x, classes):
    """What goes on from samples and labels, and the input of the labels, if there are any."""
    if not classes:
        return x, []
    labels = keras.Input((), dtype="int32", name="labels")
    embedded = layers.Embedding(classes, 2, name="class")(labels)
    return layers.Concatenate(name="joined")([x, embedded]), [labels]


def hidden(x, units, norm, dropout, seed):
    if not units:
        return x
    x = layers.Dense(units, use_bias=not norm, name="hidden")(x)
    if norm:
        x = layers.BatchNormalization(momentum=0.5, name="norm")(x)
    x = layers.Activation("silu", name="silu")(x)
    return layers.Dropout(dropout, seed=seed, name="dropout")(x) if dropout else x


def generator(size=2, *, latent=3, units=5, norm=False, dropout=0.0, classes=0, shape=None):
    latents = keras.Input((latent,), name="latents")
    x, labels = with_labels(latents, classes)
    x = hidden(x, units, norm, dropout, seed=1)
    # no bias where the discriminator normalizes: its true gradient would be zero
    x = layers.Dense(size, use_bias=bool(units) and not norm, name="sample", dtype="float32")(x)
    if shape:
        x = layers.Reshape(shape, name="shape", dtype="float32")(x)
    return keras.Model([latents, *labels] if labels else latents, x, name="generator")


def discriminator(size=2, *, units=5, norm=False, dropout=0.0, classes=0, shape=None):
    samples = keras.Input(shape or (size,), name="samples")
    x = layers.Flatten(name="flatten")(samples) if shape else samples
    x, labels = with_labels(x, classes)
    x = hidden(x, units, norm, dropout, seed=2)
    x = layers.Dense(1, use_bias=bool(units), name="logit", dtype="float32")(x)
    return keras.Model([samples, *labels] if labels else samples, x, name="discriminator")


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
        numbers=to_numpy, arrays=arrays, differing=differing, restore=restore,
        assert_close=assert_close, generator=generator, discriminator=discriminator, gan=gan,
        compiled=compiled, sgd=sgd,
    )  # fmt: skip


@pytest.fixture
def policy():
    """Sets Keras' policy of data types for one test."""
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy("float32")


@pytest.fixture
def points():
    """Twelve points, float32 (12, 2)."""
    return np.random.default_rng(0).normal(size=(12, 2)).astype("float32")
