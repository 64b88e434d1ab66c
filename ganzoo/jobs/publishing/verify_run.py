"""Verification of a run: every file in its folder, and what could not be compared with anything.

No framework is imported.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ganzoo.catalog import run_lock, run_manifest
from ganzoo.catalog.runs import BEST, Run
from ganzoo.errors import GanzooError
from ganzoo.files import checkpoints, safetensors
from ganzoo.files.leftovers import is_temporary

Facts = dict[str, Any]

_TRIES = 3  # while the run goes on and changes what is looked at
_OWN_NAMES = {run_manifest.NAME, run_manifest.LOG_NAME, run_lock.NAME}


def is_run_folder(path: Path) -> bool:
    """Return whether a folder is a run's, be it that its recipe is gone."""
    run = Run(path)
    return run.recipe_path.is_file() or run.log_path.is_file()


def verify_run(run: Run) -> Facts:
    """Compare every file of a run with what was written.

    Args:
        run: The run; it may go on meanwhile.

    Returns:
        `kind`, `path`, `checkpoints` (steps of those that are whole), `checked` (number of other
        files), and `path` and `reason` of each of the `problems` and of each file `not_checked`.
    """
    for _ in range(_TRIES):
        before = _manifest_bytes(run)
        found = _look_at_run(run)
        if _manifest_bytes(run) == before:
            break
    return found


def describe_problem(path: Path, reason: str) -> Facts:
    """Return a problem as verification lists it."""
    return {"path": str(path), "reason": reason}


def _look_at_run(run: Run) -> Facts:
    problems: list[Facts] = []
    manifest: Facts = {}

    def note(path: Path, check: Callable[[], Any]) -> None:
        try:
            check()
        except GanzooError as error:
            problems.append(describe_problem(path, str(error)))

    note(run.manifest_path, lambda: manifest.update(run.manifest()))
    whole = _look_at_checkpoints(run, manifest, problems)
    files = manifest.get(run_manifest.FILES)
    if files is not None:
        for name in files:
            note(run.path / name, lambda name=name: run_manifest.check_file(run.path, name))
        note(run.log_path, run.log)
    elif manifest:  # whether they can be read is all that can be said
        for look in (run.recipe, run.log, run.card):
            note(run.path, look)
        if run.weights_path.exists():
            note(run.weights_path, lambda: safetensors.load(run.weights_path))
    return {
        "kind": "run",
        "path": str(run.path),
        "checkpoints": whole,
        "checked": 0 if files is None else len(files) + 2,  # and the log and the manifest
        "not_checked": list(_unchecked(run, manifest)),
        "problems": problems,
    }


def _look_at_checkpoints(run: Run, manifest: Facts, problems: list[Facts]) -> list[int]:
    """The steps of the checkpoints that are whole; add what is wrong with others."""
    whole: dict[int, Facts] = {}
    for folder in sorted(run.checkpoints.glob("step-*")) if run.checkpoints.is_dir() else []:
        try:
            found = checkpoints.verify(folder)
            whole[found["step"]] = found["about"]
        except checkpoints.Broken as error:
            if os.path.lexists(folder):  # else a run that goes on has removed it
                reason = f"The checkpoint is damaged: {error}."
                problems.append(describe_problem(folder, reason))
    newest = max(whole, default=0)
    best = whole[newest].get(BEST) if whole else None
    saved = manifest.get(run_manifest.CHECKPOINT) or 0  # or later, if the run was killed
    for step in {best["step"] if best else newest, max(saved, newest)} - {0}:
        if not checkpoints.is_there(run.checkpoints, step):
            reason = f"The checkpoint of step {step} is gone."
            problems.append(describe_problem(run.checkpoints, reason))
    return sorted(whole)


def _unchecked(run: Run, manifest: Facts) -> Iterator[Facts]:
    """Each file in the folder for which there is no digest, and why."""
    files = manifest.get(run_manifest.FILES)
    known = {run_manifest.NAME, run_lock.NAME, *(files or ())}
    known |= set() if files is None else {run_manifest.LOG_NAME}
    own = {run_manifest.LOG_NAME, *run_manifest.own_files(run.path)}
    if files is not None:
        missing = "it has no digest yet: the run goes on, or was killed"
    else:
        missing = "the run is from before digests were kept" if manifest else "see its manifest"
    for folder, folders, names in os.walk(run.path):
        parent = Path(folder)
        if parent == run.checkpoints:
            folders[:] = [name for name in folders if not checkpoints.is_one(parent / name)]
        folders.sort()
        for name in sorted(names):
            path = (parent / name).relative_to(run.path).as_posix()
            if path not in known:
                reason = missing if path in own else "it is no file of the run"
                reason = "a process that was killed left it" if is_temporary(name) else reason
                yield describe_problem(parent / name, reason)


def _manifest_bytes(run: Run) -> bytes | None:
    try:
        return run.manifest_path.read_bytes()
    except OSError:
        return None
