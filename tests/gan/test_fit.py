"""`fit` with what Keras offers: arrays, labels, callbacks, partial batches, fused steps."""

import csv

import numpy as np
import pytest
from lazy_keras import keras

import ganzoo
from ganzoo import backend
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import Feed

pytestmark = pytest.mark.backend


def test_arrays_are_trained_on_and_the_bar_and_the_history_have_every_mean(small, points, capsys):
    regularizers = [{"name": "r1", "weight": 1.0}]
    gan = small.compiled(small.gan(norm=True), ema_half_life=100.0, regularizers=regularizers)
    before = small.arrays(gan)
    history = gan.fit(points, batch_size=4, epochs=2, verbose=2).history
    shown = capsys.readouterr().out
    assert f"d_loss: {history['d_loss'][1]:.4f}" in shown
    assert f"g_loss: {history['g_loss'][1]:.4f}" in shown
    assert set(history) == {"d_loss", "g_loss", "d_real_accuracy", "d_fake_accuracy", "r1"}
    assert all(len(values) == 2 and np.isfinite(values).all() for values in history.values())
    assert int(gan.steps.value) == 6
    still = before.keys() - small.differing(before, small.arrays(gan))
    assert still <= {
        "gan/seed", "generator_optimizer/learning_rate", "discriminator_optimizer/learning_rate"
    }  # fmt: skip


def test_a_partial_last_batch_is_trained_on_too(small, points):
    regularizers = [{"name": name, "weight": 1.0} for name in ("gradient_penalty", "dragan")]
    gan = small.compiled(small.gan(), n_critic=2, regularizers=regularizers, label_flip_prob=0.1)
    gan.fit(points[:10], batch_size=4, epochs=2, verbose=0)
    assert int(gan.steps.value) == 6
    assert int(gan.images.value) == 20


def test_a_partial_batch_as_the_backend_compiles_dense_networks_is_trained_on_too(small, points):
    gan = small.compiled(small.gan(), jit_compile=None)
    gan.fit(points[:10], batch_size=4, verbose=0)
    assert int(gan.images.value) == 10


@pytest.mark.parametrize("kind", ["array", "tuple", "list"])
def test_data_in_any_wrapping_is_unpacked_in_one_place(small, points, kind):
    wrapped = {"array": points, "tuple": (points,), "list": [points]}[kind]
    (images,) = ganzoo.GAN.unpack(wrapped)
    assert images is points


def test_labels_go_with_arrays(small, points):
    gan = small.compiled(small.gan(classes=3))
    embedding = small.arrays(gan)["generator/class/embeddings"]
    gan.fit(points, np.full(12, 2, "int32"), batch_size=5, verbose=0)
    moved = np.abs(small.arrays(gan)["generator/class/embeddings"] - embedding).max(axis=1)
    assert (moved > 0).tolist() == [False, False, True]


def test_ordinary_callbacks_work(small, points, tmp_path):
    rates = []

    def schedule(epoch, rate):
        rates.append(rate)
        return rate / 2

    callbacks = [
        keras.callbacks.ModelCheckpoint(
            str(tmp_path / "epoch-{epoch}.weights.h5"), save_weights_only=True
        ),
        keras.callbacks.LearningRateScheduler(schedule),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.EarlyStopping("d_loss", mode="min", min_delta=1e9),
    ]
    adam = keras.optimizers.Adam
    gan = small.compiled(small.gan(), adam(1e-3), adam(3e-3))

    history = gan.fit(points, batch_size=6, epochs=5, callbacks=callbacks, verbose=0)

    epochs = len(history.epoch)  # no loss is that much better than the first
    assert epochs == 2
    assert len(list(tmp_path.glob("epoch-*.weights.h5"))) == epochs
    np.testing.assert_allclose(rates, [1e-3 / 2**k for k in range(epochs)], rtol=1e-5)
    ratio = gan.optimizer.discriminator.learning_rate / gan.optimizer.generator.learning_rate
    assert small.numbers(ratio) == pytest.approx(3, rel=1e-5)
    with open(tmp_path / "log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["d_loss"]) for row in rows] == pytest.approx(history.history["d_loss"])

    gan.load_weights(tmp_path / "epoch-1.weights.h5")
    assert np.isfinite(gan.sample(2)).all()


def dataset(points):
    return Dataset(
        name="points", images=points, labels=None, classes=(), license="CC0-1.0",
        source="made here", fingerprint="0" * 64,
    )  # fmt: skip


def trained_on_feed(small, first, *, fused, dropout=0.2):
    gan = small.gan(norm=True, dropout=dropout)
    regularizers = [{"name": "r1", "weight": 1.0, "every": 2}]
    small.compiled(gan, seed=3, n_critic=2, ema_half_life=100.0, regularizers=regularizers,
                   steps_per_dispatch=fused)  # fmt: skip
    first = first or small.arrays(gan)
    small.restore(gan, first)
    # batches of 8: batch norm of two samples would make much of every rounding
    many = np.random.default_rng(4).normal(size=(112, 2)).astype("float32")
    feed = Feed(dataset(many), batch=8, n_critic=2, seed=3, stop_step=7,
                steps_per_dispatch=fused)  # fmt: skip
    gan.fit(backend.feed(feed), steps_per_epoch=len(feed), verbose=0, shuffle=False)
    return first, small.arrays(gan)


def test_fused_steps_give_the_weights_of_single_ones(small):
    first, single = trained_on_feed(small, None, fused=1)
    _, fused = trained_on_feed(small, first, fused=3)  # 3 + 3 + 1
    assert int(single["gan/steps"]) == int(fused["gan/steps"]) == 7
    small.assert_close(fused, single, rtol=1e-6)


def test_the_seed_decides_the_training(small, points):
    gan = small.compiled(small.gan())
    first, results = small.arrays(gan), []
    for seed in (1, 1, 2):
        small.restore(gan, first)
        gan.seed.assign(seed)
        for _ in range(2):
            gan.train_on_batch(points)
        results.append(small.arrays(gan))
    assert not small.differing(results[0], results[1])
    assert "generator/hidden/kernel" in small.differing(results[0], results[2])


def test_a_step_outside_of_fit_trains_the_same(small, points):
    gan = small.compiled(small.gan(norm=True), ema_half_life=0.5)
    before = small.arrays(gan)
    gan.step((keras.ops.convert_to_tensor(points),))
    alone = small.arrays(gan)
    small.restore(gan, before)
    gan.train_on_batch(points)
    small.assert_close(small.arrays(gan), alone)
