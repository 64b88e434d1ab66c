"""Paths of what is written: free in the current folder, or given and not there yet."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ganzoo.errors import UsageError
from ganzoo.files.publish import check_target
from ganzoo.jobs.models.find import Source


def output_file(
    found: Source, out: Path | None, what: str, endings: Iterable[str], *, overwrite: bool
) -> Path:
    """Return where a file may be written, before anything takes long.

    Args:
        found: The model, whose name a default path begins with.
        out: The path; None: one that is free in the current folder.
        what: What is written, for a default path.
        endings: Those that the path may have; a default path has the first.
        overwrite: Replace a file that is there.

    Raises:
        UsageError: It has another ending, or something is there.
    """
    first, *others = endings
    path = free_path(found, what, [first]) if out is None else Path(out)
    if path.suffix.lower() not in (first, *others):
        known = ", ".join((first, *others))
        raise UsageError(f"Expected a file that ends in one of {known}. Received: {out}.")
    check_paths_free(path, [path], overwrite)
    return path


def output_folder(found: Source, out: Path | None, what: str) -> Path:
    """Return where a new folder may be written; see `output_file`.

    Raises:
        UsageError: Something is there.
    """
    path = free_path(found, what, []) if out is None else Path(out)
    check_paths_free(path, [path], overwrite=False)
    return path


def check_paths_free(out: Path, paths: list[Path], overwrite: bool) -> None:
    """Refuse, before anything takes long, to write where something is."""
    if out not in paths and out.exists() and not out.is_dir():
        raise UsageError(
            f"--separate writes into a folder. Received: {out}, which is a file.",
            hint="Choose another --out.",
        )
    if out in paths:
        check_target(out)
    taken = next((path for path in paths if os.path.lexists(path)), None)
    if taken and not overwrite:
        raise UsageError(
            f"{taken} exists already, and nothing is overwritten.",
            hint="Choose another --out, or --overwrite.",
        )


def free_path(found: Source, what: str, suffixes: Sequence[str]) -> Path:
    """A name that is free with each of the suffixes; that of a folder without any."""
    where = found.where
    stem = found.title or (where.stem if where.suffix == ".safetensors" else where.name)
    stem = where.resolve().parent.name if stem in ("weights", "state") else stem
    name = f"{stem.removesuffix('-samples')}-{what}"
    names = (name, *(f"{name}-{i}" for i in range(2, 10_000)))
    free = (one for one in names if not any(Path(f"{one}{e}").exists() for e in (suffixes or [""])))
    return Path(next(free) + (suffixes[0] if suffixes else ""))
