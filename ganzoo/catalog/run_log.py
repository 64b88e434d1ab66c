"""The log of a run: one line of JSON for each entry, appended to, torn by nothing."""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.files.publish import publish
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import parse_object
from ganzoo.files.text import environment_problem, quote

_MAX_BYTES = 1024**3


def read_log(path: Path, *, containing: str = "") -> list[dict[str, Any]]:
    """Return all entries, without a last line that a crash has torn.

    Args:
        path: The log; it need not exist.
        containing: Text that must stand in the line of an entry, unless it is the last one with
            values; reading those alone is much faster.

    Raises:
        InvalidInput: A line that ends is not a JSON object.
    """
    lines, text = _whole_lines(path), containing.encode()
    last = max((n for n, line in enumerate(lines, start=1) if b'"event"' not in line), default=0)
    return [
        parse_object(line, f"line {number} of {quote(path)}")
        for number, line in enumerate(lines, start=1)
        if text in line or number == last
    ]


def append_entry(path: Path, entry: Mapping[str, Any]) -> None:
    """Add an entry in one write, and drop a torn line before it.

    Args:
        path: The log; it is created if it is not there.
        entry: Values by name, numbers of NumPy among them. One that is not finite becomes null,
            which JSON can express.
    """
    values = {name: _json_number(value) for name, value in entry.items()}
    line = json.dumps(values, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                os.ftruncate(descriptor, sum(map(len, _whole_lines(path))))
            os.write(descriptor, line)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise environment_problem("write", path, error) from error


def truncate_log(path: Path, step: int) -> None:
    """Drop every entry after a step, and a torn last line.

    Args:
        path: The log; it need not exist.
        step: The last step to keep; entries without one stay.
    """
    lines = _whole_lines(path)
    kept = [
        line
        for line, entry in zip(lines, read_log(path), strict=True)
        if not isinstance(entry.get("step"), int) or entry["step"] <= step
    ]
    if path.exists() and sum(map(len, kept)) != path.stat().st_size:
        publish(path, kept, overwrite=True)


def _whole_lines(path: Path) -> list[bytes]:
    """The lines that are whole, each with its line break."""
    if not path.exists():
        return []
    content = read_bytes(path, limit=_MAX_BYTES)
    whole, newline, _ = content.rpartition(b"\n")
    return (whole + newline).splitlines(keepends=True)


def _json_number(value: Any) -> Any:
    if hasattr(value, "item"):  # a number of NumPy or of a framework
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
