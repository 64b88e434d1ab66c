"""Lock of a run's folder: one process writes to it, and everybody can see whether one does."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ganzoo.errors import Locked
from ganzoo.files.leftovers import lock, reclaim
from ganzoo.files.text import environment_problem, quote

NAME = ".lock"
_TRIES, _PAUSE = 5, 0.05  # seconds
_YOUNG = 1.0  # seconds; whoever makes a temporary has locked it by then
_MAX_TRIES = 200  # while there are only some who ask whether a run is locked, a moment each


@contextlib.contextmanager
def hold_lock(run: Path) -> Iterator[None]:
    """Keep other processes from writing to a run; released when this one ends.

    What processes that died while they wrote to it have left is removed, before and after.

    Args:
        run: The run's folder.

    Raises:
        Locked: Another holds it.
        EnvironmentProblem: Nothing can be written there.
    """
    path = run / NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise environment_problem("write", path, error) from error
    try:
        _acquire(descriptor, run)
        _reclaim(run)
        try:
            yield
        finally:
            _reclaim(run)
    finally:
        os.close(descriptor)  # which gives the lock back


def is_locked(run: Path) -> bool:
    """Return whether a process writes to a run, this one included.

    Args:
        run: The run's folder. On a file system without locks every run that was ever written to
            counts as locked.
    """
    try:
        descriptor = os.open(run / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        return not _is_free(descriptor)
    finally:
        os.close(descriptor)


def _reclaim(run: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # it was moved
        for folder in (run, *(path for path in run.iterdir() if path.is_dir())):
            reclaim(folder, age=_YOUNG)


def _is_free(descriptor: int) -> bool:
    """Return whether nobody writes; those who ask share the lock, and do not see each other."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    except OSError:
        return False
    return True


def _acquire(descriptor: int, run: Path) -> None:
    tries = 0
    while lock(descriptor) is False:
        tries += 1
        if tries >= _MAX_TRIES or (tries >= _TRIES and not _is_free(descriptor)):
            owner = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            raise Locked(
                f"Another process writes to the run {quote(run)}"
                f"{f': number {owner}' if owner.isdigit() else ''}.",
                hint="Wait for it or stop it.",
            )
        time.sleep(_PAUSE)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
