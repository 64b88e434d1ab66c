"""Frozen networks: part of a step, and of no state."""

import numpy as np
import pytest
from lazy_keras import Lazy, keras, layers, ops

import ganzoo
from ganzoo.errors import InvalidInput, PluginError, UsageError

pytestmark = pytest.mark.backend

provenance = Lazy("ganzoo.jobs.training.provenance")
plan = Lazy("ganzoo.jobs.training.plan")


def features(seed=3, *, layer=None):
    """Samples (batch, 2) -> (batch, 4), by fixed numbers."""
    samples = keras.Input((2,), name="samples")
    x = layers.Dense(4, activation="tanh", name="fixed", dtype="float32")(samples)
    model = keras.Model(samples, layer(x) if layer else x, name="features")
    numbers = np.random.default_rng(seed).normal(size=(2, 4)).astype("float32")
    model.get_layer("fixed").set_weights([numbers, np.zeros(4, "float32")])
    return model


def matching():
    """A GAN class with a loss in the features of a frozen network."""

    class Matching(ganzoo.GAN):
        train_features = False

        def generator_loss_terms(self, batch, fake, fake_outputs):
            network = self.frozen_networks["features"]
            one, other = (network(x, training=self.train_features) for x in (fake, batch.real))
            return {"matching": 100.0 * ops.mean(ops.square(ops.mean(one - other, axis=0)))}

    return keras.saving.register_keras_serializable("tests")(Matching)


def gan_with(small, network, *, cls=None, discriminator=None):
    networks = small.generator(), discriminator or small.discriminator()
    return (cls or matching())(*networks, frozen_networks={"features": network})


def with_features(network, units=5):
    """A discriminator that sees samples through a frozen network."""
    samples = keras.Input((2,), name="samples")
    x = layers.Dense(units, activation="silu", name="hidden")(network(samples))
    return keras.Model(
        samples, layers.Dense(1, name="logit", dtype="float32")(x), name="discriminator"
    )


def values(network):
    return [np.array(ops.convert_to_numpy(w.value)) for w in network.weights]


