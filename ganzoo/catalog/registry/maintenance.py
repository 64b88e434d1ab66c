"""Maintenance of a model's folder: integrity check, and removal of versions."""

import os
from pathlib import Path

from ganzoo.catalog.registry import signatures
from ganzoo.catalog.registry.aliases import FOLDER, alias_names, check_alias, read_alias
from ganzoo.catalog.registry.contents import CARD, MAX_BYTES, README, SAMPLE_FILES, parse_card
from ganzoo.catalog.registry.versions import (
    Version,
    is_version_number,
    open_version,
    version_numbers,
)
from ganzoo.errors import GanzooError, InvalidInput
from ganzoo.files.publish import withdraw
from ganzoo.files.reading import read_bytes
from ganzoo.files.text import quote

_ALLOWED = (
    CARD,
    README,
    FOLDER,
    signatures.FOLDER,
    *SAMPLE_FILES,
)  # what may lie beside a model's versions


def check_model(folder: Path, *, pulled: bool = False) -> tuple[list[Version], dict[Path, str]]:
    """Return the versions of a model that are whole, and what is wrong with its folder.

    Args:
        folder: The model's folder. Nothing in it is changed.
        pulled: Whether it was pulled from the Hub: then not every version need be here.

    Returns:
        The versions, and a sentence for each file or folder that is not as it should be.
    """
    whole: list[Version] = []
    findings: dict[Path, str] = {}
    known = version_numbers(folder)
    for number in known:
        try:
            version = open_version(folder, number)
            if not pulled or version.is_complete:
                version.check()
                version.card()
                whole.append(version)
        except GanzooError as error:
            findings[folder / str(number)] = str(error)
    valid = known if pulled else [version.number for version in whole]
    for alias in alias_names(folder):
        try:
            check_alias(alias)
            number = read_alias(folder, alias)
            if number not in valid:
                raise InvalidInput(f"The alias means version {number}, which is not whole.")
        except GanzooError as error:
            findings[folder / FOLDER / alias] = str(error)
    findings |= signatures.misplaced_signatures(folder, valid)
    if (folder / CARD).exists():
        try:
            card = read_bytes(folder / CARD, limit=MAX_BYTES[CARD])
            parse_card(card, folder.name, quote(folder / CARD))
        except GanzooError as error:
            findings[folder / CARD] = str(error)
    for name in sorted(os.listdir(folder)):
        if not (is_version_number(name) or name in _ALLOWED or name.startswith(".")):
            findings[folder / name] = "It does not belong here."
    return whole, findings


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
    signatures.remove_signature(folder, number)  # before the number can be another version's
    withdraw(folder / str(number))
