"""Gradient accumulation: a step in microbatches is that of the whole batch, up to rounding."""

import functools
import os

import numpy as np
import pytest
from comparison import states_of_training
from lazy_keras import Lazy, keras, ops, tensor, to_numpy

from ganzoo.backend import devices
from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend
on_torch = pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND") != "torch", reason="on one backend: the same code"
)

backend = Lazy("ganzoo.backend")
simulated = Lazy("ganzoo.backend.devices.simulated")
weights = Lazy("ganzoo.jobs.models.weights")
ganzoo = Lazy("ganzoo")
layers = Lazy("ganzoo.layers")

ROWS = 12
R1 = {"name": "r1", "weight": 1.0, "every": 2}
CONFIGS = {
    "plain": {},
    "two critic updates": {"n_critic": 2},
    "shared latents": {"share_fake_latents": True},
    "gradient penalty": {"regularizers": [{"name": "gradient_penalty", "weight": 1.0}]},
    "r1": {"regularizers": [R1]},
    "penalties apart": {"regularizers": [R1], "separate_penalties": True},
    "ada": {"regularizers": [{"name": "ada", "probability": 0.5, "interval": 1}]},
    "diffaugment": {"regularizers": [{"name": "diffaugment"}]},
    "lecam": {"regularizers": [{"name": "lecam", "weight": 1.0, "start": 0}]},
    "flipped labels": {"label_flip_prob": 0.3},
    "pairs": {"loss": "relativistic"},
    "real and fake at once": {
        "concat_real_fake": True, "regularizers": [{"name": "diffaugment"}],
    },
    "a larger batch of the generator": {"generator_batch": 2},
}  # fmt: skip


def networks(dropout, normed=False):
    """Networks with spectral normalization and dropout; with batch statistics if asked for."""
    latents = keras.Input((4,), name="latents")
    x = keras.layers.Dense(4 * 4 * 8, name="base")(latents)
    x = layers.BatchNormalization(name="norm")(x) if normed else x
    x = keras.layers.Reshape((4, 4, 8), name="shape")(x)
    x = keras.layers.Activation("silu", name="silu")(x)
    x = layers.Conv2DTranspose(1, 4, strides=2, padding="same", name="image")(x)
    x = keras.layers.Activation("tanh", name="tanh")(x)
    generator = keras.Model(latents, x, name="generator")
    images = keras.Input((8, 8, 1), name="images")
    conv = layers.Conv2D(8, 4, strides=2, padding="same", name="conv")
    x = layers.SpectralNormalization(conv)(images)
    x = keras.layers.Activation("silu", name="silu")(x)
    x = layers.Dropout(dropout, seed=1, name="dropout")(keras.layers.Flatten(name="flat")(x))
    x = keras.layers.Dense(1, name="logit")(x)
    return generator, keras.Model(images, x, name="discriminator")


def compiled(accumulation_steps, dropout=0.3, normed=False, **config):
    gan = ganzoo.GAN(*networks(dropout, normed))
    options = {"seed": 3, "gradient_accumulation_steps": accumulation_steps, **config}
    options.setdefault("jit_compile", keras.backend.backend() == "jax")
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), **options)
    return gan


def images(rows=ROWS):
    return np.random.default_rng(1).integers(0, 256, (rows, 8, 8, 1)).astype("uint8")


def trained(accumulation_steps, steps=3, first=None, **config):
    """The state before and after a few steps, and the last one's logs."""
    keras.utils.set_random_seed(0)
    rows = images(ROWS * config.get("n_critic", 1))
    return states_of_training(compiled(accumulation_steps, **config), rows, steps, first)


def assert_equal_in_microbatches(config, number=3):
    first, expected, logs = trained(1, **config)
    _, found, own_logs = trained(number, first=first, **config)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=0, atol=1e-5, err_msg=name)
    moved = [name for name in first if np.abs(first[name] - expected[name]).max(initial=0) > 1e-3]
    assert {name.partition("/")[0] for name in moved} >= {"generator", "discriminator"}
    assert own_logs == pytest.approx(logs, rel=1e-4, abs=1e-5)


