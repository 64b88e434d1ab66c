import pytest

from ganzoo.config.contracts import Loss, Regularizer
from ganzoo.config.gan_config import GANConfig
from ganzoo.config.validation import validate_keywords
from ganzoo.errors import UnknownName, UsageError


def config(**keywords):
    return validate_keywords(GANConfig, keywords, where="compile", error=UsageError)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_critic": 0}, {"ema_half_life": -1.0}, {"ema_rampup": -0.1}, {"label_smoothing": 0.5},
        {"label_flip_prob": 0.5}, {"label_flip_prob": float("nan")}, {"weight_clip": -1.0},
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_by_name(wrong):
    (name,) = wrong
    with pytest.raises(UsageError, match=f"{name}.* must be .* Received: "):
        config(**wrong)


LINE = {"schedule": "linear", "initial": 1.0, "final": 2.0, "steps": 10}
BURSTS = {"schedule": "bursts", "value": 4, "burst": 6, "steps": 2, "every": 500}


def test_critic_updates_of_a_step_divide_all_values_of_a_schedule():
    assert config(n_critic=3).critic_updates == 3
    assert config(n_critic=BURSTS).critic_updates == 2
    assert config(**config(n_critic=BURSTS).tables()).n_critic.burst == 6


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n_critic": LINE}, '"piecewise" or "bursts" over steps. Received: linear over steps'),
        ({"n_critic": {"schedule": "piecewise", "values": [1, 2], "images": [3]}}, "over images"),
        ({"n_critic": BURSTS | {"burst": 0.5}}, "whole numbers from 1"),
        ({"n_critic": BURSTS | {"images": 3}}, "'images'"),
        ({"weight_clip": LINE | {"final": 0.0}}, "values above 0"),
        ({"label_flip_prob": LINE}, "values from 0 to 0.5. Received: 1"),
        ({"label_smoothing": LINE}, "cannot follow a schedule, and must be a number"),
        ({"generator_batch": BURSTS}, "cannot follow a schedule, and must be a whole number"),
    ],
)
def test_a_schedule_that_a_number_cannot_follow_is_refused_with_the_reason(wrong, said):
    with pytest.raises(UsageError, match=said):
        config(**wrong)


def test_unknown_losses_regularizers_and_keywords_are_refused():
    with pytest.raises(UsageError, match="wasserstein"):
        config(loss="waserstein")
    with pytest.raises(UsageError, match="r2"):
        config(regularizers=[{"name": "r3", "weight": 1.0}])
    with pytest.raises(UnknownName, match="n_critic"):
        config(n_critics=2)


def test_a_configuration_comes_back_from_its_tables():
    first = config(
        loss="hinge", regularizers=[{"name": "r1", "weight": 2.0, "every": 4}], n_critic=3,
        ema_half_life=500.0, label_flip_prob=0.1, weight_clip=0.2, share_fake_latents=True,
        concat_real_fake=True, separate_penalties=True, generator_batch=2,
    )  # fmt: skip
    assert config(**first.tables()) == first
    assert first.regularizers[0].every == 4


def test_each_regularizer_is_named_once():
    twice = [{"name": "r1", "weight": 2.0}, {"name": "r1", "weight": 1.0}]
    with pytest.raises(UsageError, match="each regularizer once"):
        config(regularizers=twice)


@pytest.mark.parametrize("loss", ["hinge", Loss(lambda r, f: f - r, lambda r, f: -f)])
def test_a_loss_without_label_smoothing_is_not_smoothed(loss):
    with pytest.raises(UsageError, match="label_smoothing, which only minimax"):
        config(loss=loss, label_smoothing=0.3)


def test_objects_are_taken_as_they_are():
    loss, regularizer = Loss(lambda r, f: f - r, lambda r, f: -f), Regularizer()
    assert config(loss=loss).loss is loss
    assert config(regularizers=[regularizer]).regularizers == [regularizer]
