"""Settings from the command line: `key=value` and `table.key=value`, values in TOML."""

import contextlib
import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganzoo.catalog.plugins.discovery import find_plugin, plugin_signature
from ganzoo.catalog.recipe.checks import recipe_keys
from ganzoo.catalog.recipe.recipe import LENGTHS, Part, Recipe, Training
from ganzoo.catalog.run_manifest import damaged_files
from ganzoo.config.gan_config import GANConfig
from ganzoo.config.validation import unknown_key
from ganzoo.errors import GanzooError, InvalidInput, UsageError
from ganzoo.files.home import expand_home
from ganzoo.files.text import quote
from ganzoo.files.toml import parse_toml

UNKNOWN_DATA = "unknown"  # the data set of an imported generator; none has this name

_WHERE = "the settings"
_KEY = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")


def apply_settings(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """Return the recipe with some keys set anew.

    Setting one of steps, images and epochs removes the other two. Another name in a table
    (another optimizer, data set, architecture) removes the keys of the one before.

    Args:
        recipe: The recipe in which the keys are set.
        settings: `"table.key=value"`, or `"key=value"` for a key that only one table takes.
            Values are TOML literals; a bare word is text.

    Raises:
        UsageError: A setting without `=`, an unknown or ambiguous key, a wrong value.
    """
    tables = recipe.tables()
    known = _keys_of_tables(recipe)
    assignments = [(_resolve_key(key, known), value) for key, value in map(parse_setting, settings)]
    for path, value in assignments:
        if path[-1] == "name" and len(path) == 2 and tables[path[0]].get("name") != value:
            tables[path[0]] = {}
        if path[0] == "training" and path[1] in LENGTHS:
            for name in LENGTHS:
                tables["training"].pop(name, None)
    for path, value in assignments:
        _assign_key(tables, path, value)
        if path == ("dataset", "data"):
            tables["dataset"]["name"] = known_dataset(tables["dataset"].get("name"), value)
    return Recipe.from_tables(tables, where=_WHERE)


def known_dataset(name: Any, data: Any) -> Any:
    """Return the name of a data set; where nobody knows it, that of a folder or archive of images.

    Args:
        name: The name in a recipe.
        data: Path of the data.
    """
    if name != UNKNOWN_DATA or not isinstance(data, str):
        return name
    return images_at(expand_home(data))


def images_at(path: str | os.PathLike) -> str:
    """Return the name of the data set of somebody's own images at a path."""
    return "zip" if os.path.isfile(path) else "folder"


def with_data_from(recipe: Recipe, folder: Path) -> Recipe:
    """Return the recipe with a path to its data (`dataset.data`) that holds in any folder.

    Args:
        recipe: A recipe; one without such a path stays as it is.
        folder: The folder that a relative path starts from: that of the recipe's file, or the
            current one for a path on the command line.
    """
    data = recipe.dataset.options.get("data")
    if not isinstance(data, str) or not data:
        return recipe
    tables = recipe.tables()
    tables["dataset"]["data"] = os.path.abspath(folder / expand_home(data))
    return Recipe.from_tables(tables, where=_WHERE)


def read_recipe_file(path: str | os.PathLike) -> Recipe:
    """Return the recipe that somebody wrote into a file, with the data found from there.

    One in a run that is not what the run was trained with is warned of.

    Args:
        path: The TOML file.

    Raises:
        UsageError: Its content is not a recipe.
    """
    path = Path(path)
    recipe = with_data_from(Recipe.read(path, error=UsageError), path.parent)
    with contextlib.suppress(InvalidInput):  # there is no run around it
        for problem in damaged_files(path.parent, [path.name]).values():
            warnings.warn(f"{quote(path)} is not the recipe of its run: {problem}.", stacklevel=2)
    return recipe


def parse_setting(setting: str) -> tuple[str, Any]:
    """Return key and value of a setting `"key=value"`.

    Raises:
        UsageError: It has no `=`, or its value is neither TOML nor a bare word.
    """
    key, equals, text = (part.strip() for part in setting.partition("="))
    if not _KEY.fullmatch(key) or not equals or not text:
        raise UsageError(
            f"A setting must be key=value. Received: {quote(setting)}.",
            hint="For example: training.batch=32",
        )
    document = f"value = {text}".encode(errors="surrogatepass")
    try:
        tables = parse_toml(document, where=f"The value of {key!r}", error=UsageError)
    except UsageError:
        if text.startswith(tuple("\"'[{")):
            raise
        return key, text
    # More than one key: a line break followed by something like an assignment.
    return key, tables["value"] if len(tables) == 1 else text


def _keys_of_tables(recipe: Recipe) -> dict[str, set[str]]:
    """The keys that each table takes, as far as that is known without importing anything."""
    optimizers = ("generator_optimizer", "discriminator_optimizer")
    return {
        "architecture": _plugin_keys("architecture", recipe.architecture),
        "dataset": _plugin_keys("dataset", recipe.dataset),
        "gan": set(GANConfig.model_fields),
        **{name: set(type(getattr(recipe, name)).model_fields) - {"name"} for name in optimizers},
        "training": set(Training.model_fields),
    }


def _plugin_keys(kind: str, part: Part) -> set[str]:
    try:
        return recipe_keys(kind, plugin_signature(find_plugin(kind, part.name)))
    except GanzooError:  # for `check_recipe_plugins` to report
        return set(part.options)


def _resolve_key(key: str, known: dict[str, set[str]]) -> tuple[str, ...]:
    """The table of a key, and the key in it."""
    path = tuple(key.split("."))
    if len(path) > 1:
        if path[0] not in known:
            raise unknown_key(path[:1], set(known), where=_WHERE, error=UsageError)
        return path
    if key in known:
        raise UsageError(
            f"`{key}` is a table; a setting needs one of its keys.",
            hint=f"For example: {key}.{min(known[key] | {'name'})}=...",
        )
    owners = [table for table, keys in known.items() if key in keys]
    if not owners:
        raise unknown_key(path, set().union(*known.values()), where=_WHERE, error=UsageError)
    if len(owners) > 1:
        raise UsageError(
            f"The key {key!r} is ambiguous: {len(owners)} tables take it.",
            hint=f"Write {' or '.join(f'{owner}.{key}' for owner in owners)}.",
        )
    return (owners[0], key)


def _assign_key(tables: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    node = tables
    for part in path[:-1]:
        if not isinstance(node.get(part), dict):
            node[part] = {}
        node = node[part]
    node[path[-1]] = value
