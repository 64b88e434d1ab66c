"""What follows the discriminator from turn to turn: ADA's probability, LeCam's averages."""

import numpy as np
import pytest

from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend

ADA = {"name": "ada", "target": 0.6, "interval": 2, "ramp_images": 40, "policy": ["blit"]}


@pytest.fixture
def pictures():
    return np.random.default_rng(0).uniform(-1, 1, (4, 4, 4, 1)).astype("float32")


def picture_game(small, **rules):
    networks = {"size": 16, "shape": (4, 4, 1)}
    return small.compiled(small.gan(**networks), small.sgd(), small.sgd(), **rules)


def test_the_probability_moves_as_the_signs_of_the_real_logits_say(small, pictures):
    gan = picture_game(small, augmentation=ADA, n_critic=1)
    gan.discriminator.get_layer("logit").bias.assign([100.0])  # sure of everything

    steps = [gan.train_on_batch(pictures, return_dict=True) for _ in range(4)]
    logged, logged_p = ([s[name] for s in steps] for name in ("d_real_sign", "augmentation_p"))

    # twice in four turns the eight images of two turns move it by 8 / 40
    assert logged == [1.0] * 4
    assert logged_p == pytest.approx([0.0, 0.2, 0.2, 0.4], abs=1e-6)
    assert float(gan.state()["gan/augmentation_p"].value) == pytest.approx(0.4, abs=1e-6)
    gan.discriminator.get_layer("logit").bias.assign([-100.0])
    for _ in range(6):
        gan.train_on_batch(pictures)
    assert float(gan.state()["gan/augmentation_p"].value) == 0.0  # 0.4 - 3 * 0.2, and no less


@pytest.mark.parametrize(
    ("loss", "logit", "sign"),
    [
        ("least_squares", 0.5, 0.0),  # half way between the labels: it cannot tell
        ("least_squares", 0.6, 1.0),
        ("relativistic", 100.0, 0.0),  # sure of both kinds of images: of which more, is asked
    ],
)
def test_undecided_is_what_the_loss_takes_for_it(small, pictures, loss, logit, sign):
    gan = picture_game(small, augmentation=ADA, n_critic=1, loss=loss)
    last = gan.discriminator.get_layer("logit")
    last.kernel.assign(np.zeros(last.kernel.shape, "float32"))
    last.bias.assign([logit])

    logs = gan.train_on_batch(pictures, return_dict=True)

    assert float(logs["d_real_sign"]) == sign


def test_out_of_a_turn_the_discriminator_sees_images_as_they_are(small, pictures):
    from keras import ops

    gan = picture_game(
        small, augmentation={"name": "ada", "target": 0.0, "probability": 1.0, "policy": ["blit"]}
    )
    before = small.numbers(gan.discriminate(ops.convert_to_tensor(pictures)))
    assert np.array_equal(before, small.numbers(gan.discriminate(ops.convert_to_tensor(pictures))))
    gan.train_on_batch(pictures)
    one, other = (small.numbers(gan.discriminate(ops.convert_to_tensor(pictures))) for _ in "ab")
    assert np.array_equal(one, other)


def test_both_players_see_augmented_images(small, pictures):
    """Under an augmentation that blackens all, the critic cannot tell and nobody learns."""
    from ganzoo.gan.augmentations import Augmentation

    class Black(Augmentation):
        def __call__(self, images, draw):
            return 0.0 * images

    def moved(augmentation):
        rate = {"generator": small.sgd(0.1), "discriminator": small.sgd(0.1)}
        gan = small.gan(size=16, shape=(4, 4, 1))
        gan = small.compiled(gan, **rate, augmentation=augmentation, loss="wasserstein")
        before = small.arrays(gan)
        gan.train_on_batch(pictures)
        names = small.differing(before, small.arrays(gan))
        return {name for name in names if name.startswith(("generator/", "discriminator/"))}

    assert moved(None) > {"generator/hidden/kernel", "discriminator/hidden/kernel"}
    assert not moved(Black())


def test_lecam_keeps_the_averages_of_the_logits_and_starts_when_told(small, pictures):
    gan = picture_game(small, lecam_weight=2.0, lecam_start=2)
    state, seen, averages = gan.state(), [], []
    for _ in range(3):
        averages.append([float(state[f"gan/lecam_{side}"].value) for side in ("real", "fake")])
        seen.append(gan.train_on_batch(pictures, return_dict=True))

    real, fake = seen[0]["d_real_logit"], seen[0]["d_fake_logit"]
    assert averages[0] == [0.0, 0.0]
    assert averages[1] == pytest.approx([0.01 * real, 0.01 * fake], rel=1e-5)
    assert [logs["lecam"] > 0 for logs in seen] == [False, False, True]


def test_compiled_again_a_gan_keeps_its_augmentation_and_takes_no_other(small, pictures):
    gan = picture_game(small, augmentation=ADA, lecam_weight=1.0)
    names = list(gan.state())
    small.compiled(gan, small.sgd(), small.sgd(), augmentation=ADA, lecam_weight=0.5)
    assert [n for n in gan.state() if n.startswith("gan/")] == [
        n for n in names if n.startswith("gan/")
    ]
    assert gan.lecam.weight == 0.5
    with pytest.raises(UsageError, match="keeps the augmentation.*Received: None"):
        small.compiled(gan, small.sgd(), small.sgd())
