"""`ganzoo data list`, `info` and `prepare`."""

from typing import Annotated, Any

import typer

from ganzoo.cli import noise
from ganzoo.cli.options import Data, Json
from ganzoo.cli.output import columns, emit, emit_json, fields

app = typer.Typer(help="List, describe and prepare data sets.")

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A data set, or a model whose recipe uses one.")
]
Options = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="An option of the data set; TOML. Repeats."),
]


@app.command("list")
def list_datasets(as_json: Json = False) -> None:
    """List the data sets that are installed."""
    from ganzoo.jobs.data import list_datasets as job

    found = job()
    if as_json:
        emit_json(found)
    else:
        emit(columns([(one["name"], one["source"], one["summary"]) for one in found], indent=""))


@app.command("info")
def info(name: Name, settings: Options = None, data: Data = None, as_json: Json = False) -> None:
    """Print what a data set holds, or how to get it.

    What is not here yet is not downloaded: `ganzoo data prepare` does that. `ganzoo info` lists
    the options of a data set.
    """
    from ganzoo.cli.recipes import dataset_for

    part = dataset_for(name, settings=settings or [], data=data)
    noise.quieten()
    from ganzoo.jobs.data import info as job

    _show(job(part), as_json=as_json)


@app.command("prepare")
def prepare(name: Name, settings: Options = None, data: Data = None, as_json: Json = False) -> None:
    """Fetch and decode a data set, ready for training."""
    from ganzoo.cli.recipes import dataset_for

    part = dataset_for(name, settings=settings or [], data=data)
    noise.quieten()
    from ganzoo.jobs.data import prepare as job

    _show(job(part), as_json=as_json)


def _show(content: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        emit_json(content)
    else:
        emit(fields(content))
