import numpy as np
import pytest
from lazy_keras import Lazy, keras

from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend

optimizers = Lazy("ganzoo.gan.optimizers")


def networks(generator=1e-3, discriminator=4e-3):
    adam = keras.optimizers.Adam
    return optimizers.GANOptimizer(adam(generator), adam(discriminator))


def rates(both):
    return [float(both.generator.learning_rate), float(both.discriminator.learning_rate)]


def test_setting_the_learning_rate_moves_both_networks_by_one_factor():
    both = networks()
    both.learning_rate = 5e-4
    np.testing.assert_allclose(rates(both), [5e-4, 2e-3], rtol=1e-6)
    assert float(both.learning_rate) == pytest.approx(5e-4)


def test_a_learning_rate_that_was_zero_for_a_while_keeps_the_networks_ratio():
    both = networks()
    for rate in (0.0, 0.0, 2e-3):
        both.learning_rate = rate
    np.testing.assert_allclose(rates(both), [2e-3, 8e-3], rtol=1e-6)


def test_the_variables_are_those_of_both_networks(small):
    gan = small.compiled(small.gan())
    both = gan.optimizer
    assert len(both.variables) == len(both.generator.variables) + len(both.discriminator.variables)
    assert {v.path for v in both.generator.variables} & {v.path for v in gan.optimizer.variables}


def test_both_optimizers_count_their_own_updates(small, points):
    # on JAX an optimizer outside the carried state would stay at 0, silently
    gan = small.compiled(small.gan(), n_critic=3)
    gan.fit(points, batch_size=6, epochs=2, verbose=0)
    assert int(gan.optimizer.generator.iterations.value) == 4
    assert int(gan.optimizer.discriminator.iterations.value) == 12
    assert int(gan.optimizer.iterations.value) == 4


def test_each_network_follows_a_schedule_of_its_own(small, points):
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([2], [1.0, 0.0])
    linear = keras.optimizers.SGD(schedule), keras.optimizers.SGD(0.0)
    gan = small.compiled(small.gan(units=0), *linear, loss="wasserstein")
    weights = []
    for _ in range(5):
        weights.append(small.arrays(gan)["generator/sample/kernel"])
        gan.train_on_batch(points)
    assert not np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[2], weights[3])  # iteration 2 is the last at rate 1
    np.testing.assert_array_equal(weights[3], weights[4])


def test_one_optimizer_cannot_serve_both(small):
    adam = keras.optimizers.Adam()
    with pytest.raises(UsageError, match="of its own"):
        small.gan().compile(adam, adam)


@pytest.mark.parametrize("wrong", [3, None])
def test_what_is_not_an_optimizer_is_refused(small, wrong):
    with pytest.raises(UsageError, match="generator's optimizer"):
        small.gan().compile(wrong, "adam")


def test_optimizers_come_back_from_their_configuration():
    again = optimizers.GANOptimizer.from_config(networks().get_config())
    np.testing.assert_allclose(rates(again), [1e-3, 4e-3], rtol=1e-6)
    assert isinstance(again.discriminator, keras.optimizers.Adam)


def test_where_gradients_are_clipped_their_norm_before_it_is_logged(small, points):
    """Promise 58: the norm is that of the weights' change at a learning rate of 1."""
    nan, steady, clipped = np.nan, small.sgd(), keras.optimizers.SGD(1e-6, global_clipnorm=1e-3)
    plain = small.compiled(small.gan(), small.sgd(), small.sgd(1.0))
    before = small.arrays(plain)
    assert not [name for name in plain.train_on_batch(points, return_dict=True) if "norm" in name]
    after = small.arrays(plain)
    change = [after[n] - before[n] for n in before if n.startswith("discriminator/")]
    gan = small.compiled(small.gan(), steady, clipped)
    small.restore(gan, before)
    logs = gan.train_on_batch(points, return_dict=True)
    assert "g_gradient_norm" not in logs
    expected = np.sqrt(sum(np.sum(np.square(array)) for array in change))
    assert float(logs["d_gradient_norm"]) == pytest.approx(expected, rel=1e-4)
    small.restore(gan, before)
    gan.discriminator.get_layer("hidden").kernel.assign(before["discriminator/hidden/kernel"] + nan)
    logs = gan.train_on_batch(points, return_dict=True)
    assert np.isnan(float(logs["d_gradient_norm"]))
    kernels = [n for n in before if n.startswith("discriminator/") and n.endswith("kernel")]
    assert all(np.isnan(small.arrays(gan)[name]).any() for name in kernels)
