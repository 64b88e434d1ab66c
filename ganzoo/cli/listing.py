"""`ganzoo list`: models, architectures and data sets."""

from typing import Annotated

import typer

from ganzoo.cli.support.options import Json
from ganzoo.cli.support.printing import format_columns, print_data, print_json, print_note

Pattern = Annotated[
    str, typer.Argument(metavar="GLOB", show_default=False, help='Names to list: "dcgan*".')
]
Weights = Annotated[
    bool, typer.Option("--weights", help="Only models whose trained weights are on this machine.")
]

_TITLES = {"models": "models", "architectures": "architectures", "datasets": "data sets"}


def list_names(pattern: Pattern = "*", weights: Weights = False, as_json: Json = False) -> None:
    """List models, architectures and data sets."""
    if weights:
        _list_weights(pattern, as_json=as_json)
        return
    from ganzoo.jobs.listing import list_names as job

    content = job(pattern)
    if as_json:
        print_json(content)
        return
    blocks = []
    for kind, title in _TITLES.items():
        rows = [(entry["name"], entry["source"], entry["summary"]) for entry in content[kind]]
        if rows:
            blocks.append(f"{title}\n{format_columns(rows)}")
    if blocks:
        print_data("\n\n".join(blocks))
    else:
        print_note(f"No name matches {pattern!r}.")
    if content["problems"]:
        count = len(content["problems"])
        print_note(f"warning: {count} broken or clashing entries; see ganzoo plugins")


def _list_weights(pattern: str, *, as_json: bool) -> None:
    from ganzoo.jobs.listing import list_weights as job

    content = job(pattern)
    if as_json:
        print_json(content)
    elif content["models"]:
        rows = [
            (
                f"{one['name']}@{one['version']}",
                one["source"],
                f"{one['bytes'] / 1e6:.1f} MB" if one["bytes"] else "broken",
                one["license"] or "",
                one["summary"],
            )
            for one in content["models"]
        ]
        print_data(format_columns(rows, indent=""))
    else:
        print_note(
            f"No model that matches {pattern!r} has weights on this machine. Train one, or: "
            "ganzoo pull --help"
        )
