"""Temporary files: their names, their locks, and the removal of those that crashes left.

A writer holds a lock on its temporary file or folder. The system drops the lock when the
writer dies, whatever kills it, also over a reboot and when its process id is given to
another. So a temporary that can be locked, and is too old to have been made this moment,
has no owner. Where the file system has no locks, none is ever removed.
"""

import os
import re
import secrets
import shutil
import stat
import time
from pathlib import Path

_TEMPORARY = re.compile(r"\.ganzoo-[0-9a-f]{16}\.tmp")
_YOUNG = 3600.0  # seconds; covers the moment between making a temporary and locking it


def temporary_path(path: Path) -> Path:
    """Return a new name in the same folder, so that a rename does not cross disks."""
    return path.with_name(f".ganzoo-{secrets.token_hex(8)}.tmp")


def is_temporary(name: str) -> bool:
    """Return whether a name is one that `temporary_path` gives."""
    return bool(_TEMPORARY.fullmatch(name))


def lock(descriptor: int, *, wait: bool = False) -> bool | None:
    """Lock an open file or folder until its descriptor is closed.

    Args:
        descriptor: File descriptor of an open file or folder.
        wait: Whether to wait while another holds it.

    Returns:
        True if the lock is ours now, False if another holds it, None on a file system that has
        no locks.
    """
    from filelock import lock_descriptor  # it takes long to import, and few commands write

    try:
        return lock_descriptor(descriptor, blocking=wait)
    except OSError:
        return None


def reclaim(folder: str | os.PathLike, *, age: float = _YOUNG) -> list[Path]:
    """Remove and return the temporaries in a folder whose writers are dead.

    Args:
        folder: Folder that `publish`, `publish_folder` or `withdraw` worked in.
        age: Seconds for which they have been there at least.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    paths = [Path(folder, name) for name in names if is_temporary(name)]
    found = [path for path in paths if _is_abandoned(path, age)]
    for path in found:
        remove(path)
    return found


def remove(path: Path) -> None:
    """Remove a temporary file or folder, as far as the system allows."""
    try:
        if stat.S_ISDIR(os.lstat(path).st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)
    except OSError:
        pass  # a leftover does no harm, and is met again


def _is_abandoned(path: Path, age: float) -> bool:
    try:
        if time.time() - os.lstat(path).st_mtime < age:
            return False
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return lock(descriptor) is True
    finally:
        os.close(descriptor)
