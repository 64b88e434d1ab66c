"""With shared latents PyTorch evaluates the generator once for the updates of both networks."""

import contextlib
import os

import numpy as np
import pytest
from comparison import states_of_training
from lazy_keras import Lazy, keras, ops

from ganzoo import backend

pytestmark = [
    pytest.mark.backend,
    pytest.mark.skipif(os.environ.get("KERAS_BACKEND") != "torch", reason="PyTorch's alone"),
]

ganzoo = Lazy("ganzoo")
layers = Lazy("ganzoo.layers")

CONFIGS = {
    "plain": {},
    "critic": {"n_critic": 3},
    "larger batch": {"generator_batch": 2},
    "microbatches": {"gradient_accumulation_steps": 2},
    "rematerialized": {"rematerialize": True},
    "pairs": {"loss": "relativistic", "concat_real_fake": True},
}
ROWS, SIZE = 12, 8


class Counting(keras.layers.Layer if os.environ.get("KERAS_BACKEND") == "torch" else object):
    """Counts its calls in training."""

    calls = 0

    def call(self, x):
        type(self).calls += 1
        return x * 1.0


def gan_of(**config):
    latents = keras.Input((4,), name="latents")
    x = Counting(name="counting")(keras.layers.Dense(SIZE * SIZE * 4, name="base")(latents))
    x = keras.layers.Reshape((SIZE, SIZE, 4), name="shape")(x)
    x = layers.BatchNormalization(momentum=0.5, name="norm")(x)
    x = layers.Conv2D(1, 3, padding="same", name="image")(x)
    generator = keras.Model(latents, keras.layers.Activation("tanh", name="tanh")(x))
    images = keras.Input((SIZE, SIZE, 1), name="images")
    x = layers.Conv2D(4, 3, strides=2, padding="same", name="conv")(images)
    x = layers.BatchNormalization(momentum=0.5, name="norm")(x)
    x = keras.layers.Flatten(name="flat")(keras.layers.LeakyReLU(name="leaky")(x))
    discriminator = keras.Model(images, keras.layers.Dense(1, name="logit")(x))
    gan = ganzoo.GAN(generator, discriminator)
    optimizers = (keras.optimizers.Adam(1e-2) for _ in range(2))
    gan.compile(*optimizers, seed=3, share_fake_latents=True, **config)
    return gan


def images(config):
    count = ROWS * config.get("n_critic", 1)
    return np.random.default_rng(0).uniform(-1, 1, (count, SIZE, SIZE, 1)).astype("float32")


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_steps_are_those_of_two_evaluations_bit_for_bit(config, monkeypatch):
    first, once, logs = states_of_training(gan_of(**config), images(config), 3)
    monkeypatch.setattr(backend, "evaluated_once", lambda *_: contextlib.nullcontext())
    _, twice, other = states_of_training(gan_of(**config), images(config), 3, first)
    for name, array in twice.items():
        np.testing.assert_array_equal(once[name], array, err_msg=name)
    assert logs == other


@pytest.mark.parametrize(("config", "calls"), [({}, 1), ({"n_critic": 3}, 3)], ids=str)
def test_the_last_samples_of_the_discriminator_are_those_of_the_generator(config, calls):
    gan, before = gan_of(**config), Counting.calls
    gan.train_step((ops.convert_to_tensor(images(config)),))
    assert Counting.calls - before == calls
