"""Checkpoints of a training: a folder each, complete only with its manifest.

    checkpoints/step-00001000/state.safetensors, ..., MANIFEST.json

The manifest is written last and holds the step, the size and SHA-256 of every file, a
digest of itself, and what the run records about the checkpoint. The newest is the one of the
highest step, whatever a clock says; a broken one is passed over.
"""

import operator
import os
import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganzoo.errors import GanzooError, InvalidInput, UsageError
from ganzoo.files.leftovers import reclaim
from ganzoo.files.manifests import (
    Broken,
    check_entry,
    check_folder,
    check_name,
    check_names,
    listing,
    publish_listed,
    read_listed,
    seal,
)
from ganzoo.files.publish import make_folder, withdraw
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import canonical_json, parse_object
from ganzoo.files.text import environment_problem, quote

_MANIFEST = "MANIFEST.json"
_SCHEMA = 1
_MAX_MANIFEST_BYTES = 8 * 2**20
_FOLDER = re.compile(r"step-([0-9]{8}|[1-9][0-9]{8,17})")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A checkpoint, verified and in memory: it stays whole if the folder goes.

    Args:
        step: The training's step at which it was saved.
        path: Its folder.
        about: What the run recorded about it.
        files: The content of each file by name.
    """

    step: int
    path: Path
    about: dict[str, Any]
    files: Mapping[str, bytes] = field(repr=False)

    def read(self, name: str) -> bytes:
        """Return the content of a file; `InvalidInput` if there is none of this name."""
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
    about: dict[str, Any],
    *,
    keep: int,
    spare: Collection[int] = (),
) -> Path:
    """Write a checkpoint, then remove those that are no longer needed.

    If the step is there already with the same files, nothing is written, whatever
    `about` is.

    Args:
        folder: Folder for the checkpoints of a run; created if need be.
        step: The training's step, from 0.
        files: The content of each file by name (lower case, see `manifests.check_name`).
        about: JSON object that the run records about the checkpoint.
        keep: Number of the newest valid checkpoints to keep, at least this one.
        spare: Steps whose checkpoints are kept however old they are, that of the best for
            instance.

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
    path = Path(folder, _folder_name(step))
    listed = listing(files)
    text = _manifest_text(step, listed, about)

    make_folder(path.parent)
    reclaim(path.parent)
    if not _is_saved(path, listed):
        publish_listed(path, files, _MANIFEST, text)
    rotate(folder, step, keep=keep, spare=spare)
    return path


def rotate(folder: str | os.PathLike, step: int, *, keep: int, spare: Collection[int] = ()) -> None:
    """Remove checkpoints older than the newest `keep` valid ones, as `save` does.

    Broken ones do not count. Those newer than `step` are left alone. Nothing is read as long
    as there is nothing to remove.
    """
    paths = _published(folder)
    staying = [p for p in paths if _step_of(p) >= step or _step_of(p) in spare]
    if all(path in staying for path in paths[max(keep, 1) :]):
        return
    kept = 0
    for path in paths:
        if kept < max(keep, 1) or _step_of(path) >= step:
            with suppress(Broken):
                verify(path)
                kept += 1
        elif path not in staying and path.is_dir() and not path.is_symlink():
            withdraw(path)


def newest(folder: str | os.PathLike, *, report: Callable[[str], None]) -> Checkpoint | None:
    """Return the valid checkpoint of the highest step; None if nothing was ever saved.

    Args:
        folder: Folder with the checkpoints of a run.
        report: Called with one sentence for each newer checkpoint that is broken.

    Raises:
        InvalidInput: There are checkpoints, and all are broken.
    """
    while True:
        paths = _published(folder)
        broken: dict[Path, str] = {}
        for path in paths:
            try:
                found = _open(path)
            except Broken as problem:
                if os.path.lexists(path):  # else it was rotated away while we looked
                    broken[path] = str(problem)
                continue
            for other, reason in broken.items():
                report(
                    f"The checkpoint of step {_step_of(other)} is broken and not used: {reason}. "
                    f"Going back to step {found.step}."
                )
            return found
        if _published(folder) == paths:
            break
    if broken:
        reasons = "; ".join(f"{path.name}: {reason}" for path, reason in list(broken.items())[:3])
        raise InvalidInput(
            f"All {len(broken)} checkpoints in {quote(folder)} are broken. {reasons}.",
            hint="Restore one from a copy, or begin a new run.",
        )
    return None


