"""`ganzoo doctor`: the installation and its problems."""

from typing import Annotated, Any

import typer

from ganzoo.backend import select
from ganzoo.cli.support.options import Backend, Json
from ganzoo.cli.support.printing import print_note, print_result, single_line
from ganzoo.cli.support.quiet import silence_frameworks

Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse versions that ganzoo is not tested with.")
]
Measure = Annotated[
    bool,
    typer.Option(
        "--measure", help="Multiply large matrices, in float32 and bfloat16, and say how fast."
    ),
]


def doctor(
    strict: Strict = False,
    measure: Measure = False,
    backend: Backend = None,
    as_json: Json = False,
) -> None:
    """Report what is installed, and what is wrong with it.

    Exits with 5 if something keeps ganzoo from working; warnings do not count.
    """
    from ganzoo.jobs.doctor import doctor as job

    report = job(strict=strict)
    if measure and not report["problems"]:
        report["matrix_product"] = _matrix_rates(backend)
    folders = {
        name: f"{folder['path']} ({folder['free_bytes'] / 2**30:.1f} GiB free)"
        for name, folder in report["folders"].items()
    }
    print_result(report if as_json else report | {"folders": folders}, as_json=as_json)
    if report["problems"]:
        print_note(f"error: {single_line(' '.join(report['problems']))}")
        raise typer.Exit(5)


def _matrix_rates(backend: str | None) -> dict[str, Any]:
    select.choose(backend)
    silence_frameworks()
    from ganzoo.jobs.arithmetic import matrix_rates

    return matrix_rates(backend)
