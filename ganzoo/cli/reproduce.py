"""`ganzoo reproduce`: a card's results, trained and measured again."""

from typing import Annotated, Any

import typer

from ganzoo.backend import select
from ganzoo.cli.support import options
from ganzoo.cli.support.printing import (
    format_columns,
    humanize,
    print_data,
    print_json,
    print_note,
    single_line,
)
from ganzoo.cli.support.quiet import silence_frameworks
from ganzoo.cli.support.reporters import report_events
from ganzoo.errors import InvalidInput

_NOT_REPRODUCED = InvalidInput.exit_code

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="A model with results: name, name@2, name@best, hf://org/repo."
    ),
]
Tolerance = Annotated[
    float,
    typer.Option(
        metavar="SHARE",
        min=0,
        max=0.99,
        callback=options.require_number,
        help="Relative difference that counts as reproduced.",
    ),
]


def reproduce(
    context: typer.Context,
    name: Name,
    data: options.Data = None,
    tolerance: Tolerance = 0.1,
    run: options.RunFolder = None,
    runs: options.RunsFolder = None,
    backend: options.Backend = None,
    as_json: options.Json = False,
) -> None:
    """Train a recipe again, and measure it as its card says.

    A number is reproduced if it differs from the card's by at most 3 times the card's standard
    deviation or error, or by --tolerance of its value, whichever is more. Numbers measured by
    another protocol (other data, other features) are listed and not compared. Exits with 3 if a
    number is not reproduced.
    """
    options.require_mutually_exclusive(run=run, runs=runs)
    from ganzoo.catalog.runs import RUNS
    from ganzoo.cli.support.recipe_arguments import absolute_path
    from ganzoo.jobs.reproduce import published_results
    from ganzoo.jobs.reproduce import reproduce as job

    published = published_results(name)
    select.choose(backend)  # before any data is read or downloaded
    silence_frameworks()
    with report_events() as events:
        report = job(
            published,
            data=absolute_path(data),
            share=tolerance,
            run=run,
            runs=runs or RUNS,
            backend=backend,
            argv=["ganzoo", *context.obj],
            events=events,
        )
    if as_json:
        print_json(report)
    else:
        print_data(format_comparison(report))
    if not report["reproduced"]:
        print_note("error: " + single_line(f"{name} is not reproduced: see {report['run']}"))
        raise typer.Exit(_NOT_REPRODUCED)


def format_comparison(report: dict[str, Any]) -> str:
    """Format the numbers side by side, then those that cannot be compared, and why."""
    rows = [["metric", "features", "card", "", "measured", "difference", "tolerance", ""]]
    for one in report["results"]:
        if "reason" in one:
            continue
        spread = "" if one["spread"] is None else f"± {humanize(float(one['spread']))}"
        numbers = (one["measured"], one["difference"], one["tolerance"])
        rows.append([
            one["metric"], one["features"] or "", humanize(float(one["value"])), spread,
            *(humanize(float(number)) for number in numbers),
            "reproduced" if one["reproduced"] else "NOT reproduced",
        ])  # fmt: skip
    blocks = [format_columns(rows, indent="")] if len(rows) > 1 else []
    others = [(one["metric"], one["reason"]) for one in report["results"] if "reason" in one]
    if others:
        blocks.append("not compared\n" + format_columns(others))
    card, here = report["backend"]["card"], report["backend"]["here"]
    trained = f"Trained with {here}" + (f"; the card's weights with {card}" if card else "")
    blocks.append(f"{trained}. The run: {report['run']}")
    return "\n\n".join(blocks)
