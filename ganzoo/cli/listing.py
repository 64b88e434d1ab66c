"""`ganzoo list`: models, architectures and data sets."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from ganzoo.cli.support.options import Json
from ganzoo.cli.support.printing import (
    format_columns,
    print_data,
    print_json,
    print_note,
    shorten_number,
    wrap,
)

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[WORD]...",
        show_default=False,
        help="`models`, `architectures` or `datasets`: only these. Any other word is looked for in"
        ' names, summaries and data; one like "dcgan*" in names alone.',
    ),
]
Weights = Annotated[
    bool, typer.Option("--weights", help="Only models whose trained weights are on this machine.")
]

_TITLES = {"models": "models", "architectures": "architectures", "datasets": "data sets"}
_NEXT = (
    "Also: ganzoo list architectures, ganzoo list datasets. A search: ganzoo list\n"
    "faces. More about one of them: ganzoo info NAME"
)
_OWN = "keras-ganzoo"  # whose entries need no word about where they come from


def list_names(words: Words = None, weights: Weights = False, as_json: Json = False) -> None:
    """List or search models, architectures and data sets.

    Without a word: all models, with their data, number of parameters, trained weights and the
    first of their results, which compare with others on the same data only.
    """
    from ganzoo.jobs.listing import list_names as job

    words = words or []
    sections = list(_TITLES)
    if words and words[0] in _TITLES:
        sections, words = [words[0]], words[1:]
    elif not words and not as_json:
        sections = ["models"]
    content = job(words, sections=sections, weights=weights)
    if as_json:
        print_json(content)
        return
    blocks = [
        f"{_TITLES[section]}\n{_format_section(section, content[section], searched=bool(words))}"
        for section in sections
        if content[section]
    ]
    if blocks:
        print_data("\n\n".join(blocks))
    else:
        print_note(_describe_nothing(words, weights=weights))
    if blocks and not words and not weights:
        print_note("\n" + _NEXT)
    if content["problems"]:
        count = len(content["problems"])
        print_note(f"warning: {count} broken or clashing entries; see ganzoo plugins")


def _format_section(section: str, entries: Sequence[Mapping[str, Any]], *, searched: bool) -> str:
    if section == "models":
        return format_models(entries, with_summaries=searched)
    return "\n".join(
        f"  {one['name']}{_format_source(one)}\n{wrap(one['summary'], indent='      ')}".rstrip()
        for one in entries
    )


def format_models(entries: Sequence[Mapping[str, Any]], *, with_summaries: bool) -> str:
    """Format models as a table of at most 80 columns.

    Args:
        entries: What `list_names` of `ganzoo.jobs.listing` returns under `"models"`.
        with_summaries: Add each model's summary below its row.
    """
    rows = [("name", "data", "params", "weights", "result")]
    rows += [
        (
            one["name"],
            one["data"],
            shorten_number(one["parameters"]) if one["parameters"] else "-",
            _format_weights(one),
            _format_result(one["result"]) + _format_source(one),
        )
        for one in entries
    ]
    head, *lines = format_columns(rows).splitlines()
    if with_summaries:
        pairs = zip(lines, entries, strict=True)
        lines = [f"{line}\n{wrap(one['summary'], indent='      ')}" for line, one in pairs]
    return "\n".join([head, *lines])


def _format_weights(model: Mapping[str, Any]) -> str:
    if model["version"] is None:
        return "-"
    return f"{model['bytes'] / 1e6:.1f} MB" if model["bytes"] else "broken"


def _format_result(result: Mapping[str, Any] | None) -> str:
    return f"{result['metric']} {result['value']:.3g}" if result else "-"


def _format_source(entry: Mapping[str, Any]) -> str:
    return "" if entry["source"] == _OWN else f"  ({entry['source']})"


def _describe_nothing(words: Sequence[str], *, weights: bool) -> str:
    searched = f" with {' and '.join(map(repr, words))}" if words else ""
    if weights:
        return f"No model{searched} has weights on this machine. Train one, or: ganzoo pull --help"
    return f"Nothing{searched} was found. All models: ganzoo list"
