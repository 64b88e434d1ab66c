"""`ganzoo doctor`: what is here, and what is wrong with it."""

import typer

from ganzoo.cli.options import Json
from ganzoo.cli.output import emit, emit_json, fields, one_line, say


def doctor(as_json: Json = False) -> None:
    """Report what is installed here, and what is wrong.

    Exits with 5 when something keeps ganzoo from working; warnings do not.
    """
    from ganzoo.jobs.doctor import doctor as job

    report = job()
    if as_json:
        emit_json(report)
    else:
        folders = {
            name: f"{folder['path']} ({folder['free_bytes'] / 2**30:.1f} GiB free)"
            for name, folder in report["folders"].items()
        }
        emit(fields(report | {"folders": folders}))
    if report["problems"]:
        say(f"error: {one_line(' '.join(report['problems']))}")
        raise typer.Exit(5)
