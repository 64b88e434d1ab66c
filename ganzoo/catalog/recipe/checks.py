"""Checks of a recipe against its plugins: names, keys and types. Nothing is imported."""

from ganzoo.catalog.plugins.annotations import describe_annotation, fits_annotation, literal_choices
from ganzoo.catalog.plugins.discovery import find_plugin, plugin_signature
from ganzoo.catalog.plugins.signature import Signature
from ganzoo.catalog.recipe.recipe import Part, Recipe
from ganzoo.config.validation import follows_schedule, unknown_key, wrong_choice
from ganzoo.errors import UsageError
from ganzoo.files.text import format_value, location

# parameters of an architecture that the data set fills
_FILLED = ("image_shape", "classes", "source_shape")
_OPTIONS = {("dataset", "data"): "--data PATH, or "}  # keys that an option of the command sets


def check_recipe_plugins(recipe: Recipe, where: str = "the recipe") -> None:
    """Refuse a recipe whose architecture, data set or features do not exist or do not fit.

    Both tables must name an installed plugin, give each key a value of the type that the source
    annotates, and give every key without a default; as far as the source tells.

    Args:
        recipe: The recipe.
        where: The document that it stands in, for messages.

    Raises:
        UnknownName: An unknown architecture, data set or key, or unknown features.
        UsageError: A value of the wrong type, a missing key, a key that the data set fills.
        PluginError: The name is ambiguous or its plugin broken.
    """
    check_plugin_options("architecture", recipe.architecture, where)
    check_plugin_options("dataset", recipe.dataset, where)
    if recipe.training.evaluate_features is not None:
        find_plugin("features", recipe.training.evaluate_features)


def check_plugin_options(kind: str, part: Part, where: str = "the recipe") -> None:
    """Refuse one of the two tables; see `check_recipe_plugins`.

    Args:
        kind: `"architecture"` or `"dataset"`.
        part: The table.
        where: The document that it stands in, for messages.
    """
    signature = plugin_signature(find_plugin(kind, part.name))
    for key, value in part.options.items():
        if is_filled_by_data(kind, key):
            raise UsageError(
                f"{location((kind, key), where)} cannot be set: it comes from the data set.",
                hint="Remove the key.",
            )
        if key in signature.parameters:
            _check_option_type((kind, key), value, signature.parameters[key].annotation, where)
        elif not signature.open:
            known = recipe_keys(kind, signature)
            raise unknown_key((kind, key), known, where=where, error=UsageError)
    for key, parameter in signature.parameters.items():
        if parameter.required and not is_filled_by_data(kind, key) and key not in part.options:
            raise UsageError(
                f"{location((kind,), where)} lacks a key that {part.name!r} needs. "
                f"Expected: `{key}`.",
                hint=f"Set it: {_OPTIONS.get((kind, key), '')}{kind}.{key}=...",
            )


def recipe_keys(kind: str, signature: Signature) -> set[str]:
    """Return the keys that a recipe can set for a plugin of that kind."""
    return {key for key in signature.parameters if not is_filled_by_data(kind, key)}


def is_filled_by_data(kind: str, key: str) -> bool:
    """Return whether the data set fills that parameter, so that no recipe may set it."""
    return kind == "architecture" and key in _FILLED


def _check_option_type(path: tuple[str, str], value: object, annotation: str, where: str) -> None:
    if fits_annotation(annotation, value):
        return
    if literal_choices(annotation):
        raise wrong_choice(path, value, literal_choices(annotation), where=where, error=UsageError)
    expected = describe_annotation(annotation)
    must = "cannot follow a schedule, and must be" if follows_schedule(value) else "must be"
    raise UsageError(f"{location(path, where)} {must} {expected}. Received: {format_value(value)}.")
