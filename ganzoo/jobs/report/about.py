"""What a run was made of: its data, its surroundings, its provenance."""

import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import PurePath

from ganzoo.jobs.report.markup import count, flat, moment, text


def about(manifest: Mapping, data: Mapping) -> str:
    """The manifest in three groups; what it may grow later lands in the last."""
    made = ("ganzoo", "backend", "versions", "python", "platform", "dispatch", "plugins")
    told = ("schema", "model", "state", "parameters", "data", "argv", "created", "evaluation")
    rest = {key: value for key, value in manifest.items() if key not in made + told}
    story = {"begun": moment(manifest["created"])} if manifest.get("created") else {}
    groups = (
        ("Data", _pairs(data)),
        ("Made with", _pairs({key: manifest[key] for key in made if key in manifest})),
        ("Provenance", [*story.items(), *_pairs(rest)]),
    )
    cards = (
        f'<section class="card"><h3>{title}</h3>{listed(pairs)}</section>'
        for title, pairs in groups
        if pairs
    )
    return "".join(cards) + _command(manifest)


def listed(pairs: Iterable[tuple[str, str]]) -> str:
    """Pairs of a plain name and an HTML value as a list of definitions."""
    rows = (f"<div><dt>{text(key)}</dt><dd>{value}</dd></div>" for key, value in pairs)
    return f'<dl class="pairs">{"".join(rows)}</dl>'


def _pairs(table: Mapping) -> list[tuple[str, str]]:
    """Each key with its value as HTML; a table inside becomes one line."""
    return [(str(key).replace("_", " "), _value(str(key), value)) for key, value in table.items()]


def _value(key: str, value: object) -> str:
    if key in ("image_shape", "source_shape") and isinstance(value, list | tuple):
        return " × ".join(map(text, value))
    if isinstance(value, Mapping):
        return "<br>".join(f"{text(name)} {text(leaf)}" for name, leaf in flat(value)) or "none"
    plain = next(flat(value))[1]
    if re.fullmatch(r"[0-9a-f]{32,}", plain):
        return f"<code>{plain}</code>"
    return count(value) if key in ("count", "rate") else _linked(plain)


def _linked(value: str) -> str:
    if re.fullmatch(r"https?://[!-~]+", value):
        return f'<a href="{text(value)}" rel="noreferrer noopener">{text(value)}</a>'
    return text(value)


def _command(manifest: Mapping) -> str:
    argv = manifest.get("argv")
    if not isinstance(argv, list | tuple) or not argv:
        return ""
    words = [PurePath(str(argv[0])).name, *map(str, argv[1:])]
    return (
        f'<section class="card"><h3>Command</h3><pre class="copy">{text(shlex.join(words))}</pre>'
        "</section>"
    )
