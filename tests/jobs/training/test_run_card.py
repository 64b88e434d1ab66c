"""A run's card says of the zoo's card only what is true of the run. No framework is needed."""

import re

import pytest

from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.registry.licenses import NOT_CHOSEN
from ganzoo.catalog.registry.lookup import find_model, read_cards
from ganzoo.jobs.training.run_card import card_of_weights, run_card

MODEL = "dcgan-cifar10"
CIFAR = {
    "name": "cifar10", "count": 50_000, "image_shape": [32, 32, 3], "fingerprint": "a" * 64,
    "license": "none stated; its authors ask to cite Krizhevsky 2009", "classes": [],
}  # fmt: skip
PHOTOS = CIFAR | {"name": "folder", "count": 400, "license": "not stated (the user's own images)"}
OWN = ["dataset.name=folder", "dataset.size=32", "dataset.data=/home/me/x", "steps=400"]


@pytest.fixture
def origin():
    return find_model(MODEL)


def described(origin, settings=(), data=CIFAR, model=MODEL):
    """The card of a run, its recipe without the data's path, and its manifest."""
    recipe = apply_settings(origin.recipe, list(settings))
    manifest = {"model": model, "data": data, "plugins": {}}
    card = run_card(recipe, manifest, "mine")
    return card, card.recipe, manifest


@pytest.mark.parametrize(
    "settings", [(), ("training.seed=3", "training.log_every=7", "training.evaluate_every=5")]
)
def test_the_zoos_own_training_keeps_what_its_card_says(origin, settings):
    card, recipe, manifest = described(origin, settings)
    steps = 12 * (50_000 // 64)
    for found in (card, card_of_weights(card, recipe, manifest, steps)):
        assert (found.summary, found.choices) == (origin.summary, origin.choices)
        assert found.deviations == origin.deviations
        assert (found.license, found.parameters) == (origin.license, origin.parameters)
        assert found.recipe == recipe


def test_of_other_data_nothing_is_said_that_is_true_of_the_zoos(origin):
    card, recipe, manifest = described(origin, OWN, PHOTOS)
    card = card_of_weights(card, recipe, manifest, 400)
    assert card.summary == "dcgan trained on 400 images of 32 x 32 x 3 (folder)."
    assert card.license.model_dump() == {"data": PHOTOS["license"], "weights": NOT_CHOSEN}
    assert card.papers == origin.papers and not card.parameters
    begun, further = card.deviations
    assert begun == (
        "Begun from the recipe of dcgan-cifar10 and trained with 400 steps (12 epochs there), "
        "dataset.name 'folder' ('cifar10' there), dataset.size 32 (not set there)."
    )
    assert further == "The card of dcgan-cifar10 says how that differs from its source."
    assert "/home/me" not in card.toml()


@pytest.mark.parametrize(
    "settings",
    [["training.batch=16"], ["gan.loss=hinge"], ["architecture.latent_size=9"],
     ["generator_optimizer.learning_rate=1e-4"]],
)  # fmt: skip
def test_of_another_recipe_prose_and_license_are_not_carried_over(origin, settings):
    card, _, _ = described(origin, settings)
    assert (card.choices, card.deviations) == ([], [])
    assert card.license.weights == NOT_CHOSEN
    assert card.summary == "dcgan trained on 50,000 images of 32 x 32 x 3 (cifar10)."


def test_another_length_keeps_the_license_and_not_the_prose(origin):
    card, _, _ = described(origin, ["steps=150"])
    assert (card.deviations, card.license) == ([], origin.license)
    assert card.summary == "dcgan trained on 50,000 images of 32 x 32 x 3 (cifar10)."


def test_weights_of_half_a_training_are_not_called_those_of_a_whole_one(origin):
    card, recipe, manifest = described(origin)
    found = card_of_weights(card, recipe, manifest, 150)
    assert found.summary != origin.summary
    assert found.deviations[-1] == "The weights are those of step 150 of 9,372."
    assert origin.choices and not found.choices
    assert not set(found.deviations) & set(origin.deviations)
    assert found.license == origin.license  # the recipe is still the zoo's


def test_a_prolonged_run_is_as_long_as_its_weights_say(origin):
    card, _, manifest = described(origin)
    longer = apply_settings(origin.recipe, ["training.epochs=13"])
    found = card_of_weights(card, longer, manifest, 13 * 781)
    assert found.recipe == longer and found.license == origin.license
    assert found.deviations[0].endswith("trained with 13 epochs (12 epochs there).")


def test_a_card_that_is_gone_lends_nothing_either(origin):
    card, recipe, manifest = described(origin)
    found = card_of_weights(card, recipe, manifest | {"model": "nobody:gone"}, 150)
    assert not set(found.deviations) & set(origin.deviations)


def test_what_a_person_wrote_into_the_card_stays(origin):
    card, recipe, manifest = described(origin, OWN, PHOTOS)
    card = card.model_copy(update={"summary": "My garden", "deviations": ["With love."]})
    found = card_of_weights(card, recipe, manifest, 100)
    assert found.summary == "My garden" and found.deviations[0] == "With love."
    assert found.deviations[-1] == "The weights are those of step 100 of 400."


def test_a_run_of_nobodys_recipe_says_what_it_is(origin):
    card, recipe, manifest = described(origin, OWN, PHOTOS, model=None)
    assert (card.name, card.license.weights, card.papers) == ("mine", NOT_CHOSEN, [])
    assert card_of_weights(card, recipe, manifest, 400).deviations == []


def test_no_card_of_a_recipe_speaks_of_one_version_s_weights():
    prose = {
        name: [card.description or "", *card.choices, *card.deviations]
        for name, card in read_cards()[0].items()
    }
    assert not [name for name, texts in prose.items() if re.search(r"[Vv]ersion \d", str(texts))]
