"""Several devices, simulated in one process: a step is what it is on one, up to rounding."""

import functools
import os

import numpy as np
import pytest
from lazy_keras import Lazy, keras, ops, tensor, to_numpy

from ganzoo.backend import devices

pytestmark = [
    pytest.mark.backend,
    pytest.mark.skipif(os.environ.get("KERAS_BACKEND") == "jax", reason="one program for all"),
]
on_torch = pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND") != "torch", reason="on one backend: the same code"
)

simulated = Lazy("ganzoo.backend.devices.simulated")
weights = Lazy("ganzoo.jobs.models.weights")
dcgan = Lazy("ganzoo_classic.dcgan")
stylegan2 = Lazy("ganzoo_modern.stylegan2_conditional")
layers = Lazy("ganzoo.layers")
random = Lazy("ganzoo.gan.random")

ROWS = 12
R1 = {"name": "r1", "weight": 1.0, "every": 2}
CONFIGS = {
    "ada": {"regularizers": [{"name": "ada", "probability": 0.5, "interval": 1}]},
    "diffaugment": {"regularizers": [{"name": "diffaugment"}]},
    "consistency": {"regularizers": [{"name": "consistency", "weight": 1.0}]},
    "lecam": {"regularizers": [{"name": "lecam", "weight": 1.0, "start": 0}]},
    "dragan": {"regularizers": [{"name": "dragan", "weight": 1.0}]},
    "gradient penalty": {"regularizers": [{"name": "gradient_penalty", "weight": 1.0}]},
    "penalties apart": {"regularizers": [R1], "separate_penalties": True},
    "flipped labels": {"label_flip_prob": 0.3},
    "two critic updates": {"n_critic": 2},
    "pairs": {"loss": "relativistic"},
    "real and fake at once": {
        "concat_real_fake": True, "regularizers": [{"name": "diffaugment"}],
    },
    "a larger batch of the generator": {"generator_batch": 2},
}  # fmt: skip


def small(config):
    gan = dcgan.dcgan((8, 8, 1), latent_size=4, generator_base_channels=4,
                      discriminator_base_channels=4)  # fmt: skip
    return compiled(gan, config)


def styled(config):
    sizes = {"latent_size": 8, "style_size": 8, "max_channels": 8, "mapping_layers": 2}
    options = {key: value for key, value in config.items() if key != "gan"}
    gan = stylegan2.stylegan2_conditional((8, 8, 1), 3, **sizes, **options)
    return compiled(gan, config["gan"])


def compiled(gan, config):
    gan.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01), seed=3, **config)
    return gan


def data(per_step=ROWS, labels=False):
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (per_step, 8, 8, 1)).astype("uint8")
    return (images, (np.arange(per_step) % 3).astype("int32")) if labels else (images,)


def assert_steps_are_equal(make, rows, number, steps=3):
    """The state after a few steps of one device and of several."""
    keras.utils.set_random_seed(0)
    one = make()
    several = [make() for _ in range(number)]
    first = weights.state_arrays(one)
    for gan in several:
        weights.assign_arrays(gan.state(), first, "one")
    count = len(rows[0]) // number

    def train(gan, rank):
        for _ in range(steps):
            gan.train_step(tuple(
                ops.convert_to_tensor(x[rank * count : (rank + 1) * count]) for x in rows
            ))  # fmt: skip

    with devices.in_step():
        for _ in range(steps):
            one.train_step(tuple(map(ops.convert_to_tensor, rows)))
    simulated.simulate([functools.partial(train, gan, i) for i, gan in enumerate(several)])
    expected, received, *others = map(weights.state_arrays, (one, *several))
    for name, array in expected.items():
        for other in others:
            assert received[name].tobytes() == other[name].tobytes(), name
        scale = max(1.0, np.abs(array).max(initial=0))
        np.testing.assert_allclose(received[name], array, rtol=0, atol=1e-5 * scale, err_msg=name)