def of_step(folder: str | os.PathLike, step: int) -> Checkpoint:
    """Return the checkpoint of a step; `InvalidInput` if it is not there, or broken."""
    try:
        return _open(Path(folder, _folder_name(step)))
    except Broken as problem:
        raise InvalidInput(
            f"The checkpoint of step {step} in {quote(folder)} is broken or gone: {problem}."
        ) from None


def is_one(folder: Path) -> bool:
    """Return whether a folder is named like a checkpoint and has a manifest of one."""
    return bool(_FOLDER.fullmatch(folder.name)) and (folder / _MANIFEST).is_file()


def is_there(folder: str | os.PathLike, step: int) -> bool:
    """Return whether there is a checkpoint of a step, whole or not."""
    return os.path.lexists(Path(folder, _folder_name(step)))


def verify(folder: Path, contents: dict[str, bytes] | None = None) -> dict[str, Any]:
    """Return the manifest of a checkpoint in which every byte is as it was saved.

    Args:
        folder: Folder of the checkpoint.
        contents: Dictionary to be filled with the content of each file by name.

    Raises:
        Broken: Anything is missing, left over or altered.
    """
    try:
        check_folder(folder)
        manifest = _read_manifest(folder)
        files = manifest["files"]
        check_names(folder, {_MANIFEST, *files})
        for name in sorted(files):
            data = read_listed(folder / name, files[name])
            if contents is not None:
                contents[name] = data
    except (OSError, GanzooError) as error:
        raise Broken(str(error).rstrip(".")) from error
    return manifest


def _open(path: Path) -> Checkpoint:
    contents: dict[str, bytes] = {}
    manifest = verify(path, contents)
    return Checkpoint(step=manifest["step"], path=path, about=manifest["about"], files=contents)


def _manifest_text(step: int, files: dict[str, dict], about: dict[str, Any]) -> str:
    """Return the one text of a manifest, with the digest of everything else in it."""
    content = {"schema": _SCHEMA, "step": step, "files": files, "about": about}
    return canonical_json(seal(content)) + "\n"


def _read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest, if it is the one text of its content and belongs to this folder."""
    raw = read_bytes(folder / _MANIFEST, limit=_MAX_MANIFEST_BYTES)
    manifest = parse_object(raw, _MANIFEST)
    if manifest.get("schema", _SCHEMA) != _SCHEMA:
        raise Broken(
            f"another version of ganzoo wrote it: expected schema {_SCHEMA}. "
            f"Received: {quote(manifest['schema'])}"
        )
    try:
        step, files, about = manifest["step"], manifest["files"], manifest["about"]
        if type(step) is not int or step < 0 or not isinstance(about, dict):
            raise TypeError
        for name, entry in files.items():
            check_name(name, "file name")
            check_entry(entry)
        if raw != _manifest_text(step, files, about).encode("utf-8"):
            raise TypeError
    except (TypeError, KeyError, AttributeError):
        raise Broken(f"{_MANIFEST} is not what was saved") from None
    if folder.name != _folder_name(step):
        raise Broken(f"it is the checkpoint of step {step}")
    return manifest


def _folder_name(step: int) -> str:
    return f"step-{step:08d}"


def _step_of(path: Path) -> int:
    return int(path.name.removeprefix("step-"))


def _published(folder: str | os.PathLike) -> list[Path]:
    """Return the folders that are named like checkpoints, the highest step first."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise environment_problem("read", folder, error) from error
    paths = [Path(folder, name) for name in names if _FOLDER.fullmatch(name)]
    return sorted(paths, key=lambda path: (_step_of(path), path.name), reverse=True)


def _is_saved(path: Path, listed: dict) -> bool:
    """Return whether a valid checkpoint of these files is there; remove a broken one."""
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
