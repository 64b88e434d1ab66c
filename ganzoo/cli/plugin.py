"""`ganzoo plugin new` and `check`: for those who write a plugin."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.cli import noise
from ganzoo.cli.options import Backend, Json
from ganzoo.cli.output import columns, emit, emit_json, one_line, readable, say
from ganzoo.errors import UsageError

app = typer.Typer(help="Begin a plugin of your own, and check plugins.")

_FAILED = 4  # as for any plugin that cannot be used


@app.command("new")
def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What people will type: lower case, my-gan.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A new folder.  [default: ganzoo-NAME]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a package with an architecture, a card and a test; it passes its checks as it is."""
    from ganzoo.testing.package import new_package

    files = new_package(name, out)
    if as_json:
        emit_json({"files": files})
        return
    emit("\n".join(map(str, files)))
    folder = files[0].parent
    say(f"Next: pip install -e {folder} && ganzoo plugin check {name}")


@app.command("check")
def check(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="An architecture or a data set, installed.")
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="An option of it, or a rule such as gan.loss; TOML. Repeats.",
        ),
    ] = None,
    shapes: Annotated[
        list[str] | None,
        typer.Option(
            "--shape",
            metavar="HxWxC",
            help="A shape of images to build an architecture for: 64x64x3. Repeats.",
        ),
    ] = None,
    all_backends: Annotated[
        bool,
        typer.Option(
            "--all-backends", help="Also compare an architecture on all backends installed."
        ),
    ] = False,
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Check that a plugin keeps its promises, and exit with 4 if it does not.

    An architecture is made small, built, and played for a few steps on one backend.
    """
    from ganzoo.cli.recipes import part_for, rules_for
    from ganzoo.testing.kit import check as job
    from ganzoo.testing.kit import kinds

    sizes = [_shape(text) for text in shapes or []]
    options: dict[str, Any] = {}
    rules = [setting for setting in settings or [] if setting.startswith("gan.")]
    own = [setting for setting in settings or [] if setting not in rules]
    for kind in kinds(name):
        options |= part_for(kind, name, settings=own).options
    noise.quieten()
    reports = job(
        name,
        options=options,
        rules=rules_for(rules),
        image_shapes=sizes,
        backend=backend,
        all_backends=all_backends,
    )
    if as_json:
        emit_json({"reports": [report.content() for report in reports]})
    else:
        emit("\n\n".join(table(report.content()) for report in reports))
    failed = [result.check for report in reports for result in report.failures]
    if failed:
        say("error: " + one_line(f"{name} fails {', '.join(failed)}."))
        raise typer.Exit(_FAILED)


def table(report: dict[str, Any]) -> str:
    """A report for people: a line for each check, and below it what is wrong."""
    setting = ", ".join(f"{key} {_said(value)}" for key, value in report["setting"].items())
    rows = [
        (one["check"], one["status"], f"{one['seconds']:.1f} s", one["message"])
        for one in report["checks"]
    ]
    return f"{report['kind']} {report['name']}: {setting}\n{columns(rows)}"


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={readable(inner)}" for key, inner in value.items()) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        by = "x" if all(isinstance(item, int) for item in value) else ", "
        return by.join(map(str, value))
    return readable(value)


def _shape(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"[1-9][0-9]{0,4}(x[1-9][0-9]{0,4}){0,3}", text):
        raise UsageError(f"--shape takes 1 to 4 sizes such as 64x64x3. Received: {text!r}.")
    return tuple(map(int, text.split("x")))
