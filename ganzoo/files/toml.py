"""TOML documents, read strictly and under limits.

Cards and recipes may come from strangers. What the TOML reader of Python would take
minutes or gigabytes for, or answer with an exception of its own, is refused here.
"""

import math
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from ganzoo.errors import GanzooError, InvalidInput
from ganzoo.files.reading import open_regular
from ganzoo.files.text import environment_problem, format_value, location, quote

MAX_BYTES = 256 * 1024
MAX_DEPTH = 8
LARGEST_INTEGER = 2**53  # beyond it a float, and so JSON, cannot hold every whole number

# Strings and comments, also unclosed ones, so that a search among keys sees keys only.
_TEXT = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"""|\Z)'
    r"|'''.*?(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.)*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*",
    re.DOTALL,
)
_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]+[ \t]*\.[ \t]*){{{MAX_DEPTH},}}")


def read_toml(path: str | os.PathLike, *, error: type[GanzooError] = InvalidInput) -> dict:
    """Return the tables of a TOML file; see `check_values` for what they may hold.

    Args:
        path: Path of a regular file of at most 256 kB.
        error: Error to raise for content that is not TOML.
    """
    path = Path(path)
    with open_regular(path, follow_symlinks=True) as file:
        try:
            content = file.read(MAX_BYTES + 1)
        except OSError as problem:
            raise environment_problem("read", path, problem) from problem
    return parse_toml(content, where=quote(path), error=error)


def parse_toml(content: bytes, *, where: str, error: type[GanzooError] = InvalidInput) -> dict:
    """Return the tables of a TOML document.

    Args:
        content: UTF-8 text, at most 256 kB and 8 tables deep.
        where: Name of the document, for the message.
        error: Error to raise for content that is not valid.
    """
    if len(content) > MAX_BYTES:
        raise error(f"{where} is too large: expected at most {MAX_BYTES // 1024} kB of TOML.")
    try:
        text = content.decode("utf-8")
        if text.startswith("\ufeff"):
            raise ValueError("a byte-order mark at the beginning; save it as UTF-8 without one")
        if _LONG_KEY.search(_TEXT.sub("x", text)):
            raise ValueError(f"a key of more than {MAX_DEPTH} parts")
        return tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        reason = "nested too deeply" if isinstance(problem, RecursionError) else str(problem)
        raise error(f"{where} is not valid TOML: {reason}.") from problem


def check_values(
    value: object,
    *,
    where: str,
    error: type[GanzooError] = InvalidInput,
    path: tuple[str | int, ...] = (),
) -> None:
    """Refuse dates, NaN, huge numbers and deep nesting, which no card or recipe may hold.

    Args:
        value: Value out of a document.
        where: Name of the document, for the message.
        error: Error to raise.
        path: Keys and indices that lead to the value, for the message.
    """
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    else:
        expected = _expected_instead(value)
        if expected:
            raise error(
                f"{location(path, where)} must be {expected}. Received: {format_value(value)}."
            )
        return
    if len(path) >= MAX_DEPTH:
        raise error(f"{location(path, where)} is too deep: expected at most {MAX_DEPTH} levels.")
    for key, item in items:
        check_values(item, where=where, error=error, path=(*path, key))


def _expected_instead(value: object) -> str:
    """Return what is expected in place of a value that is not allowed; "" if it is."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, str):
        # An argument that is not UTF-8 reaches Python as halves of surrogate pairs.
        return "" if value.encode(errors="replace").decode() == value else "text in UTF-8"
    if isinstance(value, int):
        return "" if abs(value) <= LARGEST_INTEGER else "a whole number of at most 2**53"
    if isinstance(value, float):
        return "" if math.isfinite(value) else "a finite number"
    return "text, a number, true or false, a list or a table"
