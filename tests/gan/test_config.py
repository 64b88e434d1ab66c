import pytest

import ganzoo
from ganzoo.errors import UnknownName, UsageError

pytestmark = pytest.mark.backend


def rules(**keywords):
    from ganzoo.gan.config import Rules

    return Rules(**keywords)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_critic": 0},
        {"n_critic": 1001},
        {"ema_half_life": 1.0},
        {"ema_half_life": -0.1},
        {"label_smoothing": 0.5},
        {"label_flip_prob": 0.5},
        {"label_flip_prob": float("nan")},
        {"weight_clip": -1.0},
    ],
)
def test_a_rule_out_of_range_is_refused_by_name(wrong):
    (name,) = wrong

    with pytest.raises(UsageError, match=f"{name} must be .* Received: "):
        rules(**wrong)


def test_unknown_losses_and_penalties_are_refused():
    with pytest.raises(UnknownName, match="wasserstein"):
        rules(loss="waserstein")
    with pytest.raises(UnknownName, match="r2"):
        rules(penalties=[{"name": "r3", "weight": 1.0}])


def test_smoothing_reaches_the_loss():
    assert rules(loss="least_squares", label_smoothing=0.2).played_loss.boundary == 0.4


def test_rules_come_back_from_their_configuration():
    first = rules(
        loss="hinge", penalties=[{"name": "r1", "weight": 2.0, "every": 4}], n_critic=3,
        ema_half_life=0.5, label_flip_prob=0.1, weight_clip=0.2, share_fake_latents=True, concat_real_fake=True,
    )  # fmt: skip

    again = rules(**first.config())

    assert again == first
    assert again.played_penalties[0][2:] == (2.0, 4)


def test_a_loss_that_is_given_as_functions_is_not_smoothed():
    with pytest.raises(UsageError, match="label_smoothing must be part of the loss"):
        rules(loss=ganzoo.losses.hinge(), label_smoothing=0.3)


def test_functions_are_taken_as_they_are():
    loss = ganzoo.losses.hinge()
    penalty = ganzoo.penalties.Penalty("own", ganzoo.penalties.r1, 1.0)

    assert rules(loss=loss).played_loss is loss
    assert rules(penalties=[penalty]).played_penalties == [penalty]
