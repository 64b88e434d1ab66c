"""Recipes and plugins from command-line arguments, before any framework is imported."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.catalog.plugins.discovery import discover, find_plugin
from ganzoo.catalog.recipe.checks import check_plugin_options, check_recipe_plugins
from ganzoo.catalog.recipe.overrides import (
    apply_settings,
    parse_setting,
    read_recipe_file,
    with_data_from,
)
from ganzoo.catalog.recipe.recipe import Part, Recipe
from ganzoo.catalog.registry.lookup import find_model, models
from ganzoo.catalog.registry.remotes import is_address
from ganzoo.errors import UsageError
from ganzoo.files.home import expand_home

# The rest of a recipe around a single part, so that settings of the part are parsed alike.
_PLACEHOLDER = {
    "architecture": {"name": "any"},
    "generator_optimizer": {"name": "adam"},
    "discriminator_optimizer": {"name": "adam"},
    "training": {"steps": 1},
}

_OPTIONS = {"training.evaluate_features": "features"}  # options not named after their key


@dataclass(frozen=True, kw_only=True)
class ResolvedRecipe:
    """A recipe with its settings applied, and the name of its model if it has one."""

    recipe: Recipe
    model: str | None


def resolve_recipe(
    name: str, *, settings: Sequence[str] | None = None, options: Mapping[str, Any]
) -> ResolvedRecipe:
    """Find the recipe of a model or a file, and apply the settings of the command line.

    Args:
        name: A model's name, `"model@2"`, `"hf://org/repo"`, or the path of a recipe.toml.
        settings: Values of `--set`.
        options: Values of options that set a key of the recipe, by that key; `None` if absent.

    Raises:
        UsageError: A setting and an option set the same key, or the recipe is not valid.
        UnknownName: The model, its architecture, its data set or a key does not exist.
    """
    if is_address(name):
        from ganzoo.jobs.hub.pull import find_or_pull  # for whoever names an address only

        recipe, model = find_or_pull(name).card().recipe, None
    elif _is_recipe_path(name):
        recipe = read_recipe_file(name)
        model = None
    else:
        recipe, model = find_model(name).recipe, name
    return _resolve_settings(recipe, model, settings, options)


def images_to_propose_for(name: str | None, data: Path | None) -> Path | None:
    """Return the images for which a recipe is to be proposed; `None` where one is named.

    Args:
        name: What is to be trained, if it was given: a model, a recipe or an architecture.
        data: Value of `--data`.

    Raises:
        UsageError: There is nothing to train, or nothing to train it on.
    """
    if name is None:
        if data is None:
            raise UsageError(
                "Expected a model, a recipe, or --data with images of your own. Received: neither.",
                hint="See: ganzoo list",
            )
        return data
    if _is_recipe_path(name) or is_address(name) or "@" in name or name in models():
        return None
    if name in discover("architecture").plugins:
        if data is None:
            raise UsageError(
                f"{name!r} is an architecture, which needs data. Received: no --data.",
                hint=f"Give images of your own: ganzoo train {name} --data FOLDER; or see the "
                f"models: ganzoo list {name}",
            )
        return data
    if name in discover("dataset").plugins:
        raise UsageError(
            f"{name!r} is a data set. Expected: a model, a recipe or an architecture.",
            hint=f"The models on it: ganzoo list {name}; images of your own: ganzoo train --data "
            "FOLDER",
        )
    return None


def resolve_proposal(
    name: str | None,
    data: Path,
    *,
    settings: Sequence[str] | None,
    options: Mapping[str, Any],
    backend: str | None,
    source: str | None = None,
) -> tuple[ResolvedRecipe, Sequence[str]]:
    """Have a recipe for images proposed, and apply the settings of the command line.

    Args:
        name: An architecture; `None` for one that suits the images.
        data: A folder or a zip archive of images.
        settings: Values of `--set`.
        options: Values of options that set a key of the recipe; see `resolve_recipe`.
        backend: Value of `--backend`.
        source: Value of `--from`.

    Returns:
        The recipe, and why it was proposed.
    """
    from ganzoo.jobs.training.propose import propose

    settings = combined_settings(settings, options)
    proposal = propose(
        expand_home(data), settings=settings, architecture=name, backend=backend, source=source
    )
    return ResolvedRecipe(recipe=proposal.recipe, model=None), proposal.reasons


def _resolve_settings(
    recipe: Recipe,
    model: str | None,
    settings: Sequence[str] | None,
    options: Mapping[str, Any],
) -> ResolvedRecipe:
    """Apply the settings of the command line, and check the result against the plugins."""
    recipe = apply_settings(recipe, combined_settings(settings, options))
    recipe = with_data_from(recipe, Path.cwd())
    check_recipe_plugins(recipe)
    return ResolvedRecipe(recipe=recipe, model=model)


def resolve_dataset(name: str, *, settings: Sequence[str] | None, data: Path | None) -> Part:
    """Find a data set by its own name or as part of a model's recipe, and apply settings.

    Args:
        name: Name of a data set or of a model.
        settings: Values of `--set`: options of the data set, with or without `dataset.`.
        data: Value of `--data`.
    """
    datasets = discover("dataset").plugins
    if name not in datasets and name in models():
        recipe = find_model(name).recipe
    else:
        find_plugin("dataset", name)
        recipe = Recipe.from_tables(_PLACEHOLDER | {"dataset": {"name": name}})
    recipe = apply_settings(
        recipe, combined_settings(_prefix_settings(settings, "dataset"), {"dataset.data": data})
    )
    return with_data_from(recipe, Path.cwd()).dataset


def resolve_plugin(kind: str, name: str, *, settings: Sequence[str]) -> Part:
    """Find a plugin by its name, and apply options of the command line.

    Args:
        kind: "architecture", "dataset" or "logger".
        name: Name of the plugin.
        settings: Values of `--set`: its options, with or without the name of their table.
    """
    tables = _PLACEHOLDER | {"dataset": {"name": "any"}}
    if kind in tables:
        recipe = Recipe.from_tables(tables | {kind: {"name": name}})
        recipe = apply_settings(recipe, _prefix_settings(settings, kind))
        part: Part = getattr(with_data_from(recipe, Path.cwd()), kind)
    else:  # not a table of recipes
        options = [setting.removeprefix(f"{kind}.") for setting in settings]
        part = Part.model_validate({"name": name, **dict(map(parse_setting, options))})
    check_plugin_options(kind, part, "the settings")
    return part


def parse_gan_settings(settings: Sequence[str]) -> dict[str, Any]:
    """Parse settings of the training objective into keyword arguments of `GAN.compile`.

    Args:
        settings: Values of `--set` whose keys begin with `gan.`.
    """
    recipe = Recipe.from_tables(_PLACEHOLDER | {"dataset": {"name": "any"}})
    table = apply_settings(recipe, settings).tables()["gan"]
    keys = {setting.partition("=")[0].strip().split(".")[1] for setting in settings}
    return {key: value for key, value in table.items() if key in keys}


def combined_settings(settings: Sequence[str] | None, options: Mapping[str, Any]) -> list[str]:
    """Return the values of `--set`, and options that set a key as further settings.

    Args:
        settings: Values of `--set`.
        options: Values of options that set a key of the recipe, by that key; `None` if absent.

    Raises:
        UsageError: `--set` and an option set the same key.
    """
    keys = {setting.partition("=")[0].strip() for setting in settings or []}
    present = {key: value for key, value in options.items() if value is not None}
    for key in present:
        last = key.rpartition(".")[2]
        if keys & {key, last}:
            option = _OPTIONS.get(key, last.replace("_", "-"))
            raise UsageError(f"--{option} and --set {last}=... both set {key}. Give one of them.")
    return [*(settings or []), *(f"{key}={_toml_literal(value)}" for key, value in present.items())]


def absolute_path(path: Path | None) -> str | None:
    """Return the absolute path of a file or folder on this machine, `~` expanded."""
    return None if path is None else str(expand_home(path).absolute())


def _prefix_settings(settings: Sequence[str] | None, table: str) -> list[str]:
    return [s if s.startswith(f"{table}.") else f"{table}.{s}" for s in settings or []]


def _is_recipe_path(name: str) -> bool:
    return name.endswith(".toml") or os.sep in name or os.path.isfile(name)


def _toml_literal(value: Any) -> str:
    """Format a value as a TOML literal."""
    import tomli_w

    value = str(value) if isinstance(value, Path) else value
    return tomli_w.dumps({"value": value}).partition("=")[2].strip()
