"""Writes of a training that goes on: a disk that is full does not end it at once."""

import contextlib
import math
import os
import resource
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.runs import Run
from ganzoo.errors import EnvironmentProblem, GanzooError
from ganzoo.files.safetensors import DTYPES
from ganzoo.files.text import quote
from ganzoo.jobs.models.weights import variables_spec

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

FAILED_SAVES = 3  # in a row, after which a training ends
_HEADER_BYTES = 120  # of an array in a file: its name, type, shape and place
_MIB = 2**20


class Saving:
    """A guard over what a training writes: where that fails, it goes on, and says so.

    Args:
        run: The run.
        events: Function called with each warning.
    """

    def __init__(self, run: Run, events: Callable[[dict[str, Any]], None]):
        self._run, self._events = run, events
        self._failed_saves, self._failing = 0, False
        self._entries: list[Mapping[str, Any]] = []  # of the log, not written yet

    def save(self, write: Callable[[], None], *, last: bool = False) -> bool:
        """Write a checkpoint, and return whether that was possible.

        Args:
            write: Function that writes it.
            last: Whether there is no later one that might be written instead.

        Raises:
            EnvironmentProblem: It was not, for the third time in a row or the last.
        """
        self._failing = False  # each is told of
        ends = last or self._failed_saves == FAILED_SAVES - 1
        saved = self.write(write, last=ends)
        self._failed_saves = 0 if saved else self._failed_saves + 1
        return saved

    def log(self, *entries: Mapping[str, Any], last: bool = False) -> None:
        """Append entries to the log, those before that could not be written included."""
        self._entries += entries

        def write() -> None:
            while self._entries:
                self._run.append_log(self._entries[0])
                del self._entries[0]

        self.write(write, last=last)

    def write(self, write: Callable[[], None], *, last: bool = False) -> bool:
        """Call a function that writes, and return whether it could.

        Args:
            write: The function.
            last: Whether the training ends if it cannot.

        Raises:
            EnvironmentProblem: It could not, and this was the last time.
        """
        try:
            if not self._run.recipe_path.exists():  # else the folder would be made anew
                raise EnvironmentProblem(
                    f"The run's folder is gone or was moved. Received: {quote(self._run.path)}."
                )
            write()
        except EnvironmentProblem as problem:
            if last:
                raise EnvironmentProblem(
                    f"{problem.message} {last_good_checkpoint(self._run)}", hint=problem.hint
                ) from problem
            if not self._failing:
                text = f"{problem} The training goes on. {last_good_checkpoint(self._run)}"
                self._events({"event": "warning", "message": text})
            self._failing = True
            return False
        self._failing = False
        return True


def last_good_checkpoint(run: Run) -> str:
    """Return a sentence about the checkpoint that a run can go on from."""
    if not run.path.exists():
        return "Its checkpoints are where it is now."
    newest = None
    with contextlib.suppress(GanzooError):
        newest = run.newest_checkpoint(lambda text: None)
    return f"The last good checkpoint is {newest.path}." if newest else "There is no checkpoint."


def checkpoint_size(gan: "GAN") -> int:
    """Return the bytes of a checkpoint of a compiled GAN, to within a few percent."""
    sizes = {dtype.name: dtype.itemsize for dtype in DTYPES.values()}
    spec = variables_spec(gan.state()).values()
    return sum(_HEADER_BYTES + sizes[dtype] * math.prod(shape) for dtype, shape in spec)


def check_space(folder: Path, size: int, copies: int) -> None:
    """Check, before a training, that the disk holds what it cannot do without.

    Args:
        folder: Folder of the run or of all runs; it need not exist.
        size: Bytes of a checkpoint.
        copies: Number of checkpoints that are there at once.

    Raises:
        EnvironmentProblem: It does not, or no file may be that large.
    """
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit != resource.RLIM_INFINITY and size > limit:
        raise EnvironmentProblem(
            f"A checkpoint is larger than a file may be here. Expected: {limit:,} bytes or less. "
            f"Received: about {size:,}.",
            hint="Raise the limit: ulimit -f.",
        )
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.is_dir())
    free = shutil.disk_usage(there).free
    if free < copies * size:
        raise EnvironmentProblem(
            f"The disk of {quote(os.fspath(folder))} cannot hold {copies} checkpoints. "
            f"Expected: about {copies * size / _MIB:,.1f} MiB free. "
            f"Received: {free / _MIB:,.1f} MiB.",
            hint="Free some space, or choose another disk: --run FOLDER.",
        )
