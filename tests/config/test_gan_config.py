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
        concat_real_fake=True,
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
