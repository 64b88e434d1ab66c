"""Regularizers with state: ADA's probability, LeCam's averages."""

import numpy as np
import pytest
from lazy_keras import ops

import ganzoo
from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend

LECAM = {"name": "lecam", "weight": 1.0}
BLIT = {"name": "ada", "target": 0.0, "probability": 1.0, "policy": ["blit"]}
ADA = {"name": "ada", "target": 0.6, "interval": 2, "ramp_images": 40, "policy": ["blit"]}


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(-1, 1, (4, 4, 4, 1)).astype("float32")


def compiled_gan(small, **config):
    networks = {"size": 16, "shape": (4, 4, 1)}
    return small.compiled(small.gan(**networks), small.sgd(), small.sgd(), **config)


def test_the_probability_moves_as_the_signs_of_the_real_logits_say(small, images):
    gan = compiled_gan(small, regularizers=[ADA], n_critic=1)
    gan.discriminator.get_layer("logit").bias.assign([100.0])  # sure of everything
    steps = []
    for _ in range(4):
        gan.reset_metrics()  # before Keras 3.15 `train_on_batch` returns means of all calls
        steps.append(gan.train_on_batch(images, return_dict=True))
    logged, logged_p = ([s[name] for s in steps] for name in ("d_real_sign", "ada_p"))
    # twice in four turns the eight images of two turns move it by 8 / 40
    assert logged == [1.0] * 4
    assert logged_p == pytest.approx([0.0, 0.2, 0.2, 0.4], abs=1e-6)
    assert float(gan.state()["gan/ada_p"].value) == pytest.approx(0.4, abs=1e-6)
    gan.discriminator.get_layer("logit").bias.assign([-100.0])
    for _ in range(6):
        gan.train_on_batch(images)
    assert float(gan.state()["gan/ada_p"].value) == 0.0  # 0.4 - 3 * 0.2, and no less


@pytest.mark.parametrize(
    ("loss", "logit", "sign"),
    [
        ("least_squares", 0.5, 0.0),  # half way between the labels: it cannot tell
        ("least_squares", 0.6, 1.0),
        ("relativistic", 100.0, 0.0),  # sure of both kinds of images: of which more, is asked
    ],
)
def test_undecided_is_what_the_loss_takes_for_it(small, images, loss, logit, sign):
    gan = compiled_gan(small, regularizers=[ADA], n_critic=1, loss=loss)
    last = gan.discriminator.get_layer("logit")
    last.kernel.assign(np.zeros(last.kernel.shape, "float32"))
    last.bias.assign([logit])
    logs = gan.train_on_batch(images, return_dict=True)
    assert float(logs["d_real_sign"]) == sign


def test_out_of_a_turn_the_discriminator_sees_images_as_they_are(small, images):
    gan = compiled_gan(small, regularizers=[BLIT])

    def logits():
        return gan.discriminator_outputs(ops.convert_to_tensor(images))[0]

    before = small.numbers(logits())
    assert np.array_equal(before, small.numbers(logits()))
    gan.train_on_batch(images)
    one, other = (small.numbers(logits()) for _ in "ab")
    assert np.array_equal(one, other)


def test_both_networks_see_augmented_images(small, images):
    """Under an augmentation that blackens all, the critic cannot tell and nobody learns."""

    class Black(ganzoo.regularizers.Regularizer):
        def augment(self, images, rng):
            return 0.0 * images

    def moved(*regularizers):
        rate = {"generator": small.sgd(0.1), "discriminator": small.sgd(0.1)}
        gan = small.gan(size=16, shape=(4, 4, 1))
        gan = small.compiled(gan, **rate, regularizers=[*regularizers], loss="wasserstein")
        before = small.arrays(gan)
        gan.train_on_batch(images)
        names = small.differing(before, small.arrays(gan))
        return {name for name in names if name.startswith(("generator/", "discriminator/"))}

    assert moved() > {"generator/hidden/kernel", "discriminator/hidden/kernel"}
    assert not moved(Black())


def test_lecam_keeps_the_averages_of_the_logits_and_starts_when_told(small, images):
    gan = compiled_gan(small, regularizers=[{"name": "lecam", "weight": 2.0, "start": 2}])
    state, seen, averages = gan.state(), [], []
    for _ in range(3):
        averages.append([float(state[f"gan/lecam_{side}"].value) for side in ("real", "fake")])
        seen.append(gan.train_on_batch(images, return_dict=True))
    real, fake = seen[0]["d_real_logit"], seen[0]["d_fake_logit"]
    assert averages[0] == [0.0, 0.0]
    assert averages[1] == pytest.approx([0.01 * real, 0.01 * fake], rel=1e-5)
    assert [logs["lecam"] > 0 for logs in seen] == [False, False, True]


