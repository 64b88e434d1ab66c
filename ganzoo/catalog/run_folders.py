"""Folders of runs: their numbers, of which nobody gets one that another has."""

import os
import re
from pathlib import Path

from ganzoo.errors import unknown
from ganzoo.files.text import shorten

RUNS = Path("runs")  # where runs are numbered by default
_NUMBERED = re.compile(r"\.?([0-9]{5,})(?:-.*)?")


def make_numbered(runs: Path, name: str) -> Path:
    """Make and return the folder `runs/00007-name` with the next number; OSError if it fails."""
    runs.mkdir(parents=True, exist_ok=True)
    number = 1 + max(_run_numbers(runs), default=0)
    while not _reserve_number(runs, number, name):
        number += 1
    return runs / f"{number:05d}-{name}"


def numbered_folders(runs: Path = RUNS) -> list[tuple[int, Path]]:
    """Return the folders of all runs with their numbers, in ascending order; broken ones too."""
    names = [name for name in os.listdir(runs) if name[0] != "."] if os.path.isdir(runs) else []
    found = ((_NUMBERED.fullmatch(name), Path(runs, name)) for name in names)
    return sorted((int(match[1]), path) for match, path in found if match and path.is_dir())


def _run_numbers(runs: Path) -> list[int]:
    found = (_NUMBERED.fullmatch(name) for name in os.listdir(runs))
    return [int(match[1]) for match in found if match]


def _reserve_number(runs: Path, number: int, name: str) -> bool:
    """Return whether the number was free, and is now this name's folder."""
    reservation = runs / f".{number:05d}"
    try:
        reservation.mkdir()
    except FileExistsError:
        return False
    # Whoever had the reservation before may have given it up for the folder meanwhile.
    if _run_numbers(runs).count(number) > 1:
        reservation.rmdir()
        return False
    reservation.rename(runs / f"{number:05d}-{name}")
    return True


def find_folder(run: str | os.PathLike | int, runs: Path) -> Path:
    """Return the folder that a path, name or number means; `UnknownName` if there is none."""
    text = str(run) if isinstance(run, int) else os.fspath(run)
    if not isinstance(run, int) and text and os.path.isdir(text):
        return Path(text)
    for number, path in numbered_folders(runs):
        if text == path.name or (text.isdecimal() and int(text) == number):
            return path
    raise unknown("run", shorten(text), [path.name for _, path in numbered_folders(runs)])
