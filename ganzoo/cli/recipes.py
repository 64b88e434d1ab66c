"""From the words on the command line to a recipe, before any framework is imported."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.catalog.plugins.discovery import discover, find
from ganzoo.catalog.recipe.checks import check_names, check_part
from ganzoo.catalog.recipe.overrides import with_data_from
from ganzoo.catalog.recipe.recipe import Part, Recipe
from ganzoo.catalog.registry.lookup import find_model, models
from ganzoo.catalog.registry.remotes import is_address, parse_address
from ganzoo.errors import UsageError

# A recipe around a data set that no model asks for, so that its keys are read in one way.
_ANY = {
    "architecture": {"name": "any"},
    "generator_optimizer": {"name": "adam"},
    "discriminator_optimizer": {"name": "adam"},
    "training": {"steps": 1},
}

_FLAGS = {"training.evaluate_features": "features"}  # where a flag is not called like its key


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The recipe that was asked for, and the model that it is of, if it is of one."""

    recipe: Recipe
    model: str | None


def recipe_for(name: str, *, settings: Sequence[str], flags: Mapping[str, Any]) -> Asked:
    """The recipe of a model or a file, with what the command line changes in it.

    Args:
        name: A model's name, `"model@2"`, `"hf://org/repo"`, or the path of a recipe.toml.
        settings: What `--set` was given.
        flags: The values of options that set a key, by that key; `None` when absent.

    Raises:
        UsageError: A setting and an option set the same key, or the recipe is not valid.
        UnknownName: There is no such model, architecture, data set or key.
    """
    if is_address(name):
        from ganzoo.jobs.hub import hub  # the Hub's client, if it is not here already

        recipe, model = hub.local(parse_address(name)).card().recipe, None
    elif _is_path(name):
        recipe = with_data_from(Recipe.read(name, error=UsageError), Path(name).parent)
        model = None
    else:
        recipe, model = find_model(name).recipe, name
    recipe = recipe.with_settings([*settings, *flag_settings(settings, flags)])
    recipe = with_data_from(recipe, Path.cwd())
    check_names(recipe)
    return Asked(recipe=recipe, model=model)


def dataset_for(name: str, *, settings: Sequence[str], data: Path | None) -> Part:
    """A data set and its options: by its own name, or as a model's recipe prepares it.

    Args:
        name: A data set's name, or a model's.
        settings: What `--set` was given: keys of the data set, with or without `dataset.`.
        data: What `--data` was given.
    """
    datasets = discover("dataset").plugins
    if name not in datasets and name in models():
        recipe = find_model(name).recipe
    else:
        find("dataset", name)
        recipe = Recipe.from_tables(_ANY | {"dataset": {"name": name}})
    full = [s if s.startswith("dataset.") else f"dataset.{s}" for s in settings]
    flags = {"dataset.data": data}
    recipe = recipe.with_settings([*full, *flag_settings(full, flags)])
    return with_data_from(recipe, Path.cwd()).dataset


def part_for(kind: str, name: str, *, settings: Sequence[str]) -> Part:
    """A plugin by its own name, with options from the command line.

    Args:
        kind: "architecture" or "dataset".
        name: The plugin's.
        settings: What `--set` was given: its keys, with or without their table.
    """
    recipe = Recipe.from_tables(_ANY | {"dataset": {"name": "any"}, kind: {"name": name}})
    full = [s if s.startswith(f"{kind}.") else f"{kind}.{s}" for s in settings]
    part: Part = getattr(with_data_from(recipe.with_settings(full), Path.cwd()), kind)
    check_part(kind, part, "the settings")
    return part


def rules_for(settings: Sequence[str]) -> dict[str, Any]:
    """Rules of the game from the command line: keywords of `GAN.compile`.

    Args:
        settings: What `--set` was given, of keys that begin with `gan.`.
    """
    recipe = Recipe.from_tables(_ANY | {"dataset": {"name": "any"}})
    game = recipe.with_settings(settings).tables()["gan"]
    given = {setting.partition("=")[0].strip().split(".")[1] for setting in settings}
    return {key: value for key, value in game.items() if key in given}


def flag_settings(settings: Sequence[str], flags: Mapping[str, Any]) -> list[str]:
    """The options that set a key, as settings.

    Raises:
        UsageError: `--set` sets the same key.
    """
    keys = {setting.partition("=")[0].strip() for setting in settings}
    given = {key: value for key, value in flags.items() if value is not None}
    for key in given:
        option = key.rpartition(".")[2]
        if keys & {key, option}:
            flag = _FLAGS.get(key, option.replace("_", "-"))
            raise UsageError(f"--{flag} and --set {option}=... both set {key}. Give one of them.")
    return [f"{key}={_toml(value)}" for key, value in given.items()]


def _is_path(name: str) -> bool:
    return name.endswith(".toml") or os.sep in name or os.path.isfile(name)


def _toml(value: Any) -> str:
    """A value as a TOML literal."""
    import tomli_w

    value = str(value) if isinstance(value, Path) else value
    return tomli_w.dumps({"value": value}).partition("=")[2].strip()