@pytest.mark.parametrize(
    "rules", [{}, {"n_critic": 2, "gradient_accumulation_steps": 2, "ema_half_life": 5.0}]
)
def test_a_loss_reaches_the_generator_through_a_network_that_stays(small, points, rules):
    plain = small.compiled(small.gan(), small.sgd(0.01), small.sgd(0.01), **rules)
    gan = gan_with(small, network := features())
    small.compiled(gan, small.sgd(0.01), small.sgd(0.01), **rules)
    small.restore(gan, small.arrays(plain))
    before = values(network)
    for one in (plain, gan):
        one.train_on_batch(points)
    differing = small.differing(small.arrays(plain), small.arrays(gan))
    assert {"generator/hidden/kernel", "generator/sample/kernel"} <= differing
    assert "discriminator/hidden/kernel" not in differing
    for one, other in zip(before, values(network), strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_is_in_no_state_but_among_the_variables(small, points):
    plain = small.compiled(small.gan())
    gan = small.compiled(gan_with(small, network := features()))
    assert list(gan.state()) == list(plain.state())
    assert {id(v) for v in network.variables} <= {id(v) for v in gan.non_trainable_variables}
    assert not network.trainable_variables
    summary = []
    gan.summary(print_fn=lambda text, **options: summary.append(text))
    assert "features" in "".join(summary)


def test_as_a_part_of_the_discriminator_it_is_neither_state_nor_trained(small, points):
    network = features()
    gan = gan_with(small, network, cls=ganzoo.GAN, discriminator=with_features(network))
    small.compiled(gan, regularizers=[{"name": "r1", "weight": 1.0}])
    names = [name for name in gan.state() if name.startswith("discriminator/")]
    assert names == [f"discriminator/{n}" for n in
                     ("hidden/bias", "hidden/kernel", "logit/bias", "logit/kernel")]  # fmt: skip
    assert plan.count_parameters(gan)["discriminator"] == 4 * 5 + 5 + 5 + 1
    before, others = values(network), small.arrays(gan)
    gan.fit(points, batch_size=4, epochs=1, verbose=0)
    for one, other in zip(before, values(network), strict=True):
        np.testing.assert_array_equal(one, other)
    assert set(names) <= small.differing(others, small.arrays(gan))


def test_its_layers_do_not_count_among_those_of_a_discriminator_that_is_frozen_below(small):
    network = features()
    gan = gan_with(small, network, cls=ganzoo.GAN, discriminator=with_features(network))
    small.compiled(gan, freeze_discriminator=1)
    learning = {v.path.split("/")[-2] for v in gan.discriminator.trainable_variables}
    assert learning == {"logit"}


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_keras_file_holds_it_and_a_gan_goes_on_from_there(small, points, tmp_path, depth):
    network = features()
    discriminator = with_features(network) if depth else None
    if depth == 2:
        body = keras.Model(
            discriminator.input, discriminator.get_layer("hidden").output, name="body"
        )
        samples = keras.Input((2,), name="samples")
        logit = layers.Dense(1, name="logit", dtype="float32")(body(samples))
        discriminator = keras.Model(samples, logit, name="discriminator")
    gan = small.compiled(gan_with(small, network, discriminator=discriminator))
    gan.fit(points, batch_size=6, epochs=1, verbose=0)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert list(again.state()) == list(gan.state())
    assert provenance.frozen_digests(again) == provenance.frozen_digests(gan)
    for model in (gan, again):
        model.reset_metrics()
        model.train_on_batch(points)
    assert not small.differing(small.arrays(gan), small.arrays(again))


def test_a_keras_file_without_a_way_to_it_is_refused(small, tmp_path):
    network = features()
    copy = keras.Model(network.input, network.layers[-1].output, name="copy")
    gan = small.compiled(gan_with(small, network, discriminator=with_features(copy)))
    with pytest.raises(UsageError, match="shares variables in another way, 'features'"):
        gan.save(tmp_path / "gan.keras")


def test_what_a_loss_would_change_in_it_is_refused(small, points):
    @keras.saving.register_keras_serializable("tests")
    class Follower(layers.Layer):
        def build(self, shape):
            self.mean = self.add_weight(shape=shape[1:], initializer="zeros", trainable=False)

        def call(self, x, training=False):
            if training:
                self.mean.assign(ops.mean(x, axis=0))
            return x - self.mean

    cls = matching()
    gan = small.compiled(gan_with(small, features(layer=Follower(name="follower")), cls=cls))
    gan.fit(points, batch_size=6, epochs=1, verbose=0)
    cls.train_features = True
    gan = small.compiled(gan_with(small, features(layer=Follower(name="follower")), cls=cls))
    with pytest.raises(PluginError, match="of a frozen network") as caught:
        gan.fit(points, batch_size=6, epochs=1, verbose=0)
    assert "training=False" in caught.value.hint


def test_a_part_of_the_generator_is_refused(small):
    generator = small.generator()
    part = keras.Model(generator.input, generator.get_layer("hidden").output)
    with pytest.raises(UsageError, match="apart from the generator.*'part'"):
        ganzoo.GAN(generator, small.discriminator(), frozen_networks={"part": part})


def test_mixed_precision_trains_through_it(small, points, policy):
    policy("mixed_bfloat16")
    gan = small.compiled(gan_with(small, features()), jit_compile=False)
    history = gan.fit(points, batch_size=6, epochs=1, verbose=0).history
    assert np.isfinite(history["matching"]).all()


def test_a_run_goes_on_with_the_weights_that_it_began_with_only(small):
    digests = provenance.frozen_digests(gan_with(small, features()))
    assert digests.keys() == {"features"} and len(digests["features"]) == 64
    manifest = {provenance.FROZEN: digests}
    provenance.check_frozen_networks(gan_with(small, features()), manifest)
    provenance.check_frozen_networks(small.gan(), {})
    with pytest.raises(InvalidInput, match="'features' is not what the run began with"):
        provenance.check_frozen_networks(gan_with(small, features(seed=4)), manifest)
    with pytest.raises(InvalidInput, match="no such network"):
        provenance.check_frozen_networks(small.gan(), manifest)