@on_torch
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_a_step_of_three_devices_is_that_of_one(config):
    rows = data(ROWS * config.get("n_critic", 1))
    assert_steps_are_equal(lambda: small(config), rows, 3)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_step_in_half_precision_is_that_of_one_device(precision):
    keras.config.set_dtype_policy(precision)
    try:
        assert_steps_are_equal(lambda: small({"regularizers": [R1]}), data(), 2, steps=1)
    finally:
        keras.config.set_dtype_policy("float32")


@on_torch
@pytest.mark.parametrize("config", [
    {"second_style": "neighbor", "crossover": "image", "gan": {}},
    {"mbstd_group_size": 4, "gan": {"concat_real_fake": True}},
], ids=["neighbors", "groups that the rows of a device do not fill"])  # fmt: skip
def test_a_step_of_stylegan2_on_three_devices_is_that_of_one(config):
    assert_steps_are_equal(lambda: styled(config), data(labels=True), 3, steps=1)


def on_two(function):
    """What a function of the rank returns on each of two devices, as NumPy."""
    found = simulated.simulate([functools.partial(function, rank) for rank in range(2)])
    return [to_numpy(x) for x in found]


def test_outside_of_a_step_a_process_is_alone():
    x = tensor([1.0, 2.0])
    assert devices.count() == 1
    for function in (devices.mean, devices.total, devices.whole, devices.own):
        assert function(x) is x


def test_means_and_totals_are_over_devices():
    assert [float(x) for x in on_two(lambda rank: devices.mean(tensor(2.0 * rank)))] == [1, 1]
    assert [float(x) for x in on_two(lambda rank: devices.total(tensor(1.0 + rank)))] == [3, 3]


def test_rows_come_together_in_the_order_of_the_batch():
    rows = np.arange(8, dtype="float32").reshape(4, 2)
    together = on_two(lambda rank: devices.whole(tensor(rows[2 * rank : 2 * rank + 2])))
    for whole in together:
        np.testing.assert_array_equal(whole, rows)
    apart = on_two(lambda rank: devices.own(tensor(rows)))
    np.testing.assert_array_equal(np.concatenate(apart), rows)


def test_the_pieces_of_a_stacked_batch_stay_in_their_places():
    real, fake = np.arange(4.0), np.arange(4.0) + 10

    def both(rank):
        mine = slice(2 * rank, 2 * rank + 2)
        with devices.stacked(2):
            whole = devices.whole(tensor(np.concatenate([real[mine], fake[mine]])))
            return ops.stack([whole, ops.tile(devices.own(whole), 2)])

    for rank, (whole, own) in enumerate(on_two(both)):
        np.testing.assert_array_equal(whole, np.concatenate([real, fake]))
        mine = slice(2 * rank, 2 * rank + 2)
        np.testing.assert_array_equal(own[:4], np.concatenate([real[mine], fake[mine]]))


def test_random_numbers_of_a_batch_are_those_of_one_device():
    def drawn(axis, shape):
        return lambda rank: random.Rng(1, 2).normal("x", shape, batch_axis=axis)

    whole = to_numpy(random.Rng(1, 2).normal("x", (4, 6)))
    np.testing.assert_array_equal(np.concatenate(on_two(drawn(0, (2, 6)))), whole)
    np.testing.assert_array_equal(np.concatenate(on_two(drawn(1, (4, 3))), axis=1), whole)
    for same in on_two(drawn(None, (4, 6))):
        np.testing.assert_array_equal(same, whole)


def test_devices_that_ask_for_different_sums_are_found_out():
    with pytest.raises(RuntimeError, match="same sums"):
        on_two(lambda rank: devices.total(tensor(1.0)) if rank else tensor(1.0))


@on_torch
def test_dropout_drops_what_it_drops_on_one_device():
    layer = layers.Dropout(0.5, seed=1)
    x = tensor(np.ones((8, 5)))
    torch = pytest.importorskip("torch")
    torch.manual_seed(4)
    whole = to_numpy(layer(x, training=True))

    def part(rank):
        torch.manual_seed(4)
        return layers.Dropout(0.5, seed=1)(x[4 * rank : 4 * rank + 4], training=True)

    np.testing.assert_array_equal(np.concatenate(on_two(part)), whole)
