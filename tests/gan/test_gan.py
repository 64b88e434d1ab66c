"""Steps: their order, their data, and the hooks of papers."""

import numpy as np
import pytest
from lazy_keras import Lazy, keras, layers, ops

import ganzoo
from ganzoo.errors import PluginError, UsageError

pytestmark = pytest.mark.backend

batches = Lazy("ganzoo.gan.batches")


def batches_of(gan, *data):
    return batches.training_batches(gan, data)


def linear(small, **rules):
    """D(x) = x v and G(z) = z w with Wasserstein's loss: every update is known by hand."""
    return small.compiled(small.gan(units=0), small.sgd(0.1), small.sgd(0.1),
                          loss="wasserstein", seed=5, **rules)  # fmt: skip


@pytest.mark.parametrize("share", [False, True])
def test_a_step_is_n_critic_updates_with_images_and_latents_of_their_own(small, points, share):
    gan = linear(small, n_critic=3, share_fake_latents=share)
    before = small.arrays(gan)
    own = 3 if share else 4
    names = ["discriminator_0", "discriminator_1", "discriminator_2", "generator"][:own]
    streams = [ganzoo.random.stream(name, "latents") for name in names]
    z = np.stack([small.numbers(ganzoo.random.normal(5, 0, s, (4, 3))) for s in streams])
    w, v = before["generator/sample/kernel"], before["discriminator/logit/kernel"]
    gan.train_on_batch(points)
    v = v + 0.1 * 3 * (points.mean(0) - (z[:3] @ w).mean((0, 1)))[:, None]
    w = w + 0.1 * z[-1].mean(0)[:, None] * v.T  # it meets the discriminator of three updates later
    after = small.arrays(gan)
    np.testing.assert_allclose(after["discriminator/logit/kernel"], v, atol=1e-5)
    np.testing.assert_allclose(after["generator/sample/kernel"], w, atol=1e-5)


def test_a_generator_may_learn_from_twice_the_batch(small, points):
    gan = linear(small, n_critic=3, generator_batch=2)
    before = small.arrays(gan)
    streams = [ganzoo.random.stream(name, "latents") for name in ("generator", "generator_1")]
    z = np.concatenate([small.numbers(ganzoo.random.normal(5, 0, s, (4, 3))) for s in streams])
    gan.train_on_batch(points)
    after = small.arrays(gan)
    w = before["generator/sample/kernel"]
    w = w + 0.1 * z.mean(0)[:, None] * after["discriminator/logit/kernel"].T
    np.testing.assert_allclose(after["generator/sample/kernel"], w, atol=1e-5)


@pytest.mark.parametrize("loss", ["hinge", "relativistic"])
def test_classes_of_a_larger_batch_are_drawn_unless_real_samples_stand_beside_them(small, loss):
    gan = small.gan(classes=3)
    gan.num_classes = 3
    small.compiled(gan, generator_batch=100, loss=loss)
    data = np.zeros((12, 2), "float32"), np.ones(12, "int32")
    *_, batch = batches_of(gan, *map(ops.convert_to_tensor, data))
    labels = small.numbers(batch.labels)
    assert labels.shape == (1200,) == small.numbers(batch.real)[:, 0].shape
    assert labels.dtype == "int32" and batch.latents.shape == (1200, 3)
    counts = np.bincount(labels, minlength=3)
    assert (counts > 300).all() if loss == "hinge" else counts.tolist() == [0, 1200, 0]
    gan.train_on_batch(*data)


def test_every_image_of_a_step_is_shown_once(small, points):
    gan = linear(small, n_critic=3)
    reals = [batch.real for batch in batches_of(gan, ops.convert_to_tensor(points))[:-1]]
    shown = np.concatenate([small.numbers(real) for real in reals])
    assert [real.shape[0] for real in reals] == [4, 4, 4]
    assert sorted(map(tuple, shown)) == sorted(map(tuple, points))


def test_labels_stay_with_their_images(small):
    gan = small.compiled(small.gan(classes=12), n_critic=3)
    images = np.repeat(np.arange(12, dtype="float32")[:, None], 2, axis=1)
    data = ops.convert_to_tensor(images), ops.convert_to_tensor(np.arange(12, dtype="int32"))
    for batch in batches_of(gan, *data):
        np.testing.assert_array_equal(small.numbers(batch.real)[:, 0], small.numbers(batch.labels))


def test_steps_and_images_are_counted(small, points):
    gan = linear(small, n_critic=2)
    for size in (12, 12, 7):  # of seven images, two updates use three each
        gan.train_on_batch(points[:size])
    assert int(gan.steps.value) == 3
    assert int(gan.images.value) == 30


def test_fewer_images_than_updates_go_round_once_more(small, points):
    gan = linear(small, n_critic=3)
    reals = [batch.real for batch in batches_of(gan, ops.convert_to_tensor(points[:2]))[:-1]]
    np.testing.assert_array_equal(small.numbers(ops.concatenate(reals)), points[[0, 1, 0]])
    gan.fit(points[:8], batch_size=6, epochs=1, verbose=0, shuffle=False)  # six, then two
    assert (int(gan.steps.value), int(gan.images.value)) == (2, 9)


