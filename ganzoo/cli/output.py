"""What ganzoo writes: data on stdout, everything else on stderr, nothing a terminal obeys."""

import contextlib
import json
import math
import numbers
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from ganzoo.errors import EnvironmentProblem
from ganzoo.files.text import escape

_LONGEST_LINE = 1000  # characters of an error


def one_line(text: str) -> str:
    """`text` inert, on one line, and cut in its middle when it is very long."""
    text = escape(" ".join(text.split()))
    if len(text) > _LONGEST_LINE:
        text = f"{text[: _LONGEST_LINE // 2]} ... {text[-_LONGEST_LINE // 2 :]}"
    return text


def emit(text: str) -> None:
    """Writes lines of data to stdout.

    Raises:
        BrokenPipeError: Whoever read stdout has gone.
        EnvironmentProblem: stdout cannot be written to.
    """
    _write(sys.stdout, escape(text).rstrip("\n") + "\n")


def emit_json(content: Any, *, indent: int | None = 2) -> None:
    """Writes one JSON document to stdout; `indent=None` keeps it on one line."""
    # ASCII only, so that the text is inert as well as valid in any encoding.
    _write(sys.stdout, json.dumps(_plain(content), indent=indent, allow_nan=False) + "\n")


def say(text: str) -> None:
    """Writes a line about what happens to stderr; lost when stderr is closed."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(escape(text).rstrip("\n") + "\n")
        sys.stderr.flush()


def columns(rows: Iterable[Sequence[str]], *, indent: str = "  ", gap: str = "  ") -> str:
    """Rows as lines with aligned columns; the last column is as long as it is."""
    rows = [[" ".join(escape(cell).split()) for cell in row] for row in rows]
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = (
        indent + gap.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def fields(content: Mapping[str, Any], *, indent: str = "") -> str:
    """A mapping as lines of `key  value`; mappings inside it as indented blocks."""
    lines = []
    width = max((len(str(key)) for key in content), default=0)
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            lines += [f"{indent}{key}", fields(value, indent=indent + "  ")]
        elif value not in (None, "", [], (), {}):
            by = " x " if str(key).endswith("shape") else ", "
            lines.append(f"{indent}{str(key).ljust(width)}  {readable(value, by=by)}")
    return "\n".join(lines)


def readable(value: Any, *, by: str = ", ") -> str:
    """A value as a person writes it: `1,234,567`, `yes`, the items of a list joined `by`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return by.join(str(item) for item in value)
    return str(value)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        raise EnvironmentProblem("Standard output is closed.")
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EnvironmentProblem(
            f"Cannot write to standard output. Received: {error.strerror}."
        ) from error


def _plain(content: Any) -> Any:
    """`content` with paths as text and numbers that JSON does not have as `null`."""
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_plain(value) for value in content]
    if content is None or isinstance(content, (bool, str)):
        return content
    if isinstance(content, numbers.Integral):
        return int(content)
    if isinstance(content, numbers.Real):
        return float(content) if math.isfinite(content) else None
    return str(content)
