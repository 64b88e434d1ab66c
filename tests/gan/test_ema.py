import numpy as np
import pytest

from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend


def averaged(small, **networks):
    """Images after which half remains: 12, without a ramp."""
    return small.compiled(small.gan(**networks), ema_half_life=12.0, ema_rampup=0.0)


def parts(state, network):
    return {n.partition("/")[2]: a for n, a in state.items() if n.startswith(f"{network}/")}


def test_an_average_begins_as_a_copy_of_every_float_weight(small):
    gan = averaged(small, norm=True, dropout=0.5)
    state = small.arrays(gan)
    average, generator = parts(state, "ema"), parts(state, "generator")
    assert {"norm/moving_mean", "norm/moving_variance", "hidden/kernel"} <= average.keys()
    assert generator.keys() - average.keys() == {"seeds/0"}
    assert not small.differing(average, {name: generator[name] for name in average})


def test_an_update_moves_each_average_by_its_share(small):
    gan = averaged(small)
    before = parts(small.arrays(gan), "ema")
    for variable in gan.generator.variables:
        variable.assign(variable + 4.0)
    gan.ema.update(0, 24)  # two half-lives
    expected = {name: value + 3.0 for name, value in before.items()}
    small.assert_close(parts(small.arrays(gan), "ema"), expected, rtol=1e-6, atol=0)


def test_a_step_moves_the_average_toward_the_new_weights(small, points):
    gan = averaged(small, norm=True)
    before = parts(small.arrays(gan), "ema")
    gan.train_on_batch(points)
    state = small.arrays(gan)
    generator = parts(state, "generator")
    expected = {name: 0.5 * value + 0.5 * generator[name] for name, value in before.items()}
    small.assert_close(parts(state, "ema"), expected, atol=1e-7)


def test_an_average_shares_no_buffer_with_the_generator(small, points):
    # JAX donates the buffers of the state; a shared one would be deleted under the average
    gan = averaged(small)
    before = parts(small.arrays(gan), "ema")
    gan.generator.get_layer("sample").kernel.assign_add(np.ones((5, 2), "float32"))
    assert not small.differing(before, parts(small.arrays(gan), "ema"))
    gan.fit(points, batch_size=6, epochs=2, verbose=0)
    assert np.isfinite(gan.sample(3)).all()
    assert np.isfinite(gan.sample(3, use_ema=False)).all()


def test_samples_come_from_the_average_and_raw_ones_do_not(small):
    gan = averaged(small)
    first = gan.sample(4, seed=1)
    np.testing.assert_array_equal(first, gan.sample(4, seed=1, use_ema=False))
    for variable in gan.generator.variables:
        variable.assign(variable * 2.0 + 1.0)
    np.testing.assert_array_equal(first, gan.sample(4, seed=1))
    assert np.abs(first - gan.sample(4, seed=1, use_ema=False)).max() > 0.1


def test_compiling_again_changes_the_half_life(small):
    gan = averaged(small)
    small.compiled(gan, ema_half_life=500.0)
    assert (gan.ema.half_life, gan.ema.rampup) == (500.0, 0.05)
    with pytest.raises(UsageError, match="keeps the moving average"):
        small.compiled(gan, ema_half_life=0.0)


def test_without_a_half_life_there_is_no_average(small):
    gan = small.compiled(small.gan(), ema_half_life=0.0)
    assert gan.ema is None
    assert not [name for name in gan.state() if name.startswith("ema")]


def test_the_half_life_ramps_up_with_the_images_shown(small):
    """1 - 2 ** (-count / min(half_life, rampup * images)), by hand."""
    gan = small.compiled(small.gan(), ema_half_life=100.0, ema_rampup=0.5)
    kernel = gan.generator.get_layer("hidden").kernel
    average = gan.ema.of(kernel)
    for images, half_life in ((0, 1e-6), (40, 20.0), (1000, 100.0)):
        average.assign(np.zeros(average.shape, "float32"))
        kernel.assign(np.ones(kernel.shape, "float32"))
        gan.ema.update(images, 10)
        expected = 1 - 2.0 ** (-10 / half_life)
        np.testing.assert_allclose(small.numbers(average), expected, rtol=1e-5)


def test_a_long_average_moves_by_its_share_to_many_digits(small):
    gan = small.compiled(small.gan(), ema_half_life=1e7, ema_rampup=0.0)
    kernel = gan.generator.get_layer("hidden").kernel
    gan.ema.of(kernel).assign(np.zeros(kernel.shape, "float32"))
    kernel.assign(np.ones(kernel.shape, "float32"))
    gan.ema.update(0, 64)
    share = -np.expm1(-np.log(2) * 64 / 1e7)
    np.testing.assert_allclose(small.numbers(gan.ema.of(kernel)), share, rtol=1e-5)


def test_after_a_short_training_the_average_draws_as_the_network_does(small, points):
    """150 steps: a few times the memory that the ramp allows, a fraction of the half-life."""

    def distance(rampup):
        gan = small.compiled(
            small.gan(), small.sgd(0.01), small.sgd(0.01), ema_half_life=1e5, ema_rampup=rampup
        )
        first = gan.sample(200, seed=3)
        for _ in range(150):
            gan.train_on_batch(points)
        average, raw = gan.sample(200, seed=3), gan.sample(200, seed=3, use_ema=False)
        return np.abs(average - raw).mean() / np.abs(first - raw).mean()

    assert distance(0.05) < 0.5
    assert distance(0.0) > 0.9  # without a ramp it still is the untrained network
