"""`ganzoo plugins`, `plugin new` and `plugin check`."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.cli.support.options import Backend, Json
from ganzoo.cli.support.printing import (
    format_columns,
    humanize,
    print_data,
    print_json,
    print_note,
    single_line,
)
from ganzoo.cli.support.quiet import silence_frameworks
from ganzoo.errors import PluginError, UsageError

app = typer.Typer(help="Create a plugin package, and check plugins.")

_FAILED = PluginError.exit_code

PluginName = Annotated[
    str, typer.Argument(metavar="NAME", help="An installed architecture, data set or logger.")
]
NewName = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of the model: lower case, my-gan.")
]
NewFolder = Annotated[
    Path | None, typer.Option(metavar="DIR", help="A new folder.  [default: ganzoo-NAME]")
]
CheckSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="An option of the plugin, or of the training such as gan.loss; TOML. Repeats.",
    ),
]
Shapes = Annotated[
    list[str] | None,
    typer.Option(
        "--shape",
        metavar="HxWxC",
        help="An image shape to build an architecture for: 64x64x3. Repeats.",
    ),
]
AllBackends = Annotated[
    bool,
    typer.Option("--all-backends", help="Also compare an architecture on all installed backends."),
]


def list_plugins(as_json: Json = False) -> None:
    """List plugins, including broken and clashing ones."""
    from ganzoo.jobs.listing import list_plugins as job

    found = job()
    if as_json:
        print_json(found)
        return
    sections = {
        kind: [(one["name"], f"{one['distribution']} {one['version']}", one["target"])
               for one in entries]
        for kind, entries in found["plugins"].items()
    }  # fmt: skip
    sections["clashes"] = [
        (clash["kind"], clash["name"], ", ".join(clash["owners"])) for clash in found["clashes"]
    ]
    sections["broken"] = [
        (problem["distribution"], problem["name"] or "-", problem["reason"])
        for problem in found["problems"]
    ]
    blocks = [f"{title}\n{format_columns(rows)}" for title, rows in sections.items() if rows]
    print_data("\n\n".join(blocks) or "No plugin is installed.")


@app.command("new")
def new(name: NewName, out: NewFolder = None, as_json: Json = False) -> None:
    """Create a package with an architecture, a card and a test."""
    from ganzoo.testing.plugin_template import new_package

    files = new_package(name, out)
    if as_json:
        print_json({"files": files})
        return
    print_data("\n".join(map(str, files)))
    folder = files[0].parent
    print_note(f"Next: pip install -e {folder} && ganzoo plugin check {name}")


@app.command("check")
def check(
    name: PluginName,
    settings: CheckSettings = None,
    shapes: Shapes = None,
    all_backends: AllBackends = False,
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Check that a plugin conforms to its contract.

    An architecture is made small, built, and trained for a few steps on one backend. Exits with
    4 if the plugin does not conform.
    """
    from ganzoo.cli.support.recipe_arguments import parse_gan_settings, resolve_plugin
    from ganzoo.testing.conformance import check_plugin, plugin_kinds

    image_shapes = [_parse_shape(text) for text in shapes or []]
    options: dict[str, Any] = {}
    gan_settings = [setting for setting in settings or [] if setting.startswith("gan.")]
    own = [setting for setting in settings or [] if setting not in gan_settings]
    for kind in plugin_kinds(name):
        options |= resolve_plugin(kind, name, settings=own).options
    silence_frameworks()
    reports = check_plugin(
        name,
        options=options,
        config=parse_gan_settings(gan_settings),
        image_shapes=image_shapes,
        backend=backend,
        all_backends=all_backends,
    )
    if as_json:
        print_json({"reports": [report.content() for report in reports]})
    else:
        print_data("\n\n".join(format_report(report.content()) for report in reports))
    failed = [result.check for report in reports for result in report.failures]
    if failed:
        print_note("error: " + single_line(f"{name} fails {', '.join(failed)}."))
        raise typer.Exit(_FAILED)


def format_report(report: dict[str, Any]) -> str:
    """Format a report in one line for each check, with what is wrong."""
    settings = report["setting"].items()
    setting = ", ".join(f"{key} {_format_setting(value)}" for key, value in settings)
    rows = [
        (one["check"], one["status"], f"{one['seconds']:.1f} s", one["message"])
        for one in report["checks"]
    ]
    return f"{report['kind']} {report['name']}: {setting}\n{format_columns(rows)}"


def _format_setting(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={humanize(inner)}" for key, inner in value.items()) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        separator = "x" if all(isinstance(item, int) for item in value) else ", "
        return separator.join(map(str, value))
    return humanize(value)


def _parse_shape(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"[1-9][0-9]{0,4}(x[1-9][0-9]{0,4}){0,3}", text):
        raise UsageError(f"--shape takes 1 to 4 sizes such as 64x64x3. Received: {text!r}.")
    return tuple(map(int, text.split("x")))
