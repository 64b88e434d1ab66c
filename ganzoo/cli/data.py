"""`ganzoo data list`, `info` and `prepare`."""

from typing import Annotated

import typer

from ganzoo.cli.support.options import Data, Json
from ganzoo.cli.support.printing import format_columns, print_data, print_json, print_result
from ganzoo.cli.support.quiet import silence_frameworks

app = typer.Typer(help="List, describe and prepare data sets.")

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A data set, or a model whose recipe uses one.")
]
DatasetOptions = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="An option of the data set; TOML. Repeats."),
]


@app.command("list")
def list_datasets(as_json: Json = False) -> None:
    """List the installed data sets."""
    from ganzoo.jobs.listing import list_datasets as job

    datasets = job()
    if as_json:
        print_json(datasets)
    else:
        rows = [(one["name"], one["source"], one["summary"]) for one in datasets]
        print_data(format_columns(rows, indent=""))


@app.command("info")
def info(
    name: Name, settings: DatasetOptions = None, data: Data = None, as_json: Json = False
) -> None:
    """Describe a data set, or how to get it.

    Nothing is downloaded: `ganzoo data prepare` does that. `ganzoo info` lists the options of a
    data set.
    """
    from ganzoo.cli.support.recipe_arguments import resolve_dataset

    dataset = resolve_dataset(name, settings=settings, data=data)
    silence_frameworks()
    from ganzoo.jobs.models.open_dataset import describe_dataset as job

    print_result(job(dataset), as_json=as_json)


@app.command("prepare")
def prepare(
    name: Name, settings: DatasetOptions = None, data: Data = None, as_json: Json = False
) -> None:
    """Download and decode a data set, ready to train on."""
    from ganzoo.cli.support.recipe_arguments import resolve_dataset

    dataset = resolve_dataset(name, settings=settings, data=data)
    silence_frameworks()
    from ganzoo.cli.support.reporters import report_events
    from ganzoo.jobs.models.open_dataset import prepare_dataset as job

    with report_events() as events:
        description = job(dataset, events=events)
    print_result(description, as_json=as_json)
