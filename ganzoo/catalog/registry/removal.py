"""How versions go: a tombstone first, so that a number is never used twice, then the folder."""

import os
from contextlib import suppress
from pathlib import Path

from ganzoo.catalog.registry.history import REMOVED, tell
from ganzoo.catalog.registry.versions import entry_of, numbers, open_version
from ganzoo.errors import UsageError
from ganzoo.files.publish import publish_text, withdraw


def remove(folder: Path, number: int) -> None:
    """Remove a version; its number stays taken.

    Args:
        folder: The model's folder.
        number: Of a version that is there or was set aside.
    """
    known = numbers(folder)
    if number not in [*known.present, *known.broken]:
        open_version(folder, number)  # says what is there
    bury(folder, number)
    tell(folder, REMOVED, version=number)
    for name in sorted(os.listdir(folder)):
        found = entry_of(name)
        if found and found[0] == number and found[1] != ".removed":
            withdraw(folder / name)


def bury(folder: Path, number: int) -> None:
    """Mark a number as removed, which comes before anything is."""
    tombstone = folder / f"{number}.removed"
    with suppress(UsageError):  # somebody has done it
        publish_text(tombstone, f"{folder.name}@{number} was removed.\n")


def remains(folder: Path) -> list[Path]:
    """Folders of versions that were removed. What was set aside as broken is not among them:
    it may hold the only copy of weights, so only a person removes it, by its number.
    """
    known = numbers(folder)
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        entry = entry_of(path.name)
        if entry and entry[1] in ("", ".broken") and entry[0] in known.removed:
            found.append(path)
    return found
