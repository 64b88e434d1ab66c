"""The command line. It translates: a verb parses, calls a job, and prints."""

import contextlib
import os
import sys
import traceback
import warnings
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command `ganzoo` and returns its exit code.

    Args:
        argv: The arguments after the command's name; by default those of the process.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    _survive_odd_text()
    own = argv[: argv.index("--")] if "--" in argv else argv
    debug = "--debug" in own
    if debug:
        argv.remove("--debug")  # may stand anywhere, as people append it to a command
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _say_warning
            return _run(argv)
    except BaseException as error:
        return _report(error, debug=debug, as_json="--json" in own)


def _run(argv: list[str]) -> int:
    from typer.main import get_command

    from ganzoo.cli.app import app

    result = get_command(app).main(
        args=argv, prog_name="ganzoo", standalone_mode=False, obj=tuple(argv)
    )
    if sys.stdout is not None:
        sys.stdout.flush()  # here, where a reader that has gone or a full disk can be told
    if result == 130:  # how Typer reports Ctrl-C outside a save
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


def _report(error: BaseException, *, debug: bool, as_json: bool) -> int:
    """Says what went wrong, in one line, and returns the exit code."""
    from ganzoo.cli.failures import failure
    from ganzoo.cli.output import emit_json, one_line, say

    outcome = failure(error)
    if debug and outcome.message:
        from ganzoo.jobs.hub.client import redacted

        say(redacted("".join(traceback.format_exception(error))))
    if outcome.message:
        say(f"error: {one_line(outcome.message)}")
        if as_json:
            content = {"error": outcome.message, "exit_code": outcome.exit_code}
            # Where stdout itself is what failed, the line on stderr has said so.
            with contextlib.suppress(Exception):
                emit_json(content, indent=None)
    _drop_unwritten()
    return outcome.exit_code


def _say_warning(message, category, filename, lineno, file=None, line=None) -> None:
    from ganzoo.cli.output import one_line, say

    say(f"warning: {one_line(str(message))}")


def _survive_odd_text() -> None:
    """Lets any file name be printed, in any locale."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _drop_unwritten() -> None:
    """Keeps the interpreter from complaining at exit about text that nobody can take."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
