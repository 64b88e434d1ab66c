import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lazy_keras import keras

import ganzoo
from ganzoo import backend
from ganzoo.errors import UnknownName, UsageError

pytestmark = pytest.mark.backend

NAMES = ("minimax", "non_saturating", "least_squares", "wasserstein", "hinge", "relativistic")
LN2 = math.log(2)


def probability(logit):
    """Sigmoid in float64, where 1 - p keeps its digits: (p, 1 - p)."""
    small = np.exp(-np.abs(logit))
    high, low = 1 / (1 + small), small / (1 + small)
    return np.where(logit >= 0, high, low), np.where(logit >= 0, low, high)


def log(x):
    return np.log(np.maximum(x, 1e-300))  # logits of the tests stay within 600


def expected(name, real, fake, smooth=0.0):
    """The papers' formulas, in probabilities where the papers have them."""
    (p, not_p), (q, not_q) = probability(real), probability(fake)
    entropy = -(1 - smooth) * log(p) - smooth * log(not_p) - log(not_q)
    return {
        "minimax": lambda: (entropy, log(not_q)),
        "non_saturating": lambda: (entropy, -log(q)),
        "least_squares": lambda: (
            0.5 * (real - (1 - smooth)) ** 2 + 0.5 * fake**2, 0.5 * (fake - 1) ** 2
        ),
        "wasserstein": lambda: (fake - real, -fake),
        "hinge": lambda: (np.maximum(0, 1 - real) + np.maximum(0, 1 + fake), -fake),
        "relativistic": lambda: (
            -log(probability(real - fake)[0]), -log(probability(fake - real)[0])
        ),
    }[name]()  # fmt: skip


def both(loss, real, fake):
    tensors = [keras.ops.convert_to_tensor(np.asarray(x, "float32")) for x in (real, fake)]
    return [keras.ops.convert_to_numpy(f(*tensors)) for f in (loss.discriminator, loss.generator)]


@pytest.mark.parametrize(
    ("name", "real", "fake", "discriminator", "generator"),
    [
        ("minimax", 0, 0, 2 * LN2, -LN2),
        ("non_saturating", 0, 0, 2 * LN2, LN2),
        ("non_saturating", math.log(3), -math.log(3), 2 * math.log(4 / 3), math.log(4)),
        ("least_squares", 1, 0, 0, 0.5),
        ("least_squares", 0, 1, 1, 0),
        ("wasserstein", 3, 1, -2, -1),
        ("hinge", 1, -1, 0, 1),
        ("hinge", 5, -7, 0, 7),
        ("hinge", 0, 0, 2, 0),
        ("relativistic", 4, 4, LN2, LN2),
        ("relativistic", math.log(3), 0, math.log(4 / 3), math.log(4)),
    ],
)
def test_losses_have_the_values_known_by_hand(name, real, fake, discriminator, generator):
    values = both(ganzoo.losses.get(name), [real], [fake])
    np.testing.assert_allclose(np.ravel(values), [discriminator, generator], atol=1e-6)


logits = st.lists(st.floats(-250, 250, width=32), min_size=8, max_size=8)


@settings(max_examples=40, deadline=None)
@given(real=logits, fake=logits)
def test_losses_equal_the_papers_formulas_at_any_logits(real, fake):
    real, fake = (np.array(x, "float32").astype("float64") for x in (real, fake))
    for name in NAMES:
        for value, exact in zip(
            both(ganzoo.losses.get(name), real, fake), expected(name, real, fake), strict=True
        ):
            np.testing.assert_allclose(value, exact, rtol=2e-6, atol=2e-6, err_msg=name)


@pytest.mark.parametrize("name", ["minimax", "non_saturating", "least_squares"])
def test_smoothed_labels_are_one_sided(name):
    real, fake = np.random.default_rng(1).normal(size=(2, 8)) * 4
    loss = ganzoo.losses.get(name, label_smoothing=0.1)
    for value, exact in zip(
        both(loss, real, fake), expected(name, real, fake, smooth=0.1), strict=True
    ):
        np.testing.assert_allclose(value, exact, rtol=1e-5, atol=1e-6)


def test_least_squares_draws_the_line_halfway_between_its_targets():
    assert ganzoo.losses.get("least_squares").boundary == 0.5
    assert ganzoo.losses.get("least_squares", label_smoothing=0.2).boundary == pytest.approx(0.4)
    assert ganzoo.losses.get("hinge").boundary == ganzoo.losses.get("minimax").boundary == 0.0


@pytest.mark.parametrize("smooth", [0.0, 0.1, 0.45])
@pytest.mark.parametrize("name", ["minimax", "non_saturating", "least_squares"])
def test_the_line_is_drawn_where_the_loss_is_least_if_both_kinds_are_equally_likely(name, smooth):
    logits = np.linspace(-4, 4, 8001)
    loss, _ = expected(name, logits, logits, smooth)
    boundary = ganzoo.losses.get(name, label_smoothing=smooth).boundary
    assert boundary == pytest.approx(logits[np.argmin(loss)], abs=1e-3)


@pytest.mark.parametrize("name", ["wasserstein", "hinge", "relativistic"])
def test_smoothing_where_there_are_no_labels_is_refused(name):
    with pytest.raises(UsageError, match="label_smoothing"):
        ganzoo.losses.get(name, label_smoothing=0.1)


def test_an_unknown_loss_is_refused_with_a_suggestion():
    with pytest.raises(UnknownName, match="hinge"):
        ganzoo.losses.get("hing")


@pytest.mark.parametrize("name", NAMES)
def test_losses_and_their_slopes_are_finite_at_logits_that_saturate_a_sigmoid(name):
    loss = ganzoo.losses.get(name)
    real = keras.Variable(np.array([-1e4, 1e4, 0, -200], "float32"))
    fake = keras.Variable(np.array([1e4, -1e4, 0, -200], "float32"))
    for function in (loss.discriminator, loss.generator):

        def loss(function=function):
            return keras.ops.sum(function(real + 0.0, fake + 0.0)), {}

        result = backend.gradients(loss, [real, fake])
        for value in (result.loss, *result.gradients):
            assert np.isfinite(keras.ops.convert_to_numpy(value)).all()


def test_the_discriminator_of_a_confident_fake_still_teaches():
    fake = keras.Variable(np.array([-200.0], "float32"))
    loss = ganzoo.losses.get("non_saturating")
    result = backend.gradients(
        lambda: (keras.ops.sum(loss.generator(None, fake + 0.0)), {}), [fake]
    )
    assert float(result.gradients[0][0]) == -1.0  # through log(sigmoid) it would be 0 or NaN
