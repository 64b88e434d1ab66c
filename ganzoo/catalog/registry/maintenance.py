"""Maintenance of a model's folder: integrity check, garbage, removal of versions."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from ganzoo.catalog.registry.aliases import FOLDER, LATEST, alias_names, read_alias
from ganzoo.catalog.registry.contents import (
    CARD,
    MANIFEST,
    MAX_BYTES,
    README,
    SAMPLE_FILES,
    parse_card,
)
from ganzoo.catalog.registry.versions import (
    Version,
    is_version_number,
    open_version,
    version_numbers,
)
from ganzoo.errors import GanzooError
from ganzoo.files.leftovers import abandoned
from ganzoo.files.names import check_name
from ganzoo.files.text import quote
from ganzoo.files.publish import withdraw
from ganzoo.files.reading import read_bytes

_BESIDE = (CARD, README, FOLDER, *SAMPLE_FILES)  # what may lie beside a model's versions


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is not as it should be.

    Args:
        path: A file or folder.
        reason: What is wrong with it, as a sentence.
        harmless: Whether it only takes space: `ganzoo gc` removes it.
    """

    path: Path
    reason: str
    harmless: bool = False


def check_model(folder: Path, *, pulled: bool = False) -> tuple[list[Version], list[Finding]]:
    """Return the versions of a model that are whole, and what is wrong with its folder.

    Args:
        folder: The model's folder. Nothing in it is changed.
        pulled: Whether it was pulled from the Hub: then not every version need be here.
    """
    whole: list[Version] = []
    findings: list[Finding] = []
    for number in version_numbers(folder):
        try:
            version = open_version(folder, number)
            if pulled and not version.is_complete:
                continue
            version.check()
            version.card()
            whole.append(version)
            findings += _writable_by_all(version)
        except GanzooError as error:
            findings.append(Finding(path=folder / str(number), reason=str(error)))
    findings += _check_aliases(folder, None if pulled else [one.number for one in whole])
    if (folder / CARD).exists():
        try:
            card = read_bytes(folder / CARD, limit=MAX_BYTES[CARD])
            parse_card(card, folder.name, quote(folder / CARD))
        except GanzooError as error:
            findings.append(Finding(path=folder / CARD, reason=str(error)))
    findings += find_garbage(folder)
    findings += [
        Finding(path=folder / name, reason="Nothing of this name belongs here.")
        for name in sorted(os.listdir(folder))
        if not (is_version_number(name) or name in _BESIDE or name.startswith("."))
    ]
    return whole, findings


def find_garbage(folder: Path) -> list[Finding]:
    """Find what interrupted writers have left in a model's folder."""
    return [
        Finding(path=path, reason="Its writer died.", harmless=True)
        for place in (folder, folder / FOLDER)
        for path in abandoned(place)
    ]


def remove_version(folder: Path, number: int) -> None:
    """Remove a version, whole or damaged.

    Args:
        folder: The model's folder.
        number: The version's.

    Raises:
        UsageError: There is no such version.
    """
    if number not in version_numbers(folder):
        open_version(folder, number)  # says which there are
    withdraw(folder / str(number))


def _check_aliases(folder: Path, whole: list[int] | None) -> list[Finding]:
    found = []
    for name in alias_names(folder):
        path = folder / FOLDER / name
        try:
            check_name(name, "alias")
            number = read_alias(folder, name)
            if name.isdecimal() or name == LATEST:
                found.append(Finding(path=path, reason="This name means a version already."))
            elif whole is not None and number not in whole:
                reason = f"The alias means version {number}, which is missing or damaged."
                found.append(Finding(path=path, reason=reason))
        except GanzooError as error:
            found.append(Finding(path=path, reason=str(error)))
    return found


def _writable_by_all(version: Version) -> list[Finding]:
    """Files of a version, and its folder, that anybody on the machine may change."""
    paths = [version.path, *(version.path / name for name in (MANIFEST, *sorted(version.sizes)))]
    return [
        Finding(path=path, reason="Anybody may write to it.")
        for path in paths
        if os.stat(path).st_mode & stat.S_IWOTH
    ]
