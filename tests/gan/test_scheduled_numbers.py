"""Numbers that follow a schedule, against their closed forms and against fixed numbers."""

import math

import numpy as np
import pytest
from lazy_keras import Lazy, keras

from ganzoo.config.schedules import OptimizerSchedules
from ganzoo.config.validation import validate_keywords
from ganzoo.errors import UsageError

pytestmark = pytest.mark.backend

schedules = Lazy("ganzoo.gan.scheduled_numbers")
RAMP = {"initial": 0.8, "final": 0.2, "images": 300, "begin": 100}
CLOSED_FORMS = {
    "linear": lambda share: 0.8 - 0.6 * share,
    "cosine": lambda share: 0.2 + 0.6 * (1 + math.cos(math.pi * share)) / 2,
    "exponential": lambda share: 0.8 * 0.25**share,
}


def schedule(**table):
    options = {"where": "the test", "error": UsageError}
    return validate_keywords(OptimizerSchedules, {"beta_1": table}, **options).beta_1


def constant(value):
    """A schedule of one value, for the step in which it is used."""
    return {"schedule": "piecewise", "values": [value, 0.25], "steps": [10]}


def value_of(schedule, images):
    count = keras.ops.convert_to_tensor(images, "int32")
    return float(schedules.value_at(schedule, count // 10, count))


@pytest.mark.parametrize("kind", CLOSED_FORMS)
def test_a_ramp_has_the_values_of_its_closed_form(kind):
    ramp = schedule(schedule=kind, **RAMP)
    for images in (0, 100, 101, 175, 250, 399, 400, 10**8):
        share = min(max((images - 100) / 300, 0.0), 1.0)
        np.testing.assert_allclose(value_of(ramp, images), CLOSED_FORMS[kind](share), rtol=1e-6)


def test_pieces_change_after_so_many_steps():
    pieces = schedule(schedule="piecewise", values=[0.9, 0.5, 0.1], steps=[3, 7])
    found = [value_of(pieces, 10 * step) for step in (0, 2, 3, 6, 7, 100)]
    np.testing.assert_allclose(found, [0.9, 0.9, 0.5, 0.5, 0.1, 0.1], rtol=1e-6)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"schedule": "linear", "initial": 0.1, "final": 0.2}, "exactly one of steps and images"),
        ({"schedule": "linear", **RAMP, "final": 1.0}, "values from 0 to 1. Received: 1.0"),
        ({"schedule": "exponential", **RAMP, "final": 0.0}, "above 0"),
        ({"schedule": "piecewise", "values": [0.1], "steps": [4]}, "one value more"),
        ({"schedule": "piecewise", "values": [0.1, 0.2, 0.3], "steps": [4, 4]}, "which rise"),
        ({"schedule": "cosinus", **RAMP}, "cosine"),
    ],
)
def test_tables_that_are_no_schedule_are_refused(table, said):
    with pytest.raises(UsageError, match=said):
        schedule(**table)


def test_a_step_uses_the_values_of_its_schedules(small, points):
    """Every number that may follow a schedule: as if it were fixed at the value of the step."""

    def trained(number, adam, rmsprop, **followed):
        model = small.gan(units=0, shape=(2, 1, 1))
        optimizers = keras.optimizers.Adam(**adam), keras.optimizers.RMSprop(**rmsprop)
        augmentation = {"name": "ada", "target": 0.0, "policy": ["cutout"]}
        regularizers = [
            {"name": "r1", "weight": number(3.0)},
            {"name": "lecam", "weight": number(2.0), "start": 0},
            augmentation | {"probability": number(0.7)},
        ]  # fmt: skip
        model.set_weights(weights or model.get_weights())
        weights[:] = model.get_weights()
        small.compiled(model, *optimizers, ema_half_life=number(20.0), ema_rampup=0.0,
                       regularizers=regularizers, weight_clip=number(0.6),
                       label_flip_prob=number(0.3), **followed)  # fmt: skip
        images = np.tanh(np.reshape(points, (12, 2, 1, 1)))
        logs = model.train_on_batch(images, return_dict=True)
        logs = model.train_on_batch(images, return_dict=True)
        return model, {name: float(value) for name, value in logs.items()}

    weights = []
    adam = {"learning_rate": 0.02, "beta_1": 0.3, "beta_2": 0.8}
    rmsprop = {"learning_rate": 0.01, "rho": 0.6}
    fixed, _ = trained(lambda value: value, adam, rmsprop)
    followed, logs = trained(
        constant, {}, {},
        generator_schedules={name: constant(value) for name, value in adam.items()},
        discriminator_schedules={name: constant(value) for name, value in rmsprop.items()},
    )  # fmt: skip
    expected = {"r1_weight": 3.0, "lecam_weight": 2.0, "ada_p": 0.7, "ema_half_life": 20.0}
    expected |= {"weight_clip": 0.6, "label_flip_prob": 0.3}
    expected |= {f"generator_{name}": value for name, value in adam.items()}
    expected |= {f"discriminator_{name}": value for name, value in rmsprop.items()}
    for name, value in expected.items():
        assert logs[name] == pytest.approx(value, rel=1e-6), name
    arrays = [
        {name: value for name, value in small.arrays(gan).items() if "metrics/" not in name}
        for gan in (followed, fixed)
    ]
    small.assert_close(*arrays, rtol=1e-4, atol=1e-5)
    assert followed.optimizer.generator.beta_1 == 0.9  # Keras' own, between the steps


def test_bursts_come_at_first_and_every_so_many_steps():
    table = {"schedule": "bursts", "value": 0.2, "burst": 0.7, "steps": 3, "every": 5}
    found = [value_of(schedule(**table), 10 * step) for step in range(11)]
    np.testing.assert_allclose(found, [0.7] * 3 + [0.2] * 2 + [0.7] + [0.2] * 4 + [0.7], rtol=1e-6)


@pytest.mark.parametrize("name", ["rho", "learning_rate"])
def test_an_optimizer_follows_a_schedule_only_in_a_number_of_its_own(small, name):
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    schedules = {name: constant(0.1)}
    with pytest.raises(UsageError, match=f"numbers of Adam. Received: {name}"):
        small.gan().compile(keras.optimizers.Adam(decay), "adam", generator_schedules=schedules)


def test_schedules_come_back_with_a_compiled_gan(small, points, tmp_path):
    model = small.compiled(
        small.gan(), ema_half_life=constant(5.0), generator_schedules={"beta_2": constant(0.8)}
    )
    model.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert again.schedules.numbers.keys() == {"ema_half_life", "generator_beta_2"}
