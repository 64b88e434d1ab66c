"""Lock of a run's folder: one process writes to it, and everybody can see whether one does."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ganzoo.errors import Locked
from ganzoo.files.leftovers import lock
from ganzoo.files.text import environment_problem, quote

_NAME = ".lock"
_TRIES, _PAUSE = 5, 0.05  # seconds; who asks whether a run is locked holds the lock for a moment


@contextlib.contextmanager
def hold_lock(run: Path) -> Iterator[None]:
    """Keep other processes from writing to a run; released when this one ends.

    Args:
        run: The run's folder.

    Raises:
        Locked: Another holds it.
        EnvironmentProblem: Nothing can be written there.
    """
    path = run / _NAME
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise environment_problem("write", path, error) from error
    try:
        _acquire(descriptor, run)
        yield
    finally:
        os.close(descriptor)  # which gives the lock back


def is_locked(run: Path) -> bool:
    """Return whether a process writes to a run, this one included.

    Args:
        run: The run's folder. On a file system without locks every run that was ever written to
            counts as locked.
    """
    try:
        descriptor = os.open(run / _NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        return lock(descriptor) is not True
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, run: Path) -> None:
    for last in (False,) * (_TRIES - 1) + (True,):
        if lock(descriptor) is not False:
            break
        if last:
            owner = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            raise Locked(
                f"Another process writes to the run {quote(run)}"
                f"{f': number {owner}' if owner.isdigit() else ''}.",
                hint="Wait for it or stop it.",
            )
        time.sleep(_PAUSE)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
