"""`ganzoo watch`: the report of a run in a browser, while the run goes on."""

import contextlib
import os
import sys
import threading
from typing import Annotated

import typer

from ganzoo.cli.support import options
from ganzoo.cli.support.printing import print_data, print_json

Run = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN", help="A run folder, or its number in runs/.  [default: the newest]"
    ),
]
Port = Annotated[
    int,
    typer.Option(
        metavar="N", min=0, max=65535, show_default=False, help="The port.  [default: a free one]"
    ),
]
NoOpen = Annotated[bool, typer.Option("--no-open", help="Print the address, open no browser.")]


def watch(
    run: Run = None,
    runs: options.RunsFolder = None,
    port: Port = 0,
    no_open: NoOpen = False,
    as_json: options.Json = False,
) -> None:
    """Show a run in the browser, and follow it while it is trained.

    The page is the run's report, made again whenever something is logged or sampled, and it
    refreshes itself. It is served to this machine alone, until Ctrl-C; the run is not touched.
    """
    from ganzoo.catalog.runs import RUNS
    from ganzoo.catalog.runs import Run as RunFolder
    from ganzoo.jobs.monitoring.watch import RunServer, newest_run

    folder = runs or RUNS
    watched = newest_run(folder) if run is None else RunFolder.open(run, folder)
    with RunServer(watched, port) as server, contextlib.suppress(KeyboardInterrupt):
        if as_json:
            print_json({"run": watched.path, "url": server.url}, indent=None)
        else:
            print_data(f"{watched.path} is shown at {server.url}\nCtrl-C ends this.")
        if not no_open and _has_display():
            import webbrowser

            # a browser may take this call until it is closed, and asks meanwhile
            threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
        server.serve_forever()


def _has_display() -> bool:
    """Return whether a browser can have a window; one of text would take this terminal."""
    return sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
