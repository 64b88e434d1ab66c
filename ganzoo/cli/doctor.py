"""`ganzoo doctor`: the installation and its problems."""

import typer

from ganzoo.cli.support.options import Json
from ganzoo.cli.support.printing import print_note, print_result, single_line


def doctor(as_json: Json = False) -> None:
    """Report what is installed, and what is wrong with it.

    Exits with 5 if something keeps ganzoo from working; warnings do not count.
    """
    from ganzoo.jobs.doctor import doctor as job

    report = job()
    folders = {
        name: f"{folder['path']} ({folder['free_bytes'] / 2**30:.1f} GiB free)"
        for name, folder in report["folders"].items()
    }
    print_result(report if as_json else report | {"folders": folders}, as_json=as_json)
    if report["problems"]:
        print_note(f"error: {single_line(' '.join(report['problems']))}")
        raise typer.Exit(5)
