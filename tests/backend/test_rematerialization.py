"""Rematerialization: the same training in less memory."""

import functools
import os

import numpy as np
import pytest
from comparison import states_of_training
from lazy_keras import Lazy, keras, ops

from ganzoo.catalog.plugins.discovery import discover
from ganzoo.errors import PluginError, UsageError

pytestmark = pytest.mark.backend
BACKEND = os.environ.get("KERAS_BACKEND")
on_torch = pytest.mark.skipif(BACKEND != "torch", reason="on one backend: the same code")

ganzoo = Lazy("ganzoo")
layers = Lazy("ganzoo.layers")
rematerialization = Lazy("ganzoo.backend.steps.rematerialization")
simulated = Lazy("ganzoo.backend.devices.simulated")
weights = Lazy("ganzoo.jobs.models.weights")

ROWS, SIZE = 12, 16
R1 = {"name": "r1", "weight": 1.0, "every": 2}
CONFIGS = {
    "plain": {},
    "r1": {"regularizers": [R1]},
    "r1 apart": {"regularizers": [R1], "separate_penalties": True},
    "gradient penalty": {
        "n_critic": 2, "regularizers": [{"name": "gradient_penalty", "weight": 1.0}],
    },
    "microbatches": {"gradient_accumulation_steps": 3},
    "pairs": {"loss": "relativistic", "concat_real_fake": True},
}  # fmt: skip


def networks(channels=4, dropout=0.3):
    """Networks with batch norm, dropout, spectral normalization, a sum of two ways and noise."""
    latents = keras.Input((4,), name="latents")
    x = keras.layers.Dense(8 * 8 * channels, name="base")(latents)
    x = keras.layers.Reshape((8, 8, channels), name="shape")(x)
    y = layers.BatchNormalization(momentum=0.5, name="norm")(x)
    y = layers.Conv2D(channels, 3, padding="same", name="mix")(keras.layers.ReLU(name="relu")(y))
    x = keras.layers.Activation("silu", name="silu")(keras.layers.Add(name="sum")([x, y]))
    x = layers.Conv2DTranspose(1, 4, strides=2, padding="same", name="image")(x)
    noise = layers.LatentNoise((SIZE, SIZE, 1), 0, name="noise")(latents)
    x = keras.layers.Activation("tanh", name="tanh", dtype="float32")(x + 0.1 * noise)
    generator = keras.Model(latents, x, name="generator")
    images = keras.Input((SIZE, SIZE, 1), name="images")
    x = images
    for i, strides in enumerate((2, 1, 2)):
        conv = layers.Conv2D(channels, 4, strides=strides, padding="same", name=f"conv_{i}")
        x = layers.SpectralNormalization(conv, name=f"sn_{i}")(x)
        x = keras.layers.Activation("silu", name=f"silu_{i}")(x)
        x = layers.Dropout(dropout, seed=i, name=f"dropout_{i}")(x)
    x = keras.layers.Flatten(name="flat")(x)
    x = keras.layers.Dense(1, name="logit", dtype="float32")(x)
    return generator, keras.Model(images, x, name="discriminator")


def compiled(rematerialize, channels=4, dropout=0.3, **config):
    gan = ganzoo.GAN(*networks(channels, dropout))
    options = {"seed": 3, "rematerialize": rematerialize, **config}
    options.setdefault("jit_compile", BACKEND == "jax")
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), **options)
    return gan


def images(rows=ROWS):
    return np.random.default_rng(1).integers(0, 256, (rows, SIZE, SIZE, 1)).astype("uint8")


def trained(rematerialize, steps=3, first=None, **config):
    """The state before and after a few steps, and the last one's logs."""
    keras.utils.set_random_seed(0)
    rows = images(ROWS * config.get("n_critic", 1))
    return states_of_training(compiled(rematerialize, **config), rows, steps, first)


def assert_equal(config, tolerance=1e-5):
    first, expected, logs = trained(False, **config)
    _, found, own_logs = trained(True, first=first, **config)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        scale = max(1.0, np.abs(array).max(initial=0))
        np.testing.assert_allclose(found[name], array, rtol=0, atol=tolerance * scale, err_msg=name)
    moved = {name for name in first if np.abs(first[name] - expected[name]).max(initial=0) > 1e-3}
    assert {"generator/norm/moving_mean", "generator/mix/kernel"} < moved
    assert {"discriminator/sn_0/conv_0/kernel", "discriminator/seeds/0"} < moved
    assert own_logs == pytest.approx(logs, rel=1e-4, abs=1e-5)


@on_torch
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_steps_are_those_without_rematerialization(config):
    assert_equal(config)


