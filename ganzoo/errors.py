"""Errors that the user can mend: one line each, with an exit code.

Every message says what is wrong, what was expected, `Received: ...`, and, where
there is one, a way out. Anything that is not a `GanzooError` is a fault of ganzoo.
"""

import difflib
from collections.abc import Iterable

_MAX_NAMES = 20  # in a message


class GanzooError(Exception):
    """An error that whoever runs ganzoo can mend.

    Args:
        message: One or two sentences: what, expected, `Received: ...`.
        hint: What to do about it, as a sentence or a command.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str | None = None):
        super().__init__(f"{message} {hint}" if hint else message)
        self.message = message
        self.hint = hint


class UsageError(GanzooError):
    """A wrong argument, key or value. Exit code 2."""


class UnknownName(UsageError):
    """A name that no registry or plugin knows. Exit code 2."""


class InvalidInput(GanzooError):
    """A file, folder or card whose content is invalid or not trusted. Exit code 3."""

    exit_code = 3


class PluginError(GanzooError):
    """A plugin that cannot be found, loaded or used. Exit code 4."""

    exit_code = 4


class EnvironmentProblem(GanzooError):
    """A missing backend, a full disk, no network, no memory. Exit code 5."""

    exit_code = 5


class Diverged(GanzooError):
    """A loss, gradient or weight that is no longer finite. Exit code 6."""

    exit_code = 6


class Locked(GanzooError):
    """A run or store that another process is writing to. Exit code 7."""

    exit_code = 7


class Interrupted(GanzooError):
    """Stopped by a signal, with everything saved that there was. Exit code 128 + its number."""

    def __init__(self, message: str, *, signal_number: int, hint: str | None = None):
        super().__init__(message, hint=hint)
        self.exit_code = 128 + signal_number


def unknown(kind: str, name: str, known: Iterable[str], *, see: str = "") -> UnknownName:
    """The error for a name that is not known, with the nearest names that are.

    Args:
        kind: What the name was meant to be: `"model"`, `"key"`, `"backend"`.
        name: The name as received.
        known: The names that exist.
        see: A command that lists them, where they are too many for a message.
    """
    known = sorted(set(known))
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        hint = f"Did you mean {' or '.join(repr(n) for n in near)}?"
    elif len(known) > _MAX_NAMES and see:
        hint = f"All {len(known)} of them: {see}"
    elif known:
        more = f" and {len(known) - _MAX_NAMES} more" if len(known) > _MAX_NAMES else ""
        hint = f"Known: {', '.join(known[:_MAX_NAMES])}{more}."
    else:
        hint = f"There is no {kind} at all."
    return UnknownName(f"Unknown {kind}. Received: {name!r}.", hint=hint)
