"""The log of a run: one line of JSON for each entry, appended to, torn by nothing."""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.errors import InvalidInput
from ganzoo.files.problems import environment_problem
from ganzoo.files.publish import publish
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import parse_json
from ganzoo.files.text import quote

_MOST_BYTES = 1024**3


def read(path: Path) -> list[dict[str, Any]]:
    """All entries, without a last line that a crash has torn.

    Raises:
        InvalidInput: A line that ends is not a JSON object.
    """
    entries = []
    for number, line in enumerate(_lines(path), start=1):
        where = f"line {number} of {quote(path)}"
        entry = parse_json(line, where)
        if not isinstance(entry, dict):
            raise InvalidInput(f"Expected a JSON object in {where}. Received: {quote(entry)}.")
        entries.append(entry)
    return entries


def append(path: Path, entry: Mapping[str, Any]) -> None:
    """Adds an entry in one write, and drops a torn line before it.

    Args:
        path: The log, created if need be.
        entry: Names and values. Numbers of NumPy are taken; one that is not finite
            becomes null, which JSON can say.
    """
    values = {name: _plain(value) for name, value in entry.items()}
    line = json.dumps(values, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                os.ftruncate(descriptor, sum(map(len, _lines(path))))
            os.write(descriptor, line)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise environment_problem("write", path, error) from error


def truncate(path: Path, step: int) -> None:
    """Drops every entry after a step, and a torn last line.

    Args:
        path: The log; need not exist.
        step: The last step to keep; entries without one stay.
    """
    lines = _lines(path)
    kept = [
        line
        for line, entry in zip(lines, read(path), strict=True)
        if not isinstance(entry.get("step"), int) or entry["step"] <= step
    ]
    if path.exists() and sum(map(len, kept)) != path.stat().st_size:
        publish(path, kept, overwrite=True)


def _lines(path: Path) -> list[bytes]:
    """The lines that are whole, each with its line break."""
    if not path.exists():
        return []
    content = read_bytes(path, limit=_MOST_BYTES)
    whole, newline, _ = content.rpartition(b"\n")
    return (whole + newline).splitlines(keepends=True)


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):  # a number of NumPy or of a framework
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
