"""Temporaries: how they are named, who owns them, and when the dead's are removed.

A writer holds a lock (`flock`) on its temporary. The system drops the lock when the
writer dies, whatever kills it, also over a reboot and when its process id is given to
another. So a temporary that can be locked, and is too old to have been made this moment,
has no owner. Where the file system knows no locks, none is ever removed.
"""

import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TEMPORARY = re.compile(r"\.ganzoo-[0-9a-f]{16}\.tmp")
_YOUNG = 3600.0  # seconds; covers the moment between making a temporary and locking it


def temporary_beside(path: Path) -> Path:
    """A new name in the same folder, so that a rename does not cross disks."""
    return path.with_name(f".ganzoo-{secrets.token_hex(8)}.tmp")


def lock(descriptor: int, *, shared: bool = False, wait: bool = False) -> bool | None:
    """Lock an open file or folder until its descriptor is closed.

    Args:
        descriptor: Of an open file or folder.
        shared: Whether others may hold shared locks beside ours.
        wait: Whether to wait for another's lock to end.

    Returns:
        Whether it is ours now; None on a file system that knows no locks.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EWOULDBLOCK, errno.EACCES) else None
    return True


def abandoned(folder: str | os.PathLike) -> list[Path]:
    """The temporaries in this folder whose writers are dead.

    Args:
        folder: A folder that `publish`, `publish_folder` or `withdraw` worked in.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    paths = [Path(folder, name) for name in names if _TEMPORARY.fullmatch(name)]
    return [path for path in paths if _is_abandoned(path)]


def reclaim(folder: str | os.PathLike) -> list[Path]:
    """Remove the temporaries in this folder whose writers are dead; returns them."""
    found = abandoned(folder)
    for path in found:
        remove(path)
    return found


@contextmanager
def workspace(folder: Path) -> Iterator[Path]:
    """A temporary folder of ours, gone afterward; if we die, it is reclaimed as any other.

    Args:
        folder: Where it lies; it exists.
    """
    temporary = temporary_beside(folder / "workspace")
    os.mkdir(temporary)
    descriptor = os.open(temporary, os.O_RDONLY)
    try:
        lock(descriptor)
        yield temporary
    finally:
        os.close(descriptor)
        remove(temporary)


def remove(path: Path) -> None:
    """Remove a temporary file or folder, as far as the system allows."""
    try:
        if stat.S_ISDIR(os.lstat(path).st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)
    except OSError:
        pass  # a leftover does no harm, and is met again


def _is_abandoned(path: Path) -> bool:
    try:
        if time.time() - os.lstat(path).st_mtime < _YOUNG:
            return False
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return lock(descriptor) is True
    finally:
        os.close(descriptor)
