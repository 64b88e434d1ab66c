"""Checkpoints: a folder each, complete only with its manifest, the newest valid one wins.

    checkpoints/step-00001000/state.safetensors, ..., MANIFEST.json

The manifest is written last and holds the step, the size and sha256 of every file, a
digest of itself, and whatever the run wants to know about the checkpoint. Age is the
step, never a clock.
"""

import operator
import os
import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.leftovers import reclaim
from ganzoo.files.listed import publish_listed
from ganzoo.files.manifest import (
    MANIFEST,
    Broken,
    folder_name,
    listing,
    manifest_text,
    verify,
)
from ganzoo.files.names import check_name
from ganzoo.files.problems import environment_problem
from ganzoo.files.publish import make_folder, withdraw
from ganzoo.files.text import quote

_FOLDER = re.compile(r"step-([0-9]{8}|[1-9][0-9]{8,17})")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A checkpoint, verified and in memory: it stays whole if the folder goes.

    Args:
        step: The game's step at which it was saved.
        path: Its folder.
        about: What `save` was told about it.
        files: The content of each file by name.
    """

    step: int
    path: Path
    about: dict
    files: Mapping[str, bytes] = field(repr=False)

    def read(self, name: str) -> bytes:
        """The content of a file; `InvalidInput` if the checkpoint has none of this name."""
        if name not in self.files:
            raise InvalidInput(
                f"Checkpoint {quote(self.path)} has no such file: expected one of "
                f"{', '.join(sorted(self.files))}. Received: {quote(name)}."
            )
        return self.files[name]


def save(
    folder: str | os.PathLike,
    step: int,
    files: Mapping[str, bytes],
    about: dict,
    *,
    keep: int,
    spare: Collection[int] = (),
) -> Path:
    """Write a checkpoint, then remove those that are no longer needed.

    If the step is there already with the same files, nothing is written, whatever
    `about` says.

    Args:
        folder: The checkpoints of a run; made if need be.
        step: The game's step, from 0.
        files: The content of each file by name (lower case, see `names.check_name`).
        about: Anything that JSON can hold.
        keep: How many of the newest valid checkpoints stay; this one always does.
        spare: Steps whose checkpoints stay however old they are: that of the best, say.

    Returns:
        The checkpoint's folder.

    Raises:
        UsageError: A valid checkpoint of this step holds other files.
        EnvironmentProblem: The disk is full, ...; all earlier checkpoints are untouched.
    """
    step = operator.index(step)
    if step < 0:
        raise ValueError(f"A step is counted from 0. Received: {step}.")
    for name in files:
        check_name(name, "file name", error=UsageError)
    path = Path(folder, folder_name(step))
    listed = listing(files)
    text = manifest_text(step, listed, about)

    try:
        make_folder(path.parent)
    except OSError as error:
        raise environment_problem("make", path.parent, error) from error
    reclaim(path.parent)
    if not _is_saved(path, listed):
        publish_listed(path, files, MANIFEST, text)
    _rotate(path, keep, spare)
    return path


def newest(folder: str | os.PathLike, *, report: Callable[[str], None]) -> Checkpoint | None:
    """The valid checkpoint of the highest step; None if nothing was ever saved.

    Args:
        folder: The checkpoints of a run.
        report: Called with one sentence for each newer checkpoint that is broken.

    Raises:
        InvalidInput: There are checkpoints, and all are broken.
    """
    while True:
        paths = _published(folder)
        broken: dict[Path, str] = {}
        for path in paths:
            try:
                contents: dict[str, bytes] = {}
                manifest = verify(path, contents)
            except Broken as problem:
                if os.path.lexists(path):  # else it was rotated away while we looked
                    broken[path] = str(problem)
                continue
            for other, reason in broken.items():
                report(
                    f"The checkpoint of step {_step_of(other)} is broken and not used: {reason}. "
                    f"Going back to step {manifest['step']}."
                )
            return Checkpoint(
                step=manifest["step"], path=path, about=manifest["about"], files=contents
            )
        if _published(folder) == paths:
            break
    if broken:
        reasons = "; ".join(f"{path.name}: {reason}" for path, reason in list(broken.items())[:3])
        raise InvalidInput(
            f"All {len(broken)} checkpoints in {quote(folder)} are broken. {reasons}.",
            hint="Restore one from a copy, or begin a new run.",
        )
    return None


def at(folder: str | os.PathLike, step: int) -> Checkpoint:
    """The checkpoint of a step.

    Raises:
        InvalidInput: It is not there, or broken.
    """
    path = Path(folder, folder_name(step))
    contents: dict[str, bytes] = {}
    try:
        manifest = verify(path, contents)
    except Broken as problem:
        raise InvalidInput(
            f"The checkpoint of step {step} in {quote(folder)} is broken or gone: {problem}."
        ) from None
    return Checkpoint(step=step, path=path, about=manifest["about"], files=contents)


def _step_of(path: Path) -> int:
    return int(path.name.removeprefix("step-"))


def _published(folder: str | os.PathLike) -> list[Path]:
    """The folders that bear a checkpoint's name, the highest step first."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise environment_problem("read", folder, error) from error
    paths = [Path(folder, name) for name in names if _FOLDER.fullmatch(name)]
    return sorted(paths, key=lambda path: (_step_of(path), path.name), reverse=True)


def _is_saved(path: Path, listed: dict) -> bool:
    """Whether a valid checkpoint of these files is there; a broken one is removed."""
    if not os.path.lexists(path):
        return False
    try:
        manifest = verify(path)
    except Broken:
        if path.is_symlink() or not path.is_dir():
            return False  # not ours: publishing refuses it
        withdraw(path)
        return False
    if manifest["files"] != listed:
        raise UsageError(
            f"A valid checkpoint of this step holds another state. Received: {quote(path)}.",
            hint="Continue from it, or begin a new run.",
        )
    return True


def _rotate(latest: Path, keep: int, spare: Collection[int]) -> None:
    """Remove what is older than the newest `keep` valid checkpoints and not to be spared.

    Broken ones among those are not counted. Newer ones are not touched. Nothing is read as long
    as nothing is to be removed.
    """
    paths = _published(latest.parent)
    staying = [p for p in paths if _step_of(p) >= _step_of(latest) or _step_of(p) in spare]
    if all(path in staying for path in paths[max(keep, 1) :]):
        return
    kept = 0
    for path in paths:
        if kept < max(keep, 1) or _step_of(path) >= _step_of(latest):
            with suppress(Broken):
                verify(path)
                kept += 1
        elif path not in staying and path.is_dir() and not path.is_symlink():
            withdraw(path)