@on_torch
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_steps_in_microbatches_are_those_of_the_whole_batch(config):
    assert_equal_in_microbatches(config)


@pytest.mark.skipif(os.environ.get("KERAS_BACKEND") == "torch", reason="the same as above")
def test_compiled_steps_in_microbatches_are_those_of_the_whole_batch():
    assert_equal_in_microbatches({"regularizers": [R1]})


@on_torch
@pytest.mark.parametrize("config", [
    {}, {"concat_real_fake": True, "label_flip_prob": 0.3}, {"generator_batch": 2}, {"n_critic": 2},
], ids=["plain", "stacked", "a larger batch of the generator", "two critic updates"])  # fmt: skip
def test_a_microbatch_has_the_same_rows_on_several_devices(config):
    first, expected, _ = trained(3, steps=2, normed=True, **config)
    several = [compiled(3, normed=True, **config) for _ in range(2)]
    for gan in several:
        weights.assign_arrays(gan.state(), first, "one")
    parts = np.split(images(ROWS * config.get("n_critic", 1)), 6)

    def train(gan, rank):
        for _ in range(2):
            gan.reset_metrics()
            gan.train_step((ops.convert_to_tensor(np.concatenate(parts[rank::2])),))

    simulated.simulate([functools.partial(train, gan, i) for i, gan in enumerate(several)])
    found, other = map(weights.state_arrays, several)
    for name, array in expected.items():
        assert found[name].tobytes() == other[name].tobytes(), name
        np.testing.assert_allclose(found[name], array, rtol=0, atol=1e-5, err_msg=name)


def test_batch_statistics_are_of_a_microbatch_and_move_once():
    layer = layers.BatchNormalization(momentum=0.5, name="norm")
    rows = np.random.default_rng(0).normal(size=(6, 2)).astype("float32")
    layer.build((None, 2))
    x = tensor(rows)

    def loss():
        return ops.sum(layer(devices.microbatch(x), training=True)), {}

    result = backend.gradients(loss, layer.trainable_variables, lambda x: x, 3)
    written = {variable.name: to_numpy(value) for variable, value in result.writes}
    variances = rows.reshape(3, 2, 2).var(axis=1).mean(axis=0)
    np.testing.assert_allclose(written["moving_mean"], 0.5 * rows.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(written["moving_variance"], 0.5 + 0.5 * variances, atol=1e-6)


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_sums_over_microbatches_are_the_same_in_a_loop(kind, monkeypatch):
    if keras.backend.backend() == "jax":
        monkeypatch.setattr("jax.default_backend", lambda: kind)
    x = tensor(np.arange(6.0))

    def function(index):
        return [ops.take(x, index) ** 2, ops.where(ops.equal(index, 2), ops.cast(x, "int32"), 0)]

    def summed():
        return [to_numpy(total) for total in backend.sum_over(function, 5)]

    squares, picked = summed()
    assert squares == 30.0
    np.testing.assert_array_equal(picked, np.arange(6))


@pytest.mark.skipif(os.environ.get("KERAS_BACKEND") != "jax", reason="where the compiler knows")
def test_a_step_in_microbatches_takes_less_memory():
    import jax

    def bytes_of(number):
        gan = compiled(number, dropout=0.0)
        state = tuple([v.value for v in group] for group in gan._state_groups())
        step = jax.jit(gan.train_step).lower(state, (images(960),)).compile()
        return step.memory_analysis().temp_size_in_bytes

    assert bytes_of(4) < 0.5 * bytes_of(1)


def test_a_batch_that_microbatches_do_not_divide_is_refused():
    gan = compiled(5, run_eagerly=True, jit_compile=False)
    with pytest.raises(
        UsageError, match="multiple of gradient_accumulation_steps, 5. Received: 12"
    ):
        gan.train_on_batch(images())
