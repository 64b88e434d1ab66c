"""Errors of the operating system as one line for people."""

import errno
import os

from ganzoo.errors import EnvironmentProblem, GanzooError
from ganzoo.files.text import quote

_HINTS = {
    errno.ENOSPC: "Free some disk space.",
    errno.EDQUOT: "The disk quota is used up: free some space.",
    errno.EFBIG: "Raise the file size limit (`ulimit -f`) or use another disk.",
    errno.EIO: "The disk or the network drive has a fault.",
    errno.EROFS: "Choose a folder on a disk that can be written to.",
    errno.EACCES: "Check its owner and permissions.",
    errno.EPERM: "Check its owner and permissions.",
    errno.EMFILE: "Raise the limit of open files (`ulimit -n`).",
    errno.ENOENT: "Check the path; the folder must exist.",
}


def environment_problem(verb: str, path: str | os.PathLike, error: OSError) -> EnvironmentProblem:
    """Return the error for an operation that the system refused.

    Args:
        verb: Name of the operation: `"write"`, `"read"`.
        path: File or folder as the user knows it, not a temporary one.
        error: Error of the system.
    """
    reason = error.strerror or str(error)
    return EnvironmentProblem(
        f"Cannot {verb} {quote(path)}: {reason}.",
        hint=_HINTS.get(error.errno) if error.errno is not None else None,
    )


def printable_path(path: str | os.PathLike, error: type[GanzooError]) -> str:
    """Return the path as text; raise `error` if it is empty or holds NUL or bad Unicode."""
    text = os.fspath(path)
    try:
        if b"\0" in os.fsencode(text) or not text:
            raise ValueError
    except (ValueError, TypeError) as cause:
        raise error(
            f"A path must be text without NUL characters and not empty. Received: {quote(path)}."
        ) from cause
    return os.fsdecode(text)
