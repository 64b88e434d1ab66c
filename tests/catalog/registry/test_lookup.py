import tomllib
from pathlib import Path

import pytest
import tomli_w

from ganzoo.catalog.recipe.checks import check_recipe_plugins
from ganzoo.catalog.registry import locations
from ganzoo.catalog.registry.locations import user_registry
from ganzoo.catalog.registry.lookup import (
    find_model,
    list_models,
    models,
    read_cards,
    scan_registries,
)
from ganzoo.errors import EnvironmentProblem, InvalidInput, PluginError, UnknownName

OWN = {
    "dcgan-celeba", "dcgan-digits", "dcgan-fashion-mnist", "facegan-celeba", "gan-fashion-mnist",
    "gan-mnist", "gan-mnist-small",
}  # fmt: skip


@pytest.fixture
def put(card_tables):
    """`put(folder, name)` writes a card, valid unless told otherwise."""

    def write(folder, model, content=None, **changes):
        path = folder / model / "card.toml"
        path.parent.mkdir(parents=True)
        path.write_text(content or tomli_w.dumps(card_tables | {"name": model} | changes))
        return path

    return write


def test_the_zoos_own_models_are_there_and_their_cards_are_valid():
    cards, problems = read_cards()
    assert set(cards) >= OWN
    assert not [p for p in problems if p.distribution == "keras-ganzoo"]
    assert {models()[name].source for name in OWN} == {"keras-ganzoo"}


@pytest.mark.parametrize("name", sorted(OWN))
def test_an_own_card_states_licenses_parameters_and_deviations(name):
    card = find_model(name)
    assert card.name == name
    assert set(card.parameters) == {"generator", "discriminator"}
    assert card.papers and (card.choices or card.deviations or card.description)
    restricted = card.recipe.dataset.name == "celeba"
    assert ("non-commercial" in card.license.weights) == restricted


@pytest.mark.parametrize(
    ("name", "generator", "discriminator"),
    [("dcgan-fashion-mnist", 414_209, 212_865)]
    # the published weights, and batch norm's moving mean and variance of each channel
    + [("dcgan-celeba", 3_576_704 + 2 * (512 + 256 + 128 + 64), 2_765_568 + 2 * (128 + 256 + 512))],
)
def test_the_published_numbers_of_parameters_are_stated(name, generator, discriminator):
    assert find_model(name).parameters == {"generator": generator, "discriminator": discriminator}


def test_the_facts_of_the_tutorials_are_in_the_recipes():
    recipes = {name: find_model(name).recipe for name in OWN}
    steps = {name: recipe.training for name, recipe in recipes.items()}
    assert (steps["dcgan-fashion-mnist"].batch, steps["dcgan-fashion-mnist"].epochs) == (64, 20)
    assert (steps["gan-mnist"].batch, steps["gan-mnist"].steps) == (32, 10_000)
    assert (steps["gan-mnist-small"].batch, steps["gan-mnist-small"].epochs) == (128, 100)
    assert steps["dcgan-celeba"].batch == 128
    assert recipes["gan-mnist"].generator_optimizer.name == "sgd"
    faces = recipes["facegan-celeba"]
    assert faces.dataset.options["crop"] == [0, 15, 178, 193]
    assert faces.discriminator_optimizer.options["clipvalue"] == 1.0
    assert recipes["dcgan-celeba"].generator_optimizer.options["beta_1"] == 0.5


def test_every_own_recipe_fits_the_first_party_plugins(site, monkeypatch):
    root = Path(locations.__file__).parents[3]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    groups = project["entry-points"].items()
    lines = (f"[{group}]\n" + "\n".join(f"{k} = {v}" for k, v in g.items()) for group, g in groups)
    site.install("keras-ganzoo", "\n".join(lines))
    monkeypatch.syspath_prepend(str(root / "plugins"))
    for name in sorted(OWN):
        check_recipe_plugins(find_model(name).recipe, name)


def test_globs_choose_models():
    assert {"dcgan-digits", "dcgan-celeba"} <= set(list_models("dcgan*"))
    assert "gan-mnist" not in list_models("dcgan*")
    assert list_models("nothing*") == []
    assert list_models() == sorted(list_models())


def test_an_unknown_model_is_suggested():
    with pytest.raises(UnknownName, match="Unknown model.*Did you mean 'dcgan-digits'"):
        find_model("dcgan-digit")