def test_compiled_again_a_gan_keeps_regularizers_with_state_and_takes_other_penalties(
    small, images
):
    r1 = {"name": "r1", "weight": 1.0}
    gan = compiled_gan(small, regularizers=[ADA, LECAM, r1])
    names = [name for name in gan.state() if name.startswith("gan/")]
    ada, lecam, _ = gan.regularizers
    small.compiled(gan, small.sgd(), small.sgd(), regularizers=[{**r1, "weight": 2.0}, ADA, LECAM])
    assert [name for name in gan.state() if name.startswith("gan/")] == names
    assert gan.regularizers[1:] == (ada, lecam) and gan.regularizers[0].weight == 2.0
    with pytest.raises(UsageError, match="keeps the regularizers with state"):
        small.compiled(gan, small.sgd(), small.sgd(), regularizers=[{**LECAM, "weight": 3.0}])


def test_a_compile_that_is_refused_leaves_nothing_behind(small, images):
    gan = small.gan(size=16, shape=(4, 4, 1))
    with pytest.raises(Exception, match="adamm"):
        gan.compile("adamm", "adam", regularizers=[LECAM])
    small.compiled(gan, regularizers=[LECAM]).train_on_batch(images)
    assert "gan/lecam_real" in gan.state()


def test_two_regularizers_of_one_name_are_refused(small):
    twice = [ganzoo.regularizers.get("r1", weight=weight) for weight in (1.0, 2.0)]
    with pytest.raises(UsageError, match="one of each name"):
        compiled_gan(small, regularizers=twice)


@pytest.mark.parametrize("place", ["augment", "terms", "paper"])
def test_a_loss_that_raises_leaves_nothing_behind(small, images, place):
    """Logits outside of training are the same before and after."""

    class Failing(ganzoo.regularizers.Regularizer):
        def augment(self, images, rng):
            if place == "augment":
                raise RuntimeError("fails")
            return -images

        def terms(self, update):
            if place == "terms":
                raise RuntimeError("fails")
            return {}

    class Paper(ganzoo.GAN):
        def discriminator_loss_terms(self, batch, fake, real_outputs, fake_outputs):
            if place == "paper":
                raise RuntimeError("fails")
            return {}

    gan = small.gan(cls=Paper, size=16, shape=(4, 4, 1))
    small.compiled(gan, regularizers=[BLIT, Failing()])

    def logits():
        return small.numbers(gan.discriminator_outputs(ops.convert_to_tensor(images))[0])

    before, state = logits(), small.arrays(gan)
    with pytest.raises(RuntimeError, match="fails"):
        gan.fit(images, batch_size=4, verbose=0)

    assert not small.differing(state, small.arrays(gan))
    np.testing.assert_array_equal(logits(), before)


def random_numbers_of(small, images, monkeypatch, **config) -> set:
    """Kind, stream and shape of all random numbers of a step; with its seed they decide them."""
    seen = set()

    def recorded(kind):
        function = getattr(ganzoo.random, kind)

        def record(seed, step, stream, shape):
            seen.update(
                (kind, int(one), tuple(shape)) for one in np.atleast_1d(small.numbers(stream))
            )
            return function(seed, step, stream, shape)

        return record

    with monkeypatch.context() as patch:
        for kind in ("uniform", "normal"):
            patch.setattr(ganzoo.random, kind, recorded(kind))
        networks = small.gan(size=16, shape=(4, 4, 1))
        gan = ganzoo.GAN(networks.generator, networks.discriminator, prior=ganzoo.random.normal)
        gan.compile(small.sgd(), small.sgd(), run_eagerly=True, **config)
        gan.step((images,))
    return seen


@pytest.mark.parametrize(
    "switched",
    [
        {"label_flip_prob": 0.2},
        {"regularizers": [{"name": "dragan", "weight": 1.0}]},
        {"regularizers": [{"name": "gradient_penalty", "weight": 1.0, "every": 2}]},
        {"regularizers": [{"name": "ada", "probability": 0.5}]},
        {"regularizers": [{"name": "diffaugment"}]},
        {"n_critic": 2},
    ],
    ids=str,
)
def test_switching_one_thing_on_leaves_all_other_random_numbers_as_they_were(
    small, images, monkeypatch, switched
):
    without = random_numbers_of(small, images, monkeypatch)
    images = np.concatenate([images] * switched.get("n_critic", 1))
    with_it = random_numbers_of(small, images, monkeypatch, **switched)
    assert len(without) == 2  # latents for either network
    assert without < with_it
