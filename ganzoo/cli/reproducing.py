"""`ganzoo reproduce`: whether a card's numbers come out again."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.backend import select
from ganzoo.cli import noise
from ganzoo.cli.options import Backend, Data, Json, at_most_one
from ganzoo.cli.output import columns, emit, emit_json, one_line, readable, say
from ganzoo.cli.progress import reporter
from ganzoo.errors import InvalidInput, UsageError

_NOT_CONFIRMED = InvalidInput.exit_code


def reproduce(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A model with results: name, name@2, name@best, hf://org/repo."
        ),
    ],
    data: Data = None,
    tolerance: Annotated[
        float,
        typer.Option(metavar="SHARE", help="Of a value, within which it counts as the same."),
    ] = 0.1,
    run: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The run's own, new, unnumbered folder.")
    ] = None,
    runs: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where runs are numbered.  [default: runs]"),
    ] = None,
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Train a model's recipe again and measure it as its card says it was measured.

    A number is reproduced if it differs from the card's by no more than 3 times the card's
    spread or error, or by --tolerance of its value, whichever is more. What was measured by
    another protocol (other data, other features) is said and not compared. Exits with 3 if a
    number is not reproduced.
    """
    at_most_one(run=run, runs=runs)
    if not 0 <= tolerance < 1:
        raise UsageError(f"--tolerance must be from 0 to below 1. Received: {tolerance}.")
    from ganzoo.catalog.runs import RUNS
    from ganzoo.jobs.reproduce import claim_of
    from ganzoo.jobs.reproduce import reproduce as job

    claim = claim_of(name)
    select.choose(backend)  # before any data is read or fetched
    noise.quieten()
    with reporter(as_json=False) as events:
        found = job(
            claim,
            data=None if data is None else str(data.expanduser().absolute()),
            share=tolerance,
            run=run,
            runs=runs or RUNS,
            backend=backend,
            argv=["ganzoo", *context.obj],
            events=events,
        )
    if as_json:
        emit_json(found)
    else:
        emit(table(found))
    if not found["reproduced"]:
        say("error: " + one_line(f"{name} is not reproduced: see {found['run']}"))
        raise typer.Exit(_NOT_CONFIRMED)


def table(found: dict[str, Any]) -> str:
    """The numbers side by side, then what could not be compared and why."""
    rows = [("metric", "features", "card", "", "measured", "difference", "tolerance", "")]
    for one in found["results"]:
        if "reason" in one:
            continue
        spread = "" if one["spread"] is None else f"± {readable(float(one['spread']))}"
        numbers = (one["measured"], one["difference"], one["tolerance"])
        rows.append((
            one["metric"], one["features"] or "", readable(float(one["value"])), spread,
            *(readable(float(number)) for number in numbers),
            "reproduced" if one["reproduced"] else "NOT reproduced",
        ))  # fmt: skip
    blocks = [columns(rows, indent="")] if len(rows) > 1 else []
    others = [(one["metric"], one["reason"]) for one in found["results"] if "reason" in one]
    if others:
        blocks.append("not compared\n" + columns(others))
    card, here = found["backend"]["card"], found["backend"]["here"]
    trained = f"Trained with {here}" + (f"; the card's weights with {card}" if card else "")
    blocks.append(f"{trained}. The run: {found['run']}")
    return "\n\n".join(blocks)
