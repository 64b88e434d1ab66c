"""Strict JSON: canonical text out, nothing that the standard leaves open in."""

import json
from typing import Any

from ganzoo.errors import InvalidInput
from ganzoo.files.text import quote


def canonical_json(value: object, *, indent: int | None = None) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, characters unescaped.

    Args:
        value: None, bool, int, float, str, lists, tuples and dicts with text keys.
        indent: Number of spaces by which a level is indented; None for a single line.

    Raises:
        ValueError: NaN, an infinity, half of a surrogate pair, or nested without end.
        TypeError: Anything else that JSON has no word for; a key that is not text.
    """
    try:
        _check_keys(value)
        text = json.dumps(
            value,
            sort_keys=True,
            separators=(",", ":") if indent is None else (",", ": "),
            ensure_ascii=False,
            allow_nan=False,
            indent=indent,
        )
    except RecursionError:
        raise ValueError("A value nested this deeply has no JSON text.") from None
    text.encode("utf-8")  # UnicodeEncodeError is a ValueError
    return text


def _check_keys(value: object) -> None:
    # json.dumps would write {1: ...} and {"1": ...} alike
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"A JSON key must be text. Received: {key!r}.")
            _check_keys(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_keys(item)


def parse_json(text: str | bytes, where: str) -> object:
    """Return the value of a JSON text; `InvalidInput` for anything that RFC 8259 leaves open.

    Refused: duplicate keys, NaN and infinities, numbers too large for a float, half of a
    surrogate pair, bytes that are not UTF-8, a byte-order mark, nesting without end.

    Args:
        text: JSON text, or its UTF-8 bytes.
        where: Name of the document, for the message.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        value = _DECODER.decode(text)
        canonical_json(value)  # finite numbers, whole characters
    except RecursionError:
        reason = "nested too deeply"
    except ValueError as error:
        reason = str(error)
    else:
        return value
    raise InvalidInput(f"Not valid JSON in {where}: {reason}.")


def parse_object(text: str | bytes, where: str) -> dict[str, Any]:
    """Return the value of a JSON text that must be an object; see `parse_json`."""
    value = parse_json(text, where)
    if not isinstance(value, dict):
        raise InvalidInput(f"Expected a JSON object in {where}. Received: {quote(value)}.")
    return value


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a key given twice, as an `object_pairs_hook`."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _no_constant(text: str) -> object:
    raise ValueError(f"{text} is not a number of JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_no_constant)
