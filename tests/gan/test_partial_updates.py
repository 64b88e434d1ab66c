"""Updates that are due in some steps only, against updates by hand."""

import os

import numpy as np
import pytest
from lazy_keras import Lazy, keras

pytestmark = pytest.mark.backend

weights: list = []  # of the first GAN of a test, for its others
R1 = {"name": "r1", "weight": 2.0, "every": 2}


def kernel(gan):
    return keras.ops.convert_to_numpy(gan.discriminator.get_layer("logit").kernel.value)


def linear(small, points, optimizer, **rules):
    """D(x) = x v, of which r1 is half of |v|^2, and a generator that stays as it is."""
    gan = small.compiled(small.gan(units=0), small.sgd(), optimizer, loss="wasserstein",
                         seed=5, **rules)  # fmt: skip
    if weights:
        gan.set_weights(weights)
    weights[:] = gan.get_weights()
    found = [kernel(gan)]
    for _ in range(3):
        logs = gan.train_on_batch(points, return_dict=True)
        gan.reset_metrics()
        found.append(kernel(gan))
    return gan, found, logs


@pytest.fixture(autouse=True)
def same_weights():
    weights.clear()


def test_a_separate_penalty_is_an_update_of_its_own_at_every_second_step(small, points):
    _, plain, _ = linear(small, points, small.sgd(0.1))
    gan, found, logs = linear(small, points, small.sgd(0.1), regularizers=[R1],
                              separate_penalties=True)  # fmt: skip
    due = 1 - 0.1 * 2 * 2.0  # rate * every * weight, of the weights after the first update
    expected = plain[0]
    for step in range(3):
        expected = expected + plain[step + 1] - plain[step]
        before, expected = expected, expected * (due if step in (0, 2) else 1.0)
    np.testing.assert_allclose(found[3], expected, atol=1e-5)
    assert logs["r1"] == pytest.approx(2 * 0.5 * (before**2).sum(), rel=1e-4)


def test_an_optimizer_knows_nothing_of_penalties_that_are_not_due(small, points):
    penalties = {"regularizers": [R1 | {"every": 50}], "separate_penalties": True}
    gan, found, logs = linear(small, points, keras.optimizers.Adam(0.1), **penalties)
    assert int(gan.optimizer.discriminator.iterations) == 4  # three steps, and the first penalty
    assert logs["r1"] == 0.0
    without, once, _ = linear(small, points, keras.optimizers.Adam(0.1))
    assert int(without.optimizer.discriminator.iterations) == 3
    assert np.abs(found[1] - once[1]).max() > 1e-3


def iterations_of(gan, batches):
    """How many updates the discriminator has in each step."""
    optimizer, found = gan.optimizer.discriminator, []
    for batch in batches:
        before = int(optimizer.iterations)
        gan.train_on_batch(batch)
        found.append(int(optimizer.iterations) - before)
    return found


def test_what_is_due_follows_the_number_of_steps_wherever_it_comes_from(small, points):
    gan = small.compiled(small.gan(), regularizers=[R1], separate_penalties=True)
    whole = {"shape": (), "dtype": "int32", "initializer": "zeros", "trainable": False}
    gan.seen = gan.add_weight(name="seen", **whole)

    def after_step(logs):  # where the number is that of the next step
        due = Lazy("ganzoo.backend").is_due(gan.steps, 2)
        gan.seen.assign(gan.seen + keras.ops.cast(due, "int32"))

    gan.after_step = after_step
    assert iterations_of(gan, [points] * 3) == [2, 1, 2]
    assert int(gan.seen) == 1  # after steps 0, 1 and 2
    gan.steps.assign(1)  # as a checkpoint does
    assert iterations_of(gan, [points] * 2) == [1, 2]
    assert int(gan.seen) == 2


@pytest.mark.skipif(os.environ.get("KERAS_BACKEND") != "jax", reason="others run by condition")
@pytest.mark.parametrize("separate", [False, True])
def test_steps_with_and_without_a_penalty_are_two_programs_of_the_same_results(
    small, points, monkeypatch, separate
):
    known, programs = Lazy("ganzoo.backend.steps.due").known, []

    def noted(step):
        programs.append(step)
        return known(step)

    found = []
    for function in (noted, lambda step: known(None)):
        monkeypatch.setattr("ganzoo.backend.steps.jax_stepper.known", function)
        gan = small.gan()
        gan.set_weights(weights or gan.get_weights())
        weights[:] = gan.get_weights()
        small.compiled(gan, regularizers=[R1], separate_penalties=separate)
        for _ in range(5):
            gan.train_on_batch(points)
        found.append(small.arrays(gan))
    assert [step.is_due(2) for step in programs] == [True, False]  # traced once each
    small.assert_close(*found)


BURSTS = {"schedule": "bursts", "value": 2, "burst": 6, "steps": 2, "every": 4}


def test_the_generator_waits_for_as_many_updates_as_its_schedule_says(small, points):
    """A step has two updates of the discriminator; the schedule counts the generator's."""
    gan = small.compiled(small.gan(), keras.optimizers.Adam(0.1), n_critic=BURSTS)
    learned, counted = [], []
    for _ in range(13):
        before = small.arrays(gan)
        logs = gan.train_on_batch(points, return_dict=True)
        gan.reset_metrics()
        after = small.arrays(gan)
        mine = [name for name in after if name.startswith("generator")]
        changed = {name for name in mine if (after[name] != before[name]).any()}
        learned.append(bool(changed))
        counted.append(float(logs["n_critic"]))
        assert changed in (set(), {n for n in mine if "learning_rate" not in n}), changed
    # updates 0, 1 and 4 of the generator, 6 of the discriminator before each
    assert learned == [False, False, True, False, False, True, True, True, False, False, True, True,
                     True]  # fmt: skip
    assert counted == [6, 6, 6, 6, 6, 6, 2, 2, 6, 6, 6, 2, 2]
    assert int(gan.optimizer.generator.iterations) == sum(learned)
    assert int(gan.optimizer.discriminator.iterations) == 26 and int(gan.images) == 13 * 12


def test_a_schedule_of_one_value_is_the_number(small, points):
    one = {"schedule": "piecewise", "values": [3, 3], "steps": [2]}
    found = []
    for n_critic in (3, one):
        gan = small.gan(units=0)
        gan.set_weights(weights or gan.get_weights())
        weights[:] = gan.get_weights()
        small.compiled(gan, n_critic=n_critic)
        for _ in range(3):
            gan.train_on_batch(points)
        found.append(small.arrays(gan))
    names = [name for name in found[0] if "metrics" not in name]
    small.assert_close(*({name: one[name] for name in names} for one in found))
