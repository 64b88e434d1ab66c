"""What a paper's own GAN class must keep to, and what its author is told."""

import numpy as np
import pytest
from lazy_keras import ops

import ganzoo
from ganzoo.errors import PluginError

pytestmark = pytest.mark.backend


def compiled(small, cls, **rules):
    plain = small.gan()
    return small.compiled(cls(plain.generator, plain.discriminator), **rules)


def networks_of(small, gan) -> dict[str, np.ndarray]:
    return {n: v for n, v in small.arrays(gan).items() if n.startswith(("gen", "disc"))}


def test_state_of_a_papers_own_moves_after_the_step_and_is_logged(small, points):
    class Balanced(ganzoo.GAN):
        def __init__(self, *networks, **options):
            super().__init__(*networks, **options)
            self.k = self.add_weight(name="k", initializer="zeros", trainable=False)

        def discriminator_loss(self, batch, fake):
            loss, logs = super().discriminator_loss(batch, fake)
            logits = self.discriminator_outputs(batch.real)[0]
            return loss, logs | {"of_real": ops.mean(logits)}

        def after_step(self, logs):
            self.k.assign(self.k + logs["of_real"] + ops.cast(self.steps, "float32"))
            logs["k"] = ops.convert_to_tensor(self.k)

    gan = compiled(small, Balanced)
    plain = small.compiled(small.gan())
    for name, value in networks_of(small, plain).items():
        gan.state()[name].assign(value)
    expected = 0.0
    for step in (1, 2):
        gan.reset_metrics()
        logs = gan.train_on_batch(points, return_dict=True)
        expected += float(logs["of_real"]) + step
        assert float(logs["k"]) == pytest.approx(expected, rel=1e-5)
        plain.train_on_batch(points)
    assert small.arrays(gan)["gan/k"] == pytest.approx(expected, rel=1e-5)
    # a measure is no part of the loss
    small.assert_close(networks_of(small, gan), networks_of(small, plain), rtol=1e-6, atol=0)


def test_what_an_loss_assigns_to_the_gan_is_refused_not_lost(small, points):
    class Losing(ganzoo.GAN):
        def __init__(self, *networks, **options):
            super().__init__(*networks, **options)
            self.k = self.add_weight(name="k", initializer="zeros", trainable=False)

        def generator_loss(self, batch):
            self.k.assign(self.k + 0.125)
            return super().generator_loss(batch)

    gan = compiled(small, Losing)
    with pytest.raises(PluginError, match=r"Losing assigns '.*k'.*(?s:.*)after_step"):
        gan.train_on_batch(points)


def test_an_loss_must_say_what_to_log(small, points):
    class Silent(ganzoo.GAN):
        def discriminator_loss(self, batch, fake):
            return super().discriminator_loss(batch, fake)[0]

    gan = compiled(small, Silent)
    with pytest.raises(PluginError, match="Silent.discriminator_loss must return a loss and"):
        gan.train_on_batch(points)


def test_a_hook_with_other_arguments_is_refused_when_it_is_written(small):
    with pytest.raises(
        PluginError, match=r"is called with \(self, batch, fake, real_outputs, fake_outputs\)"
    ):

        class Short(ganzoo.GAN):
            def discriminator_loss_terms(self, batch, fake, fake_outputs):
                return {}


@pytest.mark.parametrize(
    "terms",
    [
        lambda self, *given: {},
        lambda self, batch, fake, fake_outputs, scale=1.0: {},
        lambda self, batch, image, said: {},
    ],
)
def test_names_and_defaults_of_a_hooks_arguments_are_free(small, terms):
    type("Free", (ganzoo.GAN,), {"generator_loss_terms": terms})


def test_an_overridden_loss_may_not_leave_out_the_regularizers(small, points):
    class Own(ganzoo.GAN):
        def discriminator_loss(self, batch, fake):
            logits = self.discriminator_outputs(fake)[0]
            return ops.mean(logits), {}

    compiled(small, Own).train_on_batch(points)
    gan = compiled(small, Own, regularizers=[{"name": "r1", "weight": 1.0}])
    with pytest.raises(PluginError, match="Own.discriminator_loss leaves out the regularizers"):
        gan.train_on_batch(points)


def test_outputs_that_take_no_random_numbers_are_refused_when_they_are_written(small):
    with pytest.raises(PluginError, match="discriminator_outputs is called with"):

        class Old(ganzoo.GAN):
            def discriminator_outputs(self, samples, labels=None):
                return super().discriminator_outputs(samples, labels)
