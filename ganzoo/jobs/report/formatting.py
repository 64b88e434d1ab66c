"""Values as safe HTML text: numbers, percentages, sizes, times, TOML."""

import html
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_TOML_TABLE = re.compile(r"\s*\[.*\]\s*")
_TOML_PAIR = re.compile(r'(\s*)([A-Za-z0-9_-]+|"[^"]*")( = )(.*)', re.DOTALL)


def escape_html(value: object) -> str:
    r"""Escape a value for use between tags and inside quoted attributes.

    Control, bidirectional and other invisible characters are written out, as `\u202e`; tabs and
    newlines stay.
    """
    return html.escape("".join(_escape_invisible(c) for c in str(value)), quote=True)


def _escape_invisible(character: str) -> str:
    # Cc, Cf: control and format (ESC, RTL override); Cs: lone surrogates, which UTF-8 refuses
    if character in "\t\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cs"):
        return character
    return f"\\u{ord(character):04x}"


def format_number(value: float, *, digits: int = 4) -> str:
    """Format a number with `digits` significant digits: `0.6931`, `1,234`, `2.5e-05`."""
    if not math.isfinite(value):
        return "not finite"
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e9:
        return f"{value:.{max(digits - 2, 0)}e}"
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{decimals}f}"


def format_percent(value: float) -> str:
    """Format a fraction as `97.5 %`."""
    return f"{100 * value:.1f} %" if math.isfinite(value) else format_number(value)


def format_count(value: object) -> str:
    """Format an integer with thousands separators; escape anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) < 10**30 else "more than 10^30"
    return escape_html(value)


def format_bytes(size: float) -> str:
    """Format a file size: `640 bytes`, `12 kB`, `3.4 MB`."""
    if size < 1000:
        return f"{size} bytes"
    if size < 1_000_000:
        return f"{size / 1000:.0f} kB"
    return f"{size / 1_000_000:.1f} MB"


def format_time(iso: object) -> str:
    """Format an ISO 8601 time as `22 Nov 2025, 02:01 UTC`; escape anything else."""
    try:
        when = datetime.fromisoformat(str(iso))
    except ValueError:
        return escape_html(iso)
    zone = ""
    if when.tzinfo is not None:
        zone = " UTC" if when.utcoffset() == timedelta(0) else f" UTC{when:%z}"
    month = _MONTHS[3 * when.month - 3 : 3 * when.month]
    return f"{when.day} {month} {when.year}, {when:%H:%M}{zone}"


def highlight_toml(document: str) -> str:
    """Convert a TOML document to HTML with its tables, keys and values highlighted."""
    return "\n".join(_highlight_toml_line(line) for line in document.rstrip("\n").split("\n"))


def _highlight_toml_line(line: str) -> str:
    if _TOML_TABLE.fullmatch(line):
        return f'<span class="table">{escape_html(line)}</span>'
    if pair := _TOML_PAIR.fullmatch(line):
        indent, key, equals, value = map(escape_html, pair.groups())
        kind = "string" if pair[4].startswith(('"', "'")) else "value"
        return f'{indent}<span class="key">{key}</span>{equals}<span class="{kind}">{value}</span>'
    return escape_html(line)


def flatten(value: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the leaves of nested tables as pairs of dotted key and plain text, in order."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from flatten(item, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list | tuple):
        yield prefix, ", ".join(str(item) for item in value) or "none"
    elif value is None:
        yield prefix, "none"
    elif isinstance(value, bool):
        yield prefix, str(value).lower()
    else:
        yield prefix, str(value)
