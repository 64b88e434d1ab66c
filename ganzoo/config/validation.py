"""Pydantic's findings in the grammar of ganzoo's errors."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeVar, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from ganzoo.config.broken_metadata import pass_over_broken_metadata
from ganzoo.config.retired_keys import renamed_hint
from ganzoo.errors import GanzooError, UnknownName, UsageError, unknown
from ganzoo.files.text import format_value, location, shorten
from ganzoo.files.toml import check_values

pass_over_broken_metadata()  # before the first model: every module with models imports this one

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[str | int, ...]

# Patterns of text fields, with what a message says of them; any other is that of a name.
ONE_LINE = r"^[^\r\n]*$"
DIGEST = r"^[0-9a-f]{64}$"
_PATTERNS = {ONE_LINE: "one line of text", DIGEST: "a sha256 in 64 hexadecimal digits"}

_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "greater_than": "greater than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_too_short": "text, not empty",
    "string_too_long": "text of at most {max_length} characters",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "string_pattern_mismatch": "a name: letters, digits, '.', '_' and '-'",
}


class Table(BaseModel):
    """A table of fixed keys: no others, no value of a neighboring type, no change later."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


def validated(
    model: type[Model], tables: Mapping[str, Any], *, where: str, error: type[GanzooError]
) -> Model:
    """The model made of the tables of a TOML document. See `validate_keywords`."""
    check_values(tables, where=where, error=error)
    return validate_keywords(model, tables, where=where, error=error)


def validate_keywords(
    model: type[Model], tables: Mapping[str, Any], *, where: str, error: type[GanzooError]
) -> Model:
    """The model made of keywords, which in Python may be objects.

    Args:
        model: The class whose fields the keywords must fit, strictly.
        tables: Values by name.
        where: The document or function that they come from, for the message.
        error: The error to raise. Of several faults one is named, unknown keys first.
    """
    try:
        return model.model_validate(tables)
    except ValidationError as problem:
        faults = problem.errors(include_url=False)
    fault = min(faults, key=lambda fault: fault["type"] != "extra_forbidden")
    raise _translated(model, dict(fault), tables, where, error)


def unknown_key(
    path: Path, known: Mapping[str, Any] | set[str], *, where: str, error: type[GanzooError]
) -> GanzooError:
    """The error for a key that nothing takes, with its new name or the nearest that exist.

    Args:
        path: The key and the tables it stands in.
        known: The keys that could stand there.
        where: The document.
        error: What to raise; `UsageError` becomes its kind for unknown names.
    """
    table = location(path[:-1], where)
    problem = unknown(f"key in {table}", shorten(str(path[-1])), known)
    hint = renamed_hint(str(path[-1]), known) or problem.hint
    return (UnknownName if error is UsageError else error)(problem.message, hint=hint)


def wrong_choice(
    path: Path, value: object, choices: list[str], *, where: str, error: type[GanzooError]
) -> GanzooError:
    """The error for a value that is not one of a few."""
    if isinstance(value, str):
        hint = unknown("choice", value, choices).hint
        hint = hint if hint and hint.startswith("Did") else None
    else:
        hint = None
    expected = ", ".join(choices[:-1]) + f" or {choices[-1]}" if choices[1:] else choices[0]
    return error(
        f"{location(path, where)} must be {expected}. Received: {format_value(value)}.", hint=hint
    )


def _translated(
    model: type[BaseModel],
    fault: dict[str, Any],
    tables: Mapping[str, Any],
    where: str,
    error: type[GanzooError],
) -> GanzooError:
    kind, value, context = fault["type"], fault["input"], fault.get("ctx", {})
    path = _path(fault["loc"], tables, missing=kind == "missing")
    if kind.startswith("union_tag"):
        path = (*path, context["discriminator"].strip("'"))
    match kind:
        case "extra_forbidden":
            return unknown_key(path, _known(model, fault["loc"][:-1]), where=where, error=error)
        case "missing" | "union_tag_not_found":
            thing = "table" if len(path) == 1 else "key"
            return error(f"{location(path[:-1], where)} lacks a {thing}. Expected: `{path[-1]}`.")
        case "union_tag_invalid":
            choices = re.findall(r"'(.*?)'", context["expected_tags"])
            return wrong_choice(path, value[path[-1]], choices, where=where, error=error)
        case "literal_error":
            choices = [c.strip("'") for c in re.split(r", | or ", context["expected"])]
            return wrong_choice(path, value, choices, where=where, error=error)
        case "value_error":
            return error(f"{location(path, where)} {context['error']}.")
    limits = {name: _number(limit) for name, limit in context.items()}
    expected = _EXPECTED[kind].format(**limits) if kind in _EXPECTED else fault["msg"]
    expected = _PATTERNS.get(context.get("pattern"), expected)
    must = "cannot follow a schedule, and must be" if follows_schedule(value) else "must be"
    return error(f"{location(path, where)} {must} {expected}. Received: {format_value(value)}.")


def follows_schedule(value: object) -> bool:
    """Return whether a value is the table of a schedule."""
    return isinstance(value, Mapping) and "schedule" in value


def _number(limit: Any) -> Any:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def _path(location: Path, tables: Any, *, missing: bool) -> Path:
    """A fault's location without the names of union members that pydantic puts into it."""
    path: list[str | int] = []
    node: Any = tables
    for position, part in enumerate(location):
        inside_list = isinstance(node, list) and isinstance(part, int)
        if inside_list or (isinstance(node, Mapping) and part in node):
            path.append(part)
            node = cast(Any, node)[part]
        elif missing and position == len(location) - 1:
            path.append(part)
    return tuple(path)


def _known(model: type[BaseModel], location: Path) -> set[str]:
    """The keys of the table at a fault's location."""
    models = [model]
    for part in location:
        inner = [
            found
            for owner in models
            for name, field in owner.model_fields.items()
            if part in (name, field.alias)
            for found in _models(field.annotation)
        ]
        # Not a field: the name of a union's member, which narrows the choice.
        models = inner or [owner for owner in models if _tagged(owner, part)] or models
    return {field.alias or name for owner in models for name, field in owner.model_fields.items()}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _tagged(model: type[BaseModel], tag: str | int) -> bool:
    """Return whether a field of the model can only be this tag."""
    annotations = (field.annotation for field in model.model_fields.values())
    return any(get_origin(a) is Literal and get_args(a) == (tag,) for a in annotations)