@pytest.mark.parametrize("name", ["../gan-mnist", "/etc/passwd", "", "a/b", "gan-mnist\0", ".."])
def test_a_hostile_name_is_merely_unknown(name):
    with pytest.raises(UnknownName):
        find_model(name)


def test_the_users_cards_are_found(put):
    put(user_registry(), "my-model")
    assert models()["my-model"].source == "user"
    assert find_model("my-model").summary == "A card to test with"


def test_the_user_cannot_take_an_own_name_but_reaches_the_other(put):
    put(user_registry(), "gan-mnist")
    assert find_model("gan-mnist").summary != "A card to test with"
    assert find_model("user:gan-mnist").summary == "A card to test with"
    assert find_model("keras-ganzoo:gan-mnist") == find_model("gan-mnist")


def test_a_plugins_cards_are_found_without_importing_it(site, put):
    site.install("brings", "[ganzoo.registries]\nmine = brings_cards:zoo/cards\n")
    site.module("brings_cards.__init__", "raise SystemExit\n")
    put(site.folder / "brings_cards" / "zoo" / "cards", "their-model")
    assert models()["their-model"].source == "brings"
    assert find_model("brings:their-model") == find_model("their-model")


def test_two_plugins_with_one_model_clash(site, put):
    for owner in ("one", "two"):
        site.install(owner, f"[ganzoo.registries]\n{owner} = {owner}_cards:cards\n")
        site.module(f"{owner}_cards.__init__", "")
        put(site.folder / f"{owner}_cards" / "cards", "same")
    assert "same" not in models()
    with pytest.raises(PluginError, match="'one:same' or 'two:same'"):
        find_model("same")
    assert find_model("two:same").name == "same"


@pytest.mark.parametrize(
    "target", ["no_such_package:cards", "brings_cards:nothing", "brings_cards:../../etc", "json:x"]
)
def test_a_registry_that_is_not_there_is_a_problem(site, target):
    site.install("brings", f"[ganzoo.registries]\nmine = {target}\n")
    site.module("brings_cards.__init__", "")
    found = scan_registries()
    assert set(found.entries) >= OWN
    assert [(p.distribution, p.name) for p in found.problems] == [("brings", "mine")]


def test_a_broken_card_is_a_problem_and_an_error_only_when_asked_for(put):
    put(user_registry(), "broken", content="schema = 2")
    put(user_registry(), "renamed", name="other")
    put(user_registry(), "fine")
    cards, problems = read_cards()
    assert "fine" in cards and not {"broken", "renamed"} & set(cards)
    assert [(p.distribution, p.name) for p in problems] == [("user", "broken"), ("user", "renamed")]
    with pytest.raises(InvalidInput, match="card.toml"):
        find_model("broken")
    with pytest.raises(InvalidInput, match="must be 'renamed', as its folder. Received: 'other'"):
        find_model("renamed")


def test_a_folder_with_a_bad_name_is_a_problem(put):
    put(user_registry(), "Bad Name")
    found = scan_registries()
    assert "Bad Name" not in found.entries
    assert [p.name for p in found.problems] == ["Bad Name"]


def test_what_is_no_model_is_passed_over(put):
    folder = user_registry()
    put(folder, "fine")
    (folder / "README.md").touch()
    (folder / "empty").mkdir()
    assert "fine" in models()
    assert "empty" not in models()
    assert not scan_registries().problems


def test_a_user_without_a_home_still_sees_the_zoo(monkeypatch):
    def nowhere():
        raise EnvironmentProblem("There is no home folder for this user.")

    monkeypatch.setattr(locations, "home", nowhere)
    found = scan_registries()
    assert set(found.entries) >= OWN
    assert [p.distribution for p in found.problems] == ["user"]


def test_inside_a_wheel_the_cards_lie_in_the_package(monkeypatch, tmp_path):
    package = tmp_path / "ganzoo"
    (package / "catalog" / "registry").mkdir(parents=True)
    path = package / "catalog" / "registry" / "locations.py"
    monkeypatch.setattr(locations, "__file__", str(path))
    assert locations.own_registry() == tmp_path / "registry"
    (package / "_registry").mkdir()
    assert locations.own_registry() == package / "_registry"
