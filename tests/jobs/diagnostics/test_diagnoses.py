"""Each diagnosis: its message has the numbers, and its setting is one that a recipe takes."""

import shlex

import pytest

from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.jobs.diagnostics import remedies
from ganzoo.jobs.diagnostics.diagnoses import DIAGNOSES, warning_of

TABLES = {
    "architecture": {"name": "dcgan"},
    "dataset": {"name": "digits"},
    "gan": {"regularizers": [{"name": "r1", "weight": 1e-6, "every": 4}], "ema_rampup": 0.0},
    "generator_optimizer": {"name": "adam", "learning_rate": 1e-4},
    "discriminator_optimizer": {"name": "adam", "learning_rate": 1e-3},
    "training": {"steps": 1000},
}
RECIPE = Recipe.from_tables(TABLES)
EVIDENCE = {
    "step": 400, "augmentable": True, "epochs": 12.0, "accuracy": 0.99, "loss_share": 0.01,
    "d_real_accuracy": 0.99, "d_fake_accuracy": 1.0, "nearest": 0.1, "contrast": 0.1, "copy": 0.1,
    "distance": 0.2, "ema_distance": 0.9, "ema_gap": 0.7, "ema_contrast": 0.0, "spread": 0.1,
    "weak_penalty": "r1", "penalty_share": 1e-6, "rigid_penalty": "r1", "rigid_value": 1.0,
    "penalty_change": 0.0,
}  # fmt: skip


def changed(remedy, *settings, **evidence):
    """The recipe after a remedy's setting, as the shell passes it on."""
    recipe = apply_settings(RECIPE, settings)
    argument = remedies.as_argument(remedy(recipe.tables(), EVIDENCE | evidence))
    flag, setting = shlex.split(argument)
    assert flag == "--set"
    assert (after := apply_settings(recipe, [setting])) != recipe
    return after


@pytest.mark.parametrize("diagnosis", DIAGNOSES, ids=lambda d: f"{d.illness} {min(d.bounds)}")
def test_a_warning_has_evidence_and_a_setting_that_changes_the_recipe(diagnosis):
    warning = warning_of(diagnosis, RECIPE.tables(), EVIDENCE)
    message, _, argument = warning.pop("message").partition(" Try ")
    assert warning == {"event": "warning", "step": 400, "illness": diagnosis.illness}
    assert any(character.isdigit() for character in message)
    assert message.endswith(".") and "{" not in message
    _, setting = shlex.split(argument.removesuffix("."))
    assert apply_settings(RECIPE, [setting]) != RECIPE


def test_a_learning_rate_is_scaled_also_in_a_schedule():
    assert changed(remedies.slow_discriminator).discriminator_optimizer.learning_rate == 2.5e-4
    schedule = {"schedule": "cosine_decay", "initial_learning_rate": 0.01, "decay_steps": 9}
    text = ", ".join(f"{k} = {v!r}" for k, v in schedule.items())
    after = changed(remedies.slow_generator, f"generator_optimizer.learning_rate={{{text}}}")
    assert after.generator_optimizer.learning_rate.initial_learning_rate == 0.0025
    steps = "{schedule = 'piecewise_constant_decay', boundaries = [5], values = [0.4, 0.2]}"
    after = changed(remedies.balance_rates, f"generator_optimizer.learning_rate={steps}")
    assert after.generator_optimizer.learning_rate.values == [0.04, 0.02]
    ramp = "{schedule = 'linear', initial = 0.4, final = 0.2, images = 9}"
    after = changed(remedies.slow_generator, f"generator_optimizer.learning_rate={ramp}")
    assert after.generator_optimizer.learning_rate.ends == [0.1, 0.05]


def test_a_slow_generator_gets_the_rate_of_the_discriminator():
    assert changed(remedies.balance_rates).generator_optimizer.learning_rate == 1e-3
    fast = changed(remedies.balance_rates, "generator_optimizer.learning_rate=0.5")
    assert fast.generator_optimizer.learning_rate == 0.05


def test_a_penalty_gets_weight_and_keeps_its_options():
    (r1,) = changed(remedies.weigh_penalty, penalty_share=1e-4).gan.regularizers
    assert (r1.name, r1.weight, r1.every) == ("r1", 1e-4, 4)
    (r1,) = changed(remedies.weigh_penalty, penalty_share=0.0).gan.regularizers
    assert r1.weight == 10.0


@pytest.mark.parametrize("weight", [10.0, 30.0])
def test_a_penalty_is_never_made_weaker_and_what_changes_nothing_is_not_suggested(weight):
    settings = [f'regularizers=[{{name = "r1", weight = {weight}}}]']
    recipe = apply_settings(RECIPE, settings).tables()
    _, (r1,) = remedies.weigh_penalty(recipe, EVIDENCE)
    assert r1["weight"] == weight
    (dead,) = (d for d in DIAGNOSES if "penalty_share" in d.bounds)
    assert "Try" not in warning_of(dead, recipe, EVIDENCE)["message"]
    end = apply_settings(RECIPE, ["regularizers=[{name = 'ada'}]", "training.steps=400"]).tables()
    (copies,) = (d for d in DIAGNOSES if "copy" in d.bounds)
    assert "Try" not in warning_of(copies, end, EVIDENCE)["message"]


def test_r1_is_added_where_there_is_no_penalty():
    (r1,) = changed(remedies.smooth_discriminator, "regularizers=[]").gan.regularizers
    assert (r1.name, r1.weight) == ("r1", 1.0)
    assert changed(remedies.smooth_discriminator).gan.regularizers == RECIPE.gan.regularizers


def test_an_average_is_ramped_up_then_shortened():
    assert changed(remedies.shorten_average).gan.ema_rampup == 0.05
    after = changed(remedies.shorten_average, "ema_rampup=0.05", "ema_half_life=4e4")
    assert after.gan.ema_half_life == 1e4


def test_images_are_augmented_once_and_other_trainings_end_earlier():
    after = changed(remedies.augment)
    assert [r.name for r in after.gan.regularizers] == ["r1", "ada"]
    given = "regularizers=[{name = 'diffaugment'}]"
    assert changed(remedies.augment, given).training.steps == 400
    assert changed(remedies.augment, augmentable=False).training.steps == 400


def test_a_bound_of_the_weights_is_lifted_first():
    assert changed(remedies.wake_discriminator, "weight_clip=0.01").gan.weight_clip == 0.0
    assert changed(remedies.wake_discriminator).discriminator_optimizer.learning_rate == 2.5e-4
