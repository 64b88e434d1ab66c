import numpy as np
import pytest

pytestmark = pytest.mark.backend


def averaged(small, **networks):
    return small.compiled(small.gan(**networks), ema_half_life=0.75)


def parts(state, player):
    return {n.partition("/")[2]: a for n, a in state.items() if n.startswith(f"{player}/")}


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

    gan.ema.update()

    for name, value in parts(small.arrays(gan), "ema").items():
        np.testing.assert_allclose(value, before[name] + 1.0, rtol=1e-6, err_msg=name)


def test_a_step_moves_the_average_towards_the_new_weights(small, points):
    gan = averaged(small, norm=True)
    before = parts(small.arrays(gan), "ema")

    gan.train_on_batch(points)

    state = small.arrays(gan)
    generator = parts(state, "generator")
    for name, value in parts(state, "ema").items():
        np.testing.assert_allclose(
            value, 0.75 * before[name] + 0.25 * generator[name], rtol=1e-5, atol=1e-7, err_msg=name
        )


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


def test_compiling_again_with_another_decay_plays_by_it(small):
    gan = averaged(small)
    small.compiled(gan, ema_half_life=0.5)

    assert gan.ema.decay == 0.5


def test_without_a_decay_there_is_no_average(small):
    gan = small.compiled(small.gan())

    assert gan.ema is None
    assert not [name for name in gan.state() if name.startswith("average")]
