"""Command `ganzoo` with all its verbs."""

import contextlib
import sys
from typing import Annotated

import typer

from ganzoo import __version__
from ganzoo.cli import (
    bench,
    compare,
    data,
    directions,
    doctor,
    edit,
    evaluate,
    export,
    importing,
    info,
    listing,
    mix,
    nearest,
    plugin,
    project,
    publishing,
    reproduce,
    resume,
    sample,
    sweep,
    train,
    walk,
    watch,
)
from ganzoo.cli.support.examples import add_examples
from ganzoo.cli.support.printing import print_data

app = typer.Typer(
    name="ganzoo",
    help="A zoo of GANs: written once, trained on JAX, PyTorch or TensorFlow.",
    epilog="\b\nStart with: ganzoo list, ganzoo info dcgan-digits, ganzoo train dcgan-digits\n"
    "The help of a verb ends with examples: ganzoo help train",
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,  # plain help: half the start-up time, and text that can be copied
)


def _print_version(requested: bool) -> None:
    if requested:
        print_data(f"ganzoo {__version__}")
        raise typer.Exit()


@app.callback(invoke_without_command=True)
def _ganzoo(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show the traceback of an error; may stand after any verb."),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        with contextlib.redirect_stdout(sys.stderr):
            print(context.get_help())
        raise typer.Exit(2)


app.command("list")(listing.list_names)
app.command("info")(info.info)
app.command("train")(train.train)
app.command("resume")(resume.resume)
app.command("sweep")(sweep.sweep)
app.command("watch")(watch.watch)
app.command("runs")(compare.list_runs)
app.command("compare")(compare.compare)
app.command("sample")(sample.sample)
app.command("walk")(walk.walk)
app.command("nearest")(nearest.nearest)
app.command("project")(project.project)
app.command("directions")(directions.directions)
app.command("edit")(edit.edit)
app.command("mix")(mix.mix)
app.command("evaluate")(evaluate.evaluate)
app.command("reproduce")(reproduce.reproduce)
app.command("bench")(bench.bench)
app.command("export")(export.export)
app.command("import")(importing.import_file)
app.command("push")(publishing.push)
app.command("pull")(publishing.pull)
app.command("tag")(publishing.tag)
app.command("sign")(publishing.sign)
app.command("remove")(publishing.remove)
app.command("verify")(publishing.verify)
app.add_typer(publishing.app, name="registry")
app.add_typer(data.app, name="data")
app.add_typer(plugin.app, name="plugin")
app.command("plugins")(plugin.list_plugins)
app.command("doctor")(doctor.doctor)
add_examples(app)
