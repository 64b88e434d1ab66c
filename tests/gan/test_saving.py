import numpy as np
import pytest
from lazy_keras import keras

import ganzoo
from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend


def trained(small, points, **rules):
    adam = keras.optimizers.Adam
    gan = small.gan(norm=True)  # Keras stores no seed generators: no dropout here
    small.compiled(gan, adam(1e-3, beta_1=0.5), adam(2e-3), seed=9, ema_half_life=0.9, **rules)
    gan.fit(points, batch_size=6, epochs=2, verbose=0)
    return gan


def test_a_keras_file_keeps_both_networks_both_optimizers_and_the_rules(small, points, tmp_path):
    regularizers = [{"name": "r1", "weight": 2.0, "every": 2}]
    gan = trained(small, points, n_critic=2, regularizers=regularizers, loss="hinge")
    before = small.arrays(gan)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert isinstance(again, ganzoo.GAN)
    assert again.config == gan.config
    assert float(again.optimizer.discriminator.learning_rate) == pytest.approx(2e-3)
    assert again.optimizer.generator.beta_1 == 0.5
    assert small.differing(before, small.arrays(again)) <= {"metrics/total", "metrics/count"}
    np.testing.assert_array_equal(gan.sample(3, seed=1), again.sample(3, seed=1))


def test_a_gan_goes_on_from_a_keras_file_as_if_nothing_had_happened(small, points, tmp_path):
    gan = trained(small, points)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    for model in (gan, again):
        model.reset_metrics()  # before Keras 3.15 `train_on_batch` does not
        for _ in range(3):
            model.train_on_batch(points)
    assert not small.differing(small.arrays(gan), small.arrays(again))
    assert int(again.steps.value) == 7


def test_the_range_and_the_prior_of_a_gan_are_saved(small, tmp_path):
    networks = small.generator(), small.discriminator()
    gan = ganzoo.GAN(*networks, value_range=(0, 1), prior=ganzoo.random.uniform)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert again.value_range == (0.0, 1.0)
    assert again.prior is ganzoo.random.uniform
    np.testing.assert_array_equal(gan.sample(3), again.sample(3))


def test_a_gan_can_be_saved_before_it_is_compiled(small, tmp_path):
    small.gan().save(tmp_path / "gan.keras")
    assert not keras.saving.load_model(tmp_path / "gan.keras").compiled


def test_a_loss_of_ones_own_is_refused_when_it_is_saved(small, tmp_path):
    gan = small.compiled(small.gan(), loss=ganzoo.losses.hinge())
    assert gan.config.tables()["loss"] is gan.config.loss
    with pytest.raises(UsageError, match="cannot be saved"):
        gan.save(tmp_path / "gan.keras")
