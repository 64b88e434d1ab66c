"""`ganzoo runs` and `ganzoo compare`: runs in a table, and next to each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.cli.support import options
from ganzoo.cli.support.printing import (
    format_columns,
    humanize,
    print_data,
    print_json,
    print_note,
)
from ganzoo.files.text import format_duration, shorten

Runs = Annotated[
    list[str], typer.Argument(metavar="RUN...", help="Run folders, or their numbers in runs/.")
]
Style = Annotated[
    str, typer.Option("--format", metavar="NAME", help="text, markdown, latex or csv.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write a page with curves and samples next to each other: page.html"
    ),
]


def list_runs(runs: options.RunsFolder = None, as_json: options.Json = False) -> None:
    """List runs: state, steps, losses, best score and time of each."""
    from ganzoo.catalog.run_summary import list_runs as job
    from ganzoo.catalog.runs import RUNS

    found = job(runs or RUNS)
    if as_json:
        print_json({"runs": found})
    elif found:
        heading = ("", "model", "state", "step", "d_loss", "g_loss", "best", "time")
        print_data(format_columns([heading, *map(_run_cells, found)], indent=""))
        for one in found:
            if "problem" in one:
                print_note(f"run {one['number']} is broken: {shorten(one['problem'], 200)}")
    else:
        print_note(f"There is no run in {runs or RUNS}. Begin one: ganzoo train NAME")


def compare(
    runs: Runs,
    folder: options.RunsFolder = None,
    style: Style = "text",
    out: Out = None,
    overwrite: options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Compare runs: how their recipes differ, and their results."""
    from ganzoo.catalog.runs import RUNS, Run
    from ganzoo.cli.support.tables import check_style, format_table
    from ganzoo.jobs.monitoring.compare import compare_runs

    check_style(style)
    opened = [Run.open(run, folder or RUNS) for run in runs]
    content = compare_runs(opened, out=out, overwrite=overwrite)
    if as_json:
        print_json(content)
    else:
        print_data(format_table(_comparison_cells(content, exact=style == "csv"), style))
    if out is not None:
        print_note(f"written: {out}")


def _run_cells(run: Mapping[str, Any]) -> Sequence[str]:
    """Format a summary as a row; a broken run has a state and no more."""
    losses, best = run.get("losses", {}), run.get("best")
    step, steps = run.get("step"), run.get("steps")
    time = format_duration(run["seconds"]) if "seconds" in run else ""
    if "seconds_left" in run:
        time += f", {format_duration(run['seconds_left'])} left"
    return (
        str(run["number"]),
        str(run.get("model", Path(run["run"]).name.partition("-")[2])),
        str(run.get("state", "")),
        "" if step is None else f"{step:,}" + (f"/{steps:,}" if steps else ""),
        *(_format_number(losses.get(name)) for name in ("d_loss", "g_loss")),
        f"{best['metric']} {best['value']:.4g} at {best['step']:,}" if best else "",
        time,
    )


def _comparison_cells(content: Mapping[str, Any], *, exact: bool) -> list[list[str]]:
    """Format a comparison as rows of cells.

    Args:
        content: The comparison.
        exact: Keep every digit, and times in seconds, for other programs.
    """
    rows = [["", *(run["name"] for run in content["runs"])]]
    for row in content["rows"]:
        key, values = row["key"], row["values"]
        if exact:
            rows.append([key, *("" if value is None else str(value) for value in values)])
        elif key == "seconds":
            known = ("" if value is None else format_duration(value) for value in values)
            rows.append(["time", *known])
        else:
            title = key if "." in key else key.replace("_", " ")  # those of a recipe can be --set
            rows.append([title, *map(_format_value, values)])
    return rows


def _format_number(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, int | float) else ""


def _format_value(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_format_value(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_format_value, value)) or "none"
    return "" if value is None else humanize(value)
