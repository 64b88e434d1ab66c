"""`torch.compile` for networks: the same training."""

import os
import shutil

import numpy as np
import pytest
from lazy_keras import Lazy, keras, ops

from ganzoo.errors import PluginError, UsageError

pytestmark = [
    pytest.mark.backend,
    pytest.mark.skipif(os.environ.get("KERAS_BACKEND") != "torch", reason="PyTorch's compiler"),
]

ganzoo = Lazy("ganzoo")
simulated = Lazy("ganzoo.backend.devices.simulated")
torch = Lazy("torch")
weights = Lazy("ganzoo.jobs.models.weights")

# Of each kind of layer and of training some, which are small.
NAMES = [
    "cdcgan", "dcgan", "dcgan-fashion-mnist", "infogan", "mlp", "r1gan", "sngan", "wgan-gp",
]  # fmt: skip


@pytest.fixture
def given_to_the_compiler(monkeypatch):
    """The graphs that PyTorch's compiler is given; it runs their operations one by one."""
    given, compile = [], torch.compile

    def record(graph, **options):
        given.append(graph)
        return compile(graph, dynamic=options["dynamic"], backend="aot_eager")

    monkeypatch.setattr("torch.compile", record)
    return given


def trained_twice(name, steps=2, **second):
    """States of two trainings from the same weights, line by line and compiled."""
    from ganzoo.testing.architecture_case import SEED, ArchitectureCase

    case, first, found = ArchitectureCase(name), None, []
    for options in ({}, {"jit_compile": True, **second}):
        gan = case.build()
        if first is not None:
            weights.assign_arrays(gan.state(), first, "one")
        first = weights.state_arrays(gan)
        rates = (keras.optimizers.SGD(0.01) for _ in range(2))
        gan.compile(*rates, seed=SEED, **(case.config | options))
        for number in range(steps):
            gan.train_step(tuple(map(ops.convert_to_tensor, case.batch(number))))
        found.append(weights.state_arrays(gan))
    return found


def assert_close(arrays, others, rtol=1e-5, atol=1e-6):
    for key, array in arrays.items():
        np.testing.assert_allclose(others[key], array, rtol=rtol, atol=atol, err_msg=key)


@pytest.mark.parametrize("name", NAMES)
def test_steps_of_compiled_networks_are_those_line_by_line(name, given_to_the_compiler):
    assert_close(*trained_twice(name))
    assert all(isinstance(graph, torch.fx.GraphModule) for graph in given_to_the_compiler)
    assert len(given_to_the_compiler) >= 2  # a network, for inputs of one shape, once


def test_half_precision_is_rounded_alike(given_to_the_compiler):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert_close(*trained_twice("dcgan"), atol=1e-4)
    finally:
        keras.config.set_dtype_policy("float32")
    assert given_to_the_compiler


@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="needs a compiler")
def test_the_compiler_itself_trains_alike():
    assert_close(*trained_twice("mlp", steps=1))


def gan_of(layer=None, **options):
    """A GAN of two dense layers."""
    latents, points = keras.Input((3,), name="latents"), keras.Input((2,), name="points")
    generator = keras.Model(latents, keras.layers.Dense(2, name="point")(latents), name="generator")
    seen = points if layer is None else layer(points)
    logits = keras.layers.Dense(1, name="logit")(seen)
    gan = ganzoo.GAN(generator, keras.Model(points, logits, name="discriminator"))
    rates = (keras.optimizers.SGD(0.1) for _ in range(2))
    gan.compile(*rates, jit_compile=True, **options)
    return gan


POINTS = np.random.default_rng(0).normal(size=(12, 2)).astype("float32")


@pytest.mark.parametrize(
    "options", [{"gradient_accumulation_steps": 2}, {"rematerialize": True}], ids=str
)
def test_parts_of_batches_and_of_networks_are_refused(options):
    with pytest.raises(UsageError, match="whole batches on one device"):
        gan_of(**options).train_on_batch(POINTS)


def test_several_devices_are_refused():
    def step():
        gan_of().train_step((ops.convert_to_tensor(POINTS),))

    with pytest.raises(UsageError, match="whole batches on one device"):
        simulated.simulate([step, step])


def test_a_network_that_looks_at_numbers_is_named():
    class Brightest(keras.layers.Layer):
        def call(self, x):
            return x if bool(ops.max(x) > 0) else -x

    with pytest.raises(PluginError, match="cannot take the network 'discriminator'"):
        gan_of(Brightest()).train_on_batch(POINTS)


def test_fit_gives_the_compiler_each_network_once_for_each_update(given_to_the_compiler):
    gan_of().fit(POINTS, batch_size=4, epochs=2, verbose=0)
    assert len(given_to_the_compiler) == 4
    assert all(isinstance(graph, torch.fx.GraphModule) for graph in given_to_the_compiler)
