"""Failures of a command: one line and an exit code for every exception."""

import errno
import os
from dataclasses import dataclass
from traceback import walk_tb

import typer

from ganzoo.catalog.plugins.discovery import discover
from ganzoo.catalog.plugins.entry_points import FIRST_PARTY, KINDS
from ganzoo.errors import GanzooError, Interrupted, PluginError
from ganzoo.files.text import format_exception

# Errors of the machine or of a path: no space, no memory, no permission, a name too long.
_ENVIRONMENT_ERRORS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EIO,
    errno.ENOMEM,
    errno.EMFILE,
    errno.ENFILE,
    errno.EACCES,
    errno.EPERM,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.ENOTDIR,
    errno.EBUSY,
    errno.ESTALE,
}
BROKEN_PIPE = 128 + 13  # as a shell reports SIGPIPE


@dataclass(frozen=True, kw_only=True)
class Failure:
    """End of a command.

    Args:
        exit_code: The exit code.
        message: What is said about it; `None` for a silent end.
        label: What the message begins with; an end that the user asked for is no error.
    """

    exit_code: int
    message: str | None
    label: str = "error: "


def describe_failure(error: BaseException) -> Failure:
    """Return exit code and message of an exception."""
    match error:
        case Interrupted():
            return Failure(exit_code=error.exit_code, message=str(error), label="")
        case GanzooError():
            return Failure(exit_code=error.exit_code, message=str(error))
        case typer.TyperException():
            return Failure(exit_code=error.exit_code, message=_usage_message(error))
        case SystemExit() if isinstance(error.__context__, BrokenPipeError):
            return Failure(exit_code=BROKEN_PIPE, message=None)  # raised by Typer and Rich
        case SystemExit() if error.code in (0, None):  # the scripts of shell completion
            return Failure(exit_code=0, message=None)
        case BrokenPipeError():
            return Failure(exit_code=BROKEN_PIPE, message=None)
        case KeyboardInterrupt() | typer.Abort():
            return Failure(exit_code=130, message="Interrupted.", label="")
        case _ if _is_out_of_memory(error):
            return Failure(exit_code=5, message="Out of memory. Try a smaller batch or model.")
        case ImportError() if not (error.name or "").startswith("ganzoo"):
            reason = str(error).rstrip(".")
            message = f"A package cannot be imported. Received: {reason}. See: ganzoo doctor"
            return Failure(exit_code=5, message=message)
        case FileNotFoundError() if _is_folder_gone():
            message = "The current folder no longer exists. Change to another one, and try again."
            return Failure(exit_code=5, message=message)
        case OSError() if error.errno in _ENVIRONMENT_ERRORS:
            where = f": {error.filename}" if error.filename else ""
            return Failure(exit_code=5, message=f"{error.strerror}{where}.")
    name = f"{format_exception(error)}."
    plugin = _plugin_at_fault(error)
    if plugin:
        message = f"This is a bug in the package {plugin}: {name} Add --debug to see where."
        return Failure(exit_code=PluginError.exit_code, message=message)
    return Failure(
        exit_code=1,
        message=f"This is a bug in ganzoo: {name}"
        " Please report it with the output of the same command with --debug.",
    )


def _plugin_at_fault(error: BaseException) -> str | None:
    """Return the distribution whose code ran last, ours and plugins' compared; `None` if ours."""
    owners: dict[str, str | None] = {}
    for kind in KINDS:
        for plugin in discover(kind).plugins.values():
            third_party = plugin.distribution != FIRST_PARTY
            owners[plugin.module.partition(".")[0]] = plugin.distribution if third_party else None
    owners["ganzoo"] = None
    names = [frame.f_globals.get("__name__") or "" for frame, _ in walk_tb(error.__traceback__)]
    tops = [name.partition(".")[0] for name in names]
    return next((owners[top] for top in reversed(tops) if top in owners), None)


def _is_folder_gone() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _is_out_of_memory(error: BaseException) -> bool:
    """Return whether Python, or a framework on its device, ran out of memory."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"MemoryError", "OutOfMemoryError", "ResourceExhaustedError"}:
        return True
    return isinstance(error, RuntimeError) and "RESOURCE_EXHAUSTED" in str(error)  # jax


def _usage_message(error: typer.TyperException) -> str:
    """Rephrase an error of the option parser in the grammar of our own errors."""
    message = error.format_message()
    possibilities = getattr(error, "possibilities", None)  # of an option that does not exist
    if possibilities:
        message = getattr(error, "message", message).rstrip(".")
        message += f". Did you mean {' or '.join(repr(name) for name in possibilities)}?"
    context = getattr(error, "ctx", None)
    if context is not None and "Did you mean" not in message:
        message = f"{message.rstrip('.')}. See '{context.command_path} --help'."
    return message