@pytest.mark.skipif(BACKEND == "torch", reason="the same as above")
@pytest.mark.parametrize("name", ["r1 apart", "gradient penalty"])
def test_compiled_steps_are_those_without_rematerialization(name):
    assert_equal(CONFIGS[name])


@on_torch
@pytest.mark.parametrize("name", sorted(discover("architecture").plugins))
def test_a_step_of_every_architecture_is_that_without_rematerialization(name):
    from ganzoo.testing.architecture_case import SEED, ArchitectureCase

    case, first, found = ArchitectureCase(name), None, []
    for rematerialize in (False, True):
        gan = case.build()
        if first is not None:
            weights.assign_arrays(gan.state(), first, "one")
        first = weights.state_arrays(gan)
        rates = (keras.optimizers.SGD(0.01) for _ in range(2))
        gan.compile(*rates, seed=SEED, rematerialize=rematerialize, **case.config)
        gan.train_step(tuple(map(ops.convert_to_tensor, case.batch(0))))
        found.append(weights.state_arrays(gan))
    for key, array in found[0].items():
        np.testing.assert_allclose(found[1][key], array, rtol=1e-5, atol=1e-6, err_msg=key)


@on_torch
def test_half_precision_is_rounded_alike():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert_equal({})
    finally:
        keras.config.set_dtype_policy("float32")


@on_torch
def test_several_devices_are_the_whole_batch():
    first, expected, _ = trained(False, steps=1)
    several = [compiled(True) for _ in range(2)]
    for gan in several:
        weights.assign_arrays(gan.state(), first, "one")
    simulated.simulate([
        functools.partial(gan.train_step, (ops.convert_to_tensor(part),))
        for gan, part in zip(several, np.split(images(), 2), strict=True)
    ])  # fmt: skip
    found, other = map(weights.state_arrays, several)
    for name, array in expected.items():
        assert found[name].tobytes() == other[name].tobytes(), name
        np.testing.assert_allclose(found[name], array, rtol=0, atol=1e-5, err_msg=name)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="the others can")
def test_several_devices_of_tensorflow_are_refused():
    with pytest.raises(UsageError, match="several devices cannot train with rematerialization"):
        simulated.simulate([
            functools.partial(
                compiled(True, run_eagerly=True).train_step, (ops.convert_to_tensor(part),)
            )
            for part in np.split(images(), 2)
        ])  # fmt: skip


@on_torch
def test_less_is_kept_for_the_gradients():
    import torch

    def kept(rematerialize):
        """Bytes of all tensors that autograd holds at once, of the images beyond the weights."""
        gan = compiled(rematerialize, channels=16, dropout=0.0)
        held = {}
        x = tensor_of(images())

        def note(value):
            held[value.data_ptr()] = value.nbytes
            return value

        with torch.autograd.graph.saved_tensors_hooks(note, lambda value: value):
            outputs = Lazy("ganzoo.backend").training_outputs(gan.discriminator, x)
        assert outputs.requires_grad
        return sum(held.values()) - sum(w.value.nbytes for w in gan.discriminator.weights)

    def tensor_of(x):
        return ops.convert_to_tensor(x.astype("float32"))

    assert kept(True) < 0.6 * kept(False)


@pytest.mark.skipif(BACKEND != "jax", reason="where the compiler knows")
def test_a_step_takes_less_memory():
    import jax

    def bytes_of(rematerialize):
        gan = compiled(rematerialize, channels=16, dropout=0.0)
        state = tuple([v.value for v in group] for group in gan._state_groups())
        step = jax.jit(gan.train_step).lower(state, (images(480),)).compile()
        return step.memory_analysis().temp_size_in_bytes

    assert bytes_of(True) < 0.9 * bytes_of(False)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="where XLA merges what is computed twice")
def test_xla_computes_again_what_is_not_kept():
    import tensorflow as tf

    x = inputs = keras.Input((64,))
    for i in range(9):
        x = keras.layers.Dense(64, activation="tanh", name=f"dense_{i}")(x)
    network = keras.Model(inputs, x)

    def count():
        @tf.function(jit_compile=True)
        def slopes(x):
            with tf.GradientTape() as tape:
                total = tf.reduce_sum(Lazy("ganzoo.backend").training_outputs(network, x))
            return tape.gradient(total, network.trainable_variables)

        code = slopes.experimental_get_compiler_ir(tf.zeros((8, 64)))(stage="optimized_hlo")
        return code.count(" tanh(")

    assert count() == 9
    rematerialization.set_rematerialized([network], True)
    assert count() == 9 + 8  # all but the last segment, which is one layer


def test_networks_that_are_no_graph_are_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(PluginError, match="needs functional models of Keras without masks"):
        rematerialization.set_rematerialized([Own()], True)
