"""Text and numbers for a page that strangers' strings cannot harm."""

import html
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_TOML_TABLE = re.compile(r"\s*\[.*\]\s*")
_TOML_PAIR = re.compile(r'(\s*)([A-Za-z0-9_-]+|"[^"]*")( = )(.*)', re.DOTALL)


def text(value: object) -> str:
    r"""A value as inert HTML text, safe between tags and inside quoted attributes.

    Control, bidirectional and other invisible characters are written out, as `\u202e`,
    so that a string reads as what it is; tabs and newlines stay.
    """
    return html.escape("".join(_visible(c) for c in str(value)), quote=True)


def _visible(character: str) -> str:
    # Cc, Cf: control and format (ESC, RTL override); Cs: lone surrogates, which UTF-8 refuses
    if character in "\t\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cs"):
        return character
    return f"\\u{ord(character):04x}"


def number(value: float, *, digits: int = 4) -> str:
    """A measured number with `digits` significant digits: `0.6931`, `1,234`, `2.5e-05`."""
    if not math.isfinite(value):
        return "not finite"
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e9:
        return f"{value:.{max(digits - 2, 0)}e}"
    places = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{places}f}"


def share(value: float) -> str:
    """A share of one as `97.5 %`."""
    return f"{100 * value:.1f} %" if math.isfinite(value) else number(value)


def count(value: object) -> str:
    """An integer with thousands separators; anything else as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) < 10**30 else "more than 10^30"
    return text(value)


def size(octets: int) -> str:
    """A file size: `640 bytes`, `12 kB`, `3.4 MB`."""
    if octets < 1000:
        return f"{octets} bytes"
    if octets < 1_000_000:
        return f"{octets / 1000:.0f} kB"
    return f"{octets / 1_000_000:.1f} MB"


def duration(seconds: float) -> str:
    """A span of time in its two largest units: `8.4 s`, `1 min 23 s`, `2 h 05 min`, `3 d 4 h`."""
    if not math.isfinite(seconds) or seconds < 0:
        return "unknown"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def moment(iso: object) -> str:
    """An ISO 8601 time as `22 Nov 2025, 02:01 UTC`; anything else as it is, escaped."""
    try:
        when = datetime.fromisoformat(str(iso))
    except ValueError:
        return text(iso)
    zone = ""
    if when.tzinfo is not None:
        zone = " UTC" if when.utcoffset() == timedelta(0) else f" UTC{when:%z}"
    month = _MONTHS[3 * when.month - 3 : 3 * when.month]
    return f"{when.day} {month} {when.year}, {when:%H:%M}{zone}"


def toml(document: str) -> str:
    """A TOML document as HTML with its tables, keys and values marked up, line by line."""
    return "\n".join(_toml_line(line) for line in document.rstrip("\n").split("\n"))


def _toml_line(line: str) -> str:
    if _TOML_TABLE.fullmatch(line):
        return f'<span class="table">{text(line)}</span>'
    if pair := _TOML_PAIR.fullmatch(line):
        indent, key, equals, value = map(text, pair.groups())
        kind = "string" if pair[4].startswith(('"', "'")) else "value"
        return f'{indent}<span class="key">{key}</span>{equals}<span class="{kind}">{value}</span>'
    return text(line)


def flat(value: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The leaves of nested tables as (dotted key, plain text), in the tables' order."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from flat(item, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list | tuple):
        yield prefix, ", ".join(str(item) for item in value) or "none"
    elif value is None:
        yield prefix, "none"
    elif isinstance(value, bool):
        yield prefix, str(value).lower()
    else:
        yield prefix, str(value)