def test_a_conditional_gan_does_not_train_without_labels(small, points):
    gan = small.compiled(small.gan(classes=3))
    with pytest.raises(UsageError, match="needs images and labels"):
        gan.step((points,))


def test_a_penalty_does_not_move_the_discriminators_state(small, points):
    def looking(update, discriminate, rng):
        return 0.0 * discriminate(update.real)

    for every in (1, 3):
        penalty = ganzoo.regularizers.Penalty(looking, weight=1.0, every=every)
        looked = small.compiled(small.gan(norm=True), seed=1, regularizers=[penalty])
        alone = small.compiled(small.gan(norm=True), seed=1)
        for name, value in small.arrays(alone).items():
            if not name.startswith("metrics/"):
                looked.state()[name].assign(value)
        for gan in (looked, alone):
            gan.train_on_batch(points)
        one, two = (small.arrays(g)["discriminator/norm/moving_mean"] for g in (looked, alone))
        np.testing.assert_allclose(one, two, atol=1e-6)


def test_a_lazy_penalty_comes_every_so_many_steps_and_counts_as_often(small, points):
    frozen = small.sgd(0.0), small.sgd(0.0)
    regularizers = [{"name": "r1", "weight": 2.0, "every": 3}, {"name": "r2", "weight": 1.0}]
    gan = small.compiled(small.gan(units=0), *frozen, loss="wasserstein", regularizers=regularizers)
    exact = 0.5 * (small.arrays(gan)["discriminator/logit/kernel"] ** 2).sum()
    logs = []
    for _ in range(6):
        gan.reset_metrics()  # before Keras 3.15 `train_on_batch` returns means of all calls
        logs.append(gan.train_on_batch(points, return_dict=True))
    np.testing.assert_allclose(
        [entry["r1"] for entry in logs], np.array([3, 0, 0, 3, 0, 0]) * exact, rtol=1e-5
    )
    np.testing.assert_allclose([entry["r2"] for entry in logs], exact, rtol=1e-5)
    assert np.mean([entry["r1"] for entry in logs]) == pytest.approx(exact, rel=1e-5)


def test_penalties_are_weighed_into_the_discriminators_loss(small, points):
    frozen = small.sgd(0.0), small.sgd(0.0)
    plain = small.compiled(small.gan(units=0), *frozen, loss="wasserstein")
    alone = plain.train_on_batch(points, return_dict=True)
    penalized = small.compiled(
        ganzoo.GAN(plain.generator, plain.discriminator), small.sgd(0.0), small.sgd(0.0),
        loss="wasserstein", regularizers=[{"name": "r1", "weight": 4.0}],
    )  # fmt: skip
    both = penalized.train_on_batch(points, return_dict=True)
    assert both["d_loss"] == pytest.approx(alone["d_loss"] + 4 * both["r1"], rel=1e-5)
    assert both["g_loss"] == pytest.approx(alone["g_loss"], rel=1e-5)


def test_labels_reach_both_networks(small, points):
    gan = small.compiled(small.gan(classes=3))
    latents = ganzoo.random.normal(1, 0, 1, (12, 3))
    zeros, ones = (ops.full((12,), k, dtype="int32") for k in (0, 1))

    def logits(samples, labels):
        return gan.discriminator_outputs(samples, labels)[0]

    for network, x in ((gan.generate, latents), (logits, ops.convert_to_tensor(points))):
        one, zero = (small.numbers(network(x, labels)) for labels in (ones, zeros))
        assert np.abs(one - zero).min() > 0
    before = small.arrays(gan)
    gan.train_on_batch(points, np.ones(12, "int32"))
    after = small.arrays(gan)
    for network in ("generator", "discriminator"):
        moved = np.abs(after[f"{network}/class/embeddings"] - before[f"{network}/class/embeddings"])
        assert moved[1].min() > 0
        assert moved[[0, 2]].max() == 0  # classes that were not shown


def test_a_conditional_gan_samples_what_it_is_asked_for(small):
    gan = small.compiled(small.gan(classes=3))
    one = gan.sample(4, seed=2, labels=np.array([1, 1, 2, 0]))
    two = gan.sample(2, seed=2, labels=np.array([1, 1]))
    np.testing.assert_allclose(one[:2], two, rtol=1e-6, atol=1e-6)
    assert not np.allclose(one[2:], gan.sample(4, seed=2, labels=np.ones(4, "int32"))[2:])
    with pytest.raises(UsageError, match="conditional"):
        gan.sample(4)


