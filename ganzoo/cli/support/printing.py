"""Printing: data on stdout, notes on stderr, without control characters."""

import contextlib
import json
import math
import numbers
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from ganzoo.errors import EnvironmentProblem
from ganzoo.files.text import escape

_MAX_LINE = 1000  # characters
_MAX_PATHS = 3  # of a sample: image, sound and animation
_MAX_WIDTH = 100  # of text that is broken into lines


def single_line(text: str) -> str:
    """Return text on one line, escaped, and shortened in its middle if it is very long."""
    text = escape(" ".join(text.split()))
    if len(text) > _MAX_LINE:
        text = f"{text[: _MAX_LINE // 2]} ... {text[-_MAX_LINE // 2 :]}"
    return text


def print_data(text: str) -> None:
    """Print lines of data on stdout.

    Raises:
        BrokenPipeError: The reader of stdout has closed it.
        EnvironmentProblem: stdout cannot be written.
    """
    _write_data(sys.stdout, escape(text).rstrip("\n") + "\n")


def print_json(content: Any, *, indent: int | None = 2) -> None:
    """Print one JSON document on stdout; `indent=None` keeps it on one line."""
    # ASCII only: no control characters, and valid in any encoding.
    _write_data(sys.stdout, json.dumps(_json_value(content), indent=indent, allow_nan=False) + "\n")


def print_note(text: str) -> None:
    """Print a line for people on stderr; nothing happens if stderr is closed."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(escape(text).rstrip("\n") + "\n")
        sys.stderr.flush()


def wrap(text: str, *, indent: str = "") -> str:
    """Break text into lines as wide as the terminal, at most 100 columns; addresses stay whole.

    Args:
        text: Paragraphs, separated by empty lines.
        indent: What each line begins with.
    """
    width = min(max(shutil.get_terminal_size().columns, 40), _MAX_WIDTH)
    options: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
    return "\n\n".join(
        textwrap.fill(paragraph, width, initial_indent=indent, subsequent_indent=indent, **options)
        for paragraph in text.strip().split("\n\n")
    )


def shorten_number(number: int) -> str:
    """Return a number in three digits: `166 k`, `3.58 M`."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:#.3g}".rstrip(".") + f" {unit}"
    return str(number)


def format_number_of(noun: str, number: int) -> str:
    """Return a number of things: "1 model", "2 models"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def format_columns(rows: Iterable[Sequence[str]], *, indent: str = "  ", gap: str = "  ") -> str:
    """Format rows as lines with aligned columns; the last column is not padded."""
    cells = [[" ".join(escape(cell).split()) for cell in row] for row in rows]
    if not cells:
        return ""
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    lines = (
        indent + gap.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def format_fields(content: Mapping[str, Any], *, indent: str = "", separator: str = ", ") -> str:
    """Format a mapping as lines of `key  value`, without empty values; inner mappings indented.

    Args:
        content: Values, lists and mappings by name.
        indent: What each line begins with.
        separator: What stands between the items of a list.
    """
    lines = []
    width = max((len(str(key)) for key in content), default=0)
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            lines += [f"{indent}{key}", format_fields(value, indent=indent + "  ")]
        elif value not in (None, "", [], (), {}):
            between = " x " if str(key).endswith("shape") else separator
            text = humanize(value, separator=between)
            lines.append(f"{indent}{str(key).ljust(width)}  {text}")
    return "\n".join(lines)


def humanize(value: Any, *, separator: str = ", ") -> str:
    """Format a value for people: `1,234,567`, `yes`, the joined items of a list."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return separator.join(str(item) for item in value)
    return str(value)


def print_result(content: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the result of a verb as JSON, or as lines of `key  value`."""
    if as_json:
        print_json(content)
    else:
        print_data(format_fields(content))


def print_files(paths: Sequence[Path], *, as_json: bool) -> None:
    """Print the paths of written files; of many in one folder the folder and their number."""
    folders = {path.parent for path in paths}
    if as_json:
        print_json({"files": paths})
    elif len(paths) > _MAX_PATHS and len(folders) == 1:
        print_data(f"{folders.pop()}  {format_number_of('file', len(paths))}")
    else:
        print_data("\n".join(map(str, paths)))


def print_run(run: Any) -> None:
    """Print the paths of a run's folder, report, samples and weights."""
    paths = {"run": run.path, "report": run.report_path, "samples": run.samples}
    print_data(format_fields(paths | {"weights": run.weights_path}))


def _write_data(stream: TextIO | None, text: str) -> None:
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


def _json_value(content: Any) -> Any:
    """Convert to what JSON has: paths to text, numbers that are not finite to `null`."""
    if isinstance(content, Mapping):
        return {str(key): _json_value(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_json_value(value) for value in content]
    if content is None or isinstance(content, (bool, str)):
        return content
    if isinstance(content, numbers.Integral):
        return int(content)
    if isinstance(content, numbers.Real):
        return float(content) if math.isfinite(content) else None
    return str(content)
