"""Whether a recipe's names exist and take its keys, found out without importing them."""

from typing import TYPE_CHECKING

from ganzoo.catalog.plugins.annotations import describe_annotation, fits_annotation, literal_choices
from ganzoo.catalog.plugins.discovery import find_plugin, plugin_signature
from ganzoo.catalog.plugins.signature import Signature
from ganzoo.catalog.recipe.validation import unknown_key, wrong_choice
from ganzoo.errors import UsageError
from ganzoo.files.text import format_value, location

if TYPE_CHECKING:
    from ganzoo.catalog.recipe.recipe import Part, Recipe

# an architecture's parameters that the data set gives
FILLED = ("image_shape", "classes", "source_shape")
_OPTIONS = {("dataset", "data"): "--data PATH, or "}  # keys that an option of the command sets


def check_names(recipe: "Recipe", where: str = "the recipe") -> None:
    """Refuses a recipe whose architecture or data set cannot be what it says.

    Both must be installed, take every key that is given, with a value of the type that the
    source annotates, and be given every key without a default. As far as the source tells.

    Args:
        recipe: The recipe.
        where: What it is, for the message.

    Raises:
        UnknownName: An unknown architecture, data set or key, or unknown features.
        UsageError: A value of the wrong type, a missing key, a key that the data
            set fills.
        PluginError: The name is ambiguous or its plugin broken.
    """
    check_part("architecture", recipe.architecture, where)
    check_part("dataset", recipe.dataset, where)
    if recipe.training.evaluate_features is not None:
        find_plugin("features", recipe.training.evaluate_features)


def check_part(kind: str, part: "Part", where: str = "the recipe") -> None:
    """Refuses one of the two tables, as `check_names` does.

    Args:
        kind: "architecture" or "dataset".
        part: The table.
        where: What it stands in, for the message.
    """
    _check(kind, part, plugin_signature(find_plugin(kind, part.name)), where)


def settable(kind: str, read: Signature) -> set[str]:
    """The keys that a recipe can set for a plugin of that kind."""
    return {key for key in read.parameters if not is_filled(kind, key)}


def is_filled(kind: str, key: str) -> bool:
    """Whether the data set gives that parameter, so that no recipe may."""
    return kind == "architecture" and key in FILLED


def _check(kind: str, part: "Part", read: Signature, where: str) -> None:
    for key, value in part.options.items():
        if is_filled(kind, key):
            raise UsageError(
                f"{location((kind, key), where)} cannot be set: it comes from the data set.",
                hint="Remove the key.",
            )
        if key in read.parameters:
            _check_type((kind, key), value, read.parameters[key].annotation, where)
        elif not read.open:
            raise unknown_key((kind, key), settable(kind, read), where=where, error=UsageError)
    for key, parameter in read.parameters.items():
        if parameter.required and not is_filled(kind, key) and key not in part.options:
            raise UsageError(
                f"{location((kind,), where)} lacks a key that {part.name!r} needs. "
                f"Expected: `{key}`.",
                hint=f"Set it: {_OPTIONS.get((kind, key), '')}{kind}.{key}=...",
            )


def _check_type(path: tuple[str, str], value: object, annotation: str, where: str) -> None:
    if fits_annotation(annotation, value):
        return
    if literal_choices(annotation):
        raise wrong_choice(path, value, literal_choices(annotation), where=where, error=UsageError)
    expected = describe_annotation(annotation)
    raise UsageError(
        f"{location(path, where)} must be {expected}. Received: {format_value(value)}."
    )