def test_labels_of_a_gan_that_has_no_use_for_them_change_nothing(small, points):
    gan = small.compiled(small.gan())
    before = small.arrays(gan)
    gan.train_on_batch(points, np.arange(12, dtype="int32"))
    with_labels = small.arrays(gan)
    small.restore(gan, before)
    gan.train_on_batch(points)
    assert not small.differing(with_labels, small.arrays(gan))


def test_pixels_and_floats_are_the_same_images(small):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 2, 2, 1), dtype=np.uint8)
    gan = small.compiled(small.gan(size=4, shape=(2, 2, 1)), "sgd", "sgd")
    before, results = small.arrays(gan), []
    for images in (pixels, pixels.astype("float32") / 127.5 - 1.0):
        small.restore(gan, before)
        gan.train_on_batch(images)
        results.append(small.arrays(gan))
    small.assert_close(*results, rtol=1e-7)


def test_pixels_come_back_as_they_went_in(small):
    for value_range in ((-1, 1), (0, 1)):
        gan = ganzoo.GAN(small.generator(), small.discriminator(), value_range=value_range)
        pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
        scaled = gan.sampler.scale(ops.convert_to_tensor(pixels))
        assert (float(ops.min(scaled)), float(ops.max(scaled))) == value_range
        gan.sampler.generate = lambda *latents, scaled=scaled, **options: scaled
        images = gan.sampler.generate_images(np.zeros((1, 3), "float32"))
        np.testing.assert_array_equal(images, pixels)


def test_sampling_changes_nothing_and_does_not_depend_on_how_many(small):
    gan = small.compiled(small.gan(norm=True, dropout=0.3))
    before = small.arrays(gan)
    many = gan.sample(300, seed=4)
    np.testing.assert_allclose(many[:3], gan.sample(3, seed=4), atol=1e-6)
    assert not small.differing(before, small.arrays(gan))


def test_a_paper_overrides_a_loss_and_logs_more(small, points):
    class Doubled(ganzoo.GAN):
        def generator_loss(self, batch):
            loss, logs = super().generator_loss(batch)
            fake = self.generate(batch.latents, batch.labels)
            return 2 * loss, {**logs, "g_spread": ops.std(fake)}

    gan = small.compiled(small.gan(cls=Doubled), small.sgd(), small.sgd())
    logs = gan.train_on_batch(points, return_dict=True)
    alone = ganzoo.GAN(gan.generator, gan.discriminator)
    plain = small.compiled(alone, small.sgd(), small.sgd()).train_on_batch(points, return_dict=True)
    assert logs["g_loss"] == pytest.approx(2 * plain["g_loss"], rel=1e-5)
    assert logs["g_spread"] > 0


def test_a_paper_adds_terms_that_see_all_outputs_of_the_discriminator(small, points):
    class TwoOutputs(ganzoo.GAN):
        def discriminator_loss_terms(self, batch, fake, real_outputs, fake_outputs):
            assert [len(real_outputs), len(fake_outputs)] == [2, 2]
            assert real_outputs[0].shape == (12,)
            return {"d_told": 3.0 * ops.mean(real_outputs[1] - fake_outputs[1])}

        def generator_loss_terms(self, batch, fake, fake_outputs):
            return {"g_told": ops.mean(fake_outputs[1]) + 0.0 * ops.mean(batch.latents)}

    def gan():
        x = keras.Input((2,), name="images")
        told = [layers.Dense(units, name=name)(x) for units, name in ((1, "logit"), (4, "told"))]
        return TwoOutputs(small.generator(), keras.Model(x, told, name="discriminator"))

    for joint in (False, True):
        trained = small.compiled(gan(), "sgd", "sgd", concat_real_fake=joint, loss="wasserstein")
        before = small.arrays(trained)
        logs = trained.train_on_batch(points, return_dict=True)
        after = small.arrays(trained)
        # the term is linear in the kernel of "told": its gradient is that of Wasserstein's, times
        # -3 / 4 (a mean over four outputs, with the other sign)
        moved = {
            n: after[f"discriminator/{n}/kernel"] - before[f"discriminator/{n}/kernel"]
            for n in ("logit", "told")
        }
        np.testing.assert_allclose(moved["told"], -0.75 * moved["logit"].repeat(4, 1), atol=1e-6)
        assert logs["d_told"] != 0 and logs["g_told"] != 0


def test_a_paper_that_logs_other_names_at_some_step_is_refused(small, points):
    class Moody(ganzoo.GAN):
        surprise = "one"

        def generator_loss(self, batch):
            loss, _ = super().generator_loss(batch)
            return loss, {self.surprise: loss}

    gan = small.compiled(small.gan(cls=Moody), run_eagerly=True)
    gan.step((points,))
    gan.surprise = "other"
    with pytest.raises(PluginError, match="Expected: .*one.*Received: .*other"):
        gan.step((points,))


def test_networks_that_share_a_layer_are_refused(small):
    generator = small.generator(latent=2)
    with pytest.raises(UsageError, match=r"share variables. Received: \['hidden/kernel"):
        ganzoo.GAN(generator, generator)
