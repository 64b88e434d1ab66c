"""Command line: each verb parses its arguments, calls a job, and prints the result."""

import contextlib
import io
import os
import sys
import traceback
import warnings
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command `ganzoo` and return its exit code.

    Args:
        argv: Arguments after the name of the command; by default those of the process.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    _escape_unencodable_text()
    if argv[:1] == ["help"]:
        argv = [*argv[1:], "--help"]
    own = argv[: argv.index("--")] if "--" in argv else argv
    debug = "--debug" in own
    if debug:
        argv.remove("--debug")  # may stand anywhere, as people append it to a command
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _print_warning
            return _run(argv)
    except BaseException as error:
        return _report_failure(error, debug=debug, as_json="--json" in own)


def _run(argv: list[str]) -> int:
    from typer.main import get_command

    from ganzoo.cli.app import app

    result = get_command(app).main(
        args=argv, prog_name="ganzoo", standalone_mode=False, obj=tuple(argv)
    )
    if sys.stdout is not None:
        sys.stdout.flush()  # here, where a closed reader or a full disk can still be reported
    if result == 130:  # Typer's result of Ctrl-C outside a save
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


def _report_failure(error: BaseException, *, debug: bool, as_json: bool) -> int:
    """Print an exception in one line, and return the exit code."""
    from ganzoo.cli.support.failures import describe_failure
    from ganzoo.cli.support.printing import print_json, print_note, single_line

    failure = describe_failure(error)
    if debug and failure.message:
        from ganzoo.files.hub_client import redact

        print_note(redact("".join(traceback.format_exception(error))))
    if failure.message:
        print_note(f"{failure.label}{single_line(failure.message)}")
        if as_json:
            content = {"error": failure.message, "exit_code": failure.exit_code}
            with contextlib.suppress(Exception):  # stdout itself may be what failed
                print_json(content, indent=None)
    _discard_unwritten_output()
    return failure.exit_code


def _print_warning(message, category, filename, lineno, file=None, line=None) -> None:
    from ganzoo.cli.support.printing import print_note, single_line

    print_note(f"warning: {single_line(str(message))}")


def _escape_unencodable_text() -> None:
    """Let any file name be printed in any locale."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _discard_unwritten_output() -> None:
    """Drop output that cannot be written, about which the interpreter would complain at exit."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
