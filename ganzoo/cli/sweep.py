"""`ganzoo sweep`: a recipe trained with many values of its keys, and compared."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.backend import select
from ganzoo.cli.compare import Style
from ganzoo.cli.support import options
from ganzoo.cli.support.printing import humanize, print_data, print_json, print_note
from ganzoo.cli.support.quiet import silence_frameworks
from ganzoo.errors import EnvironmentProblem, UsageError

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        autocompletion=options.complete_model,
        show_default=False,
        help="A model (name, name@2, hf://org/repo) or a recipe.toml.",
    ),
]
Over = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUES",
        help="Values of a key of the recipe: a,b,c, or low..high or log:low..high. Repeats.",
    ),
]
Seeds = Annotated[
    str | None,
    typer.Option(metavar="LIST", help="Seeds of the training: 0-4.  [default: the recipe's]"),
]
Trials = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Let Optuna choose N combinations, and prune."),
]
Jobs = Annotated[int, typer.Option(metavar="N", min=1, max=256, help="Processes that train.")]
Resume = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Continue the sweep in this folder.")
]
Record = Annotated[
    bool, typer.Option("--record", help="Write the best result into the cards of its runs.")
]


def sweep(
    name: Name = None,
    over: Over = None,
    seeds: Seeds = None,
    trials: Trials = None,
    jobs: Jobs = 1,
    settings: options.Settings = None,
    resume: Resume = None,
    record: Record = False,
    runs: options.RunsFolder = None,
    backend: options.Backend = None,
    style: Style = "text",
    as_json: options.Json = False,
) -> None:
    """Train a recipe with many values of its keys, and compare them.

    Each combination is a run for each seed, in runs/sweeps. The same command again, or
    --resume, continues after whatever has stopped it; several may work on one sweep at a time.
    """
    from ganzoo.cli.support.tables import check_style, format_table
    from ganzoo.jobs.sweeps.outcome import outcome, record_outcome
    from ganzoo.jobs.sweeps.sweep import open_sweep

    check_style(style)
    if (name is None) == (resume is None) or (resume and any((over, seeds, trials, settings))):
        raise UsageError("Expected NAME and --over, or --resume FOLDER, which holds its plan.")
    plan = (
        open_sweep(resume) if resume else _plan(name, over, seeds, trials, settings, runs, backend)
    )
    print_note(f"sweep in {plan.folder}; see: ganzoo runs --runs {plan.folder}")
    failures = _train(plan, jobs)
    content = outcome(plan)
    if record:
        print_note("\n".join(f"recorded in {path}" for path in record_outcome(content)))
    if as_json:
        print_json(content)
    else:
        print_data(format_table(_cells(content, exact=style == "csv"), style))
    if failures:
        raise EnvironmentProblem(
            "Not every run could be trained; the warnings say why.",
            hint=f"Once that is mended: ganzoo sweep --resume {plan.folder}",
        )


def _plan(
    name: Any, over: Any, seeds: Any, trials: Any, settings: Any, runs: Any, backend: Any
) -> Any:
    """Write the plan into its folder."""
    from ganzoo.catalog.runs import RUNS
    from ganzoo.cli.support.recipe_arguments import resolve_recipe
    from ganzoo.jobs.sweeps.sweep import Sweep, plan_sweep

    resolved = resolve_recipe(name, settings=settings, options={})
    own = [resolved.recipe.training.seed]
    return plan_sweep(
        Sweep(
            folder=runs or RUNS,
            model=resolved.model,
            recipe=resolved.recipe,
            over=over or [],
            seeds=options.parse_integers("--seeds", seeds) or own,
            backend=select.choose(backend),
            trials=trials,
        )
    )


def _train(plan: Any, jobs: int) -> int:
    """Train what is still to be trained, here or in processes; return how many failed."""
    silence_frameworks()
    from ganzoo.cli.support.reporters import TextLines
    from ganzoo.jobs.sweeps.search import train_search
    from ganzoo.jobs.sweeps.workers import train_grid, train_in_processes

    if jobs > 1:
        return train_in_processes(plan, jobs, print_note)
    return (train_grid if plan.trials is None else train_search)(plan, TextLines())


def _cells(content: Mapping[str, Any], *, exact: bool) -> list[list[str]]:
    """Format the outcome as rows of cells; exact keeps every digit."""
    rows = content["combinations"]
    keys = list(rows[0]["values"]) if rows else []
    table = [[*keys, content["metric"], "±", "state", "runs"]]
    for row in rows:
        known = (row["mean"], row["spread"])
        numbers = ["" if n is None else repr(n) if exact else humanize(n) for n in known]
        ends = [int(Path(row["runs"][i]["run"]).name.partition("-")[0]) for i in (0, -1)]
        runs = "-".join(dict.fromkeys(map(str, ends)))
        table.append([*(row["values"][key] for key in keys), *numbers, row["state"], runs])
    return table
