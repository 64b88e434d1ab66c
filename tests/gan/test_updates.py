"""Updates of one network: what each changes and sees."""

import numpy as np
import pytest
from lazy_keras import Lazy, ops

import ganzoo

pytestmark = pytest.mark.backend

batches = Lazy("ganzoo.gan.batches")


def batch_of(real, latents, labels=None):
    return batches.Batch(real, latents, labels, ganzoo.random.Rng(7, 0))


def eager(small, gan, points):
    """Real points and latents of an update."""
    real = ops.convert_to_tensor(points[:4])
    return real, ganzoo.random.normal(1, 0, 1, (4, *gan.sampler.latent_shape))


def batch_norm_of(small, gan, latents):
    """The kernel before the discriminator's batch norm, fake samples, and its moving mean."""
    state = small.arrays(gan)
    names = ("discriminator/hidden/kernel", "discriminator/norm/moving_mean")
    kernel, mean = (state[name] for name in names)
    return kernel, small.numbers(gan.generate(latents)), mean


def owned(names, network):
    return {n for n in names if n.startswith((f"{network}/", f"{network}_optimizer/"))}


def test_an_update_of_the_discriminator_changes_the_discriminator_and_nothing_else(small, points):
    gan = small.compiled(small.gan(norm=True, dropout=0.3))
    real, latents = eager(small, gan, points)
    before = small.arrays(gan)
    gan.discriminator_update(batch_of(real, latents))
    changed = small.differing(before, small.arrays(gan))
    assert changed == owned(changed, "discriminator")
    assert {
        "discriminator/hidden/kernel", "discriminator/norm/moving_mean", "discriminator/seeds/0",
        "discriminator_optimizer/iteration", "discriminator_optimizer/logit/bias/velocity",
    } <= changed  # fmt: skip


@pytest.mark.parametrize("loss", ["non_saturating", "relativistic"])
def test_an_update_of_the_generator_changes_the_generator_and_nothing_else(small, points, loss):
    gan = small.compiled(small.gan(norm=True, dropout=0.3), loss=loss)
    real, latents = eager(small, gan, points)
    before = small.arrays(gan)
    gan.generator_update(batch_of(real, latents))
    changed = small.differing(before, small.arrays(gan))
    assert changed == owned(changed, "generator")
    assert {
        "generator/hidden/kernel", "generator/norm/moving_mean", "generator/seeds/0",
        "generator_optimizer/iteration", "generator_optimizer/sample/kernel/velocity",
    } <= changed  # fmt: skip


def test_batch_statistics_see_real_and_fake_images_one_after_the_other(small, points):
    gan = small.compiled(small.gan(norm=True))
    real, latents = eager(small, gan, points)
    kernel, fake, first = batch_norm_of(small, gan, latents)
    gan.discriminator_update(batch_of(real, latents))
    after_real = 0.5 * first + 0.5 * (points[:4] @ kernel).mean(0)
    after_both = 0.5 * after_real + 0.5 * (fake @ kernel).mean(0)
    np.testing.assert_allclose(batch_norm_of(small, gan, latents)[-1], after_both, atol=1e-5)


def test_the_discriminator_is_shown_the_fake_samples_of_a_paper(small, points):
    class Sevens(ganzoo.GAN):
        def fake_samples(self, batch):
            return 0 * super().fake_samples(batch) + 7

        def discriminator_loss_terms(self, batch, fake, real_outputs, fake_outputs):
            return {"shown": fake[0, 0]}

    plain = small.gan()
    gan = small.compiled(Sevens(plain.generator, plain.discriminator))
    real, latents = eager(small, gan, points)
    assert gan.discriminator_update(batch_of(real, latents))["shown"] == 7


def test_concatenated_samples_share_their_batch_statistics(small, points):
    gan = small.compiled(small.gan(norm=True), concat_real_fake=True)
    real, latents = eager(small, gan, points)
    kernel, fake, first = batch_norm_of(small, gan, latents)
    gan.discriminator_update(batch_of(real, latents))
    both = 0.5 * first + 0.5 * (np.concatenate([points[:4], fake]) @ kernel).mean(0)
    np.testing.assert_allclose(batch_norm_of(small, gan, latents)[-1], both, atol=1e-5)


@pytest.mark.parametrize("classes", [0, 3])
def test_without_batch_statistics_one_batch_changes_nothing(small, points, classes):
    labels = np.arange(12, dtype="int32") % 3
    data = (points, labels) if classes else (points,)
    apart = small.compiled(small.gan(classes=classes), seed=3)
    joint = small.compiled(small.gan(classes=classes), seed=3, concat_real_fake=True)
    small.restore(joint, small.arrays(apart))
    apart.train_on_batch(*data)
    joint.train_on_batch(*data)
    small.assert_close(small.arrays(joint), small.arrays(apart))


def test_flipped_labels_exchange_real_and_fake_for_the_loss_but_not_for_the_accuracy(small):
    gan = small.compiled(small.gan(units=0), loss="wasserstein", label_flip_prob=0.25)
    gan.discriminator.get_layer("logit").kernel.assign(np.ones((2, 1), "float32"))
    n = 4000
    real, fake = (ops.convert_to_tensor(np.full((n, 2), x, "float32")) for x in (1.0, -1.0))
    loss, logs = gan.discriminator_loss(batch_of(real, None), fake)
    numbers = small.numbers(ganzoo.random.Rng(7, 0).uniform("label_flip", (n,)))
    share = (numbers < 0.25).mean()
    assert share == pytest.approx(0.25, abs=0.03)
    assert small.numbers(loss) == pytest.approx(-4 * (1 - share) + 4 * share, rel=1e-5)
    assert small.numbers(logs["d_real_accuracy"]) == small.numbers(logs["d_fake_accuracy"]) == 1


def test_weights_of_the_discriminator_are_clipped_after_its_update(small, points):
    gan = small.compiled(small.gan(), "sgd", "sgd", weight_clip=0.01, loss="wasserstein")
    gan.train_on_batch(points)
    state = small.arrays(gan)
    discriminator = [a for n, a in state.items() if n.startswith("discriminator/")]
    assert max(np.abs(a).max() for a in discriminator) == pytest.approx(0.01)
    assert np.abs(state["generator/hidden/kernel"]).max() > 0.01
