"""Plain reads of regular files.

Never a memory map (a file that shrinks would kill the process with SIGBUS), never a
pipe or device (it could block for ever or never end).
"""

import errno
import os
import stat
import time
from collections.abc import Callable
from io import BufferedReader
from typing import TypeVar

from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.files.text import environment_problem, printable_path, quote

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a symbolic link",
}
_PASSING = (errno.EIO, errno.ESTALE)  # faults that may be gone at the next try
_PAUSES = (0.1, 0.4, 1.5)  # seconds before each of the tries after the first

T = TypeVar("T")


def open_regular(path: str | os.PathLike, *, follow_symlinks: bool = False) -> BufferedReader:
    """Open a regular file for reading.

    Args:
        path: Path of the file.
        follow_symlinks: Whether the path itself may be a symbolic link. Links among its folders
            are always followed.

    Raises:
        UsageError: There is no such file.
        InvalidInput: It is not a regular file.
        EnvironmentProblem: The system does not let us read it.
    """
    path = printable_path(path, UsageError)
    try:
        # Looked at first: to open a device can already do something.
        _check_regular(os.stat(path, follow_symlinks=follow_symlinks), path)
        # O_NONBLOCK: should a pipe have taken its place meanwhile, do not wait for a writer.
        flags = os.O_RDONLY | os.O_NONBLOCK | (0 if follow_symlinks else os.O_NOFOLLOW)
        file = os.fdopen(os.open(path, flags), "rb")
    except FileNotFoundError:
        raise UsageError(
            f"No such file. Received: {quote(path)}.", hint="Check the path."
        ) from None
    except OSError as error:
        raise environment_problem("read", path, error) from error
    try:
        _check_regular(os.fstat(file.fileno()), path)
    except BaseException:
        file.close()
        raise
    return file


def read_bytes(path: str | os.PathLike, *, limit: int | None = None) -> bytes:
    """Return the content of a regular file; see `read_again` for faults of the disk.

    Args:
        path: Path of a regular file; not a symbolic link.
        limit: Number of bytes beyond which the file is refused with `InvalidInput`.
    """
    return read_again(lambda: _read_bytes(path, limit))


def read_again(read: Callable[[], T]) -> T:
    """Return what a function reads, tried again after a fault of a disk or a network drive.

    Args:
        read: Function that raises `EnvironmentProblem` from the system's error.

    Raises:
        EnvironmentProblem: It failed four times, within two seconds; or for another reason.
    """
    for pause in _PAUSES:
        try:
            return read()
        except EnvironmentProblem as problem:
            cause = problem.__cause__
            if not isinstance(cause, OSError) or cause.errno not in _PASSING:
                raise
        time.sleep(pause)
    return read()


def _read_bytes(path: str | os.PathLike, limit: int | None) -> bytes:
    with open_regular(path) as file:
        try:
            size = os.fstat(file.fileno()).st_size
            content = file.read((size if limit is None else min(size, limit)) + 1)
        except OSError as error:
            raise environment_problem("read", path, error) from error
    if limit is not None and len(content) > limit:
        raise InvalidInput(
            f"A file is too large: expected at most {limit} bytes. Received: {quote(path)}."
        )
    return content


def _check_regular(status: os.stat_result, path: str) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFREG:
        return
    raise InvalidInput(
        f"Expected a regular file, not {_KINDS.get(kind, 'something else')}. "
        f"Received: {quote(path)}.",
        hint=f"It points to {quote(os.path.realpath(path))}." if kind == stat.S_IFLNK else None,
    )
