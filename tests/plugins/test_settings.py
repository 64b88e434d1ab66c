"""Neither keras.json nor `keras.config` changes what is built, trained or sampled."""

import contextlib
import random
import threading

import numpy as np
import pytest
from lazy_keras import on_torch

from ganzoo.catalog.plugins.discovery import discover, find_plugin, load_plugin

pytestmark = pytest.mark.backend

ZOO = [p.name for p in discover("architecture").plugins.values()
       if p.distribution == "keras-ganzoo"]  # fmt: skip


@contextlib.contextmanager
def configured(floatx, epsilon, image_data_format):
    """What keras.json says, or somebody sets."""
    from keras import config

    kept = config.floatx(), config.epsilon(), config.image_data_format(), config.dtype_policy()
    given = (floatx, epsilon, image_data_format)
    try:
        _configure(*given, floatx)
        yield
        assert (config.floatx(), config.epsilon(), config.image_data_format()) == given
        assert config.dtype_policy().name == floatx
    finally:
        _configure(*kept)


def _configure(floatx, epsilon, image_data_format, policy):
    from keras import config

    config.set_floatx(floatx)
    config.set_epsilon(epsilon)
    config.set_image_data_format(image_data_format)
    config.set_dtype_policy(policy)


OTHERS = [("float16", 0.1, "channels_first"), ("float64", 1e-3, "channels_first")]


def described(gan) -> list:
    """Every layer with its data format and type, and every variable."""
    networks = (gan.generator, gan.discriminator)
    own = [(type(la).__name__, la.get_config()) for net in networks for la in net.layers
           if "name" in la.get_config()]  # fmt: skip
    return [own, [(v.path, v.dtype, v.shape) for net in networks for v in net.variables]]


@on_torch
@pytest.mark.parametrize("name", ZOO)
def test_every_architecture_builds_the_same_networks(name, cheap_weights):
    from ganzoo.testing.architecture_case import ArchitectureCase

    case = ArchitectureCase(name)
    architecture = load_plugin(find_plugin("architecture", name))
    given = {"classes": 3, "source_shape": case.source_shape}
    given = {key: value for key, value in given.items() if key in case.conditions}

    def build():
        import keras

        keras.backend.clear_session()  # names of operations are numbered
        return described(architecture(case.shape, **given, **case.options))

    expected = build()
    with configured(*OTHERS[0]):
        assert build() == expected


@pytest.mark.parametrize("other", OTHERS)
def test_a_training_in_python_and_its_samples_are_the_same(other):
    from ganzoo_classic.dcgan import dcgan

    images = np.random.default_rng(0).uniform(-1, 1, (12, 8, 8, 1))

    def results():
        random.seed(0)  # initializers take their seeds from here
        gan = dcgan((8, 8, 1), generator_base_channels=4, discriminator_base_channels=4)
        gan.compile(
            "adam", "adam", ema_half_life=10.0, regularizers=[{"name": "r1", "weight": 1.0}]
        )
        history = gan.fit(images, batch_size=6, shuffle=False, verbose=0).history
        found = gan.project(gan.sample(1, seed=2), steps=2, starts=1)
        return [*history.values(), gan.sample(2), gan.interpolate((1, 2), 2), *found]

    expected = results()
    with configured(*other):
        for received, value in zip(results(), expected, strict=True):
            np.testing.assert_array_equal(received, value)


def test_a_precision_that_was_asked_for_is_kept():
    from keras import config

    from ganzoo.backend.settings import standard_settings

    config.set_dtype_policy("mixed_bfloat16")
    try:
        with standard_settings():
            assert config.dtype_policy().name == "mixed_bfloat16"
    finally:
        config.set_dtype_policy("float32")


def test_two_threads_have_the_standard_until_the_last_leaves():
    from keras import config

    from ganzoo.backend.settings import standard_settings

    first, second, inside, go_on = [], [], threading.Event(), threading.Event()

    def other():
        with standard_settings():
            inside.set()
            go_on.wait(60)
            second.append((config.floatx(), config.epsilon()))

    with configured("float16", 1e-3, "channels_first"):
        thread = threading.Thread(target=other)
        with standard_settings():
            thread.start()
            assert inside.wait(60)
            first.append((config.floatx(), config.epsilon()))
        go_on.set()
        thread.join()
    assert first == second == [("float32", 1e-7)]
