"""Metadata of a run as HTML: its data, software and provenance."""

import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import PurePath

from ganzoo.jobs.report.formatting import escape_html, flatten, format_count, format_time

_SOFTWARE = ("ganzoo", "backend", "versions", "python", "platform", "dispatch", "plugins")
_SHOWN_ELSEWHERE = (
    "schema", "model", "state", "parameters", "data", "argv", "created", "evaluation", "resumed",
    "files", "log", "checkpoint",
)  # fmt: skip


def run_metadata(manifest: Mapping, data: Mapping) -> str:
    """Return cards of data, software, provenance and command; empty ones are left out.

    Args:
        manifest: The manifest of the run.
        data: Its table `data`.
    """
    known = _SOFTWARE + _SHOWN_ELSEWHERE
    rest = {key: value for key, value in manifest.items() if key not in known}
    created = manifest.get("created")
    started = [("started", format_time(created))] if created else []
    groups = (
        ("Data", _table_pairs(data)),
        ("Software", _table_pairs({key: manifest[key] for key in _SOFTWARE if key in manifest})),
        ("Provenance", [*started, *_table_pairs(rest)]),
    )
    cards = (
        f'<section class="card"><h3>{title}</h3>{definition_list(pairs)}</section>'
        for title, pairs in groups
        if pairs
    )
    return "".join(cards) + _command_card(manifest)


def definition_list(pairs: Iterable[tuple[str, str]]) -> str:
    """Return an HTML list of definitions.

    Args:
        pairs: Terms as plain text, each with its definition as HTML.
    """
    rows = (f"<div><dt>{escape_html(key)}</dt><dd>{value}</dd></div>" for key, value in pairs)
    return f'<dl class="pairs">{"".join(rows)}</dl>'


def _table_pairs(table: Mapping) -> list[tuple[str, str]]:
    """Return each key with its value as HTML, an inner table in one value."""
    return [
        (str(key).replace("_", " "), _value_html(str(key), value)) for key, value in table.items()
    ]


def _value_html(key: str, value: object) -> str:
    if key in ("image_shape", "source_shape") and isinstance(value, list | tuple):
        return " × ".join(map(escape_html, value))
    if isinstance(value, Mapping):
        leaves = (f"{escape_html(name)} {escape_html(leaf)}" for name, leaf in flatten(value))
        return "<br>".join(leaves) or "none"
    plain = next(flatten(value))[1]
    if re.fullmatch(r"[0-9a-f]{32,}", plain):
        return f"<code>{plain}</code>"
    return format_count(value) if key in ("count", "rate") else _link_html(plain)


def _link_html(value: str) -> str:
    if re.fullmatch(r"https?://[!-~]+", value):
        return f'<a href="{escape_html(value)}" rel="noreferrer noopener">{escape_html(value)}</a>'
    return escape_html(value)


def _command_card(manifest: Mapping) -> str:
    """Return the command of the run, and the steps and commands from which it was resumed."""
    parts = []
    if command := _command_line(manifest.get("argv")):
        parts.append(f'<pre class="copy">{command}</pre>')
    resumed = manifest.get("resumed")
    for one in resumed if isinstance(resumed, list | tuple) else ():
        if isinstance(one, Mapping) and "step" in one:
            parts.append(f"<p>Resumed from step {format_count(one['step'])}</p>")
            if command := _command_line(one.get("argv")):
                parts.append(f"<pre>{command}</pre>")
    return f'<section class="card"><h3>Command</h3>{"".join(parts)}</section>' if parts else ""


def _command_line(argv: object) -> str:
    if not isinstance(argv, list | tuple) or not argv:
        return ""
    return escape_html(shlex.join([PurePath(str(argv[0])).name, *map(str, argv[1:])]))
