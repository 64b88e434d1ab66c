"""What the operating system refuses, said in one line."""

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
    """The error for something that the system did not let us do.

    Args:
        verb: What was tried: `"write"`, `"read"`.
        path: The file or folder as the user knows it (not a temporary one).
        error: What the system said.
    """
    reason = error.strerror or str(error)
    return EnvironmentProblem(
        f"Cannot {verb} {quote(path)}: {reason}.",
        hint=_HINTS.get(error.errno) if error.errno is not None else None,
    )


def printable_path(path: str | os.PathLike, error: type[GanzooError]) -> str:
    """The path as text; `error` if the system could not even look at it (NUL, bad Unicode)."""
    text = os.fspath(path)
    try:
        if b"\0" in os.fsencode(text) or not text:
            raise ValueError
    except (ValueError, TypeError) as cause:
        raise error(
            f"A path must be text without NUL characters and not empty. Received: {quote(path)}."
        ) from cause
    return os.fsdecode(text)
