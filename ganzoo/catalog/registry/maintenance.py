"""Looks through a model's folder, byte by byte, for anything that is not as it should be."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from ganzoo.catalog.registry import history
from ganzoo.catalog.registry.aliases import FOLDER, LATEST, parse_alias
from ganzoo.catalog.registry.contents import CARD, MANIFEST, MOVING, README, SAMPLES
from ganzoo.catalog.registry.removal import remains
from ganzoo.catalog.registry.versions import Version, entry_of, numbers, open_version
from ganzoo.errors import GanzooError
from ganzoo.files.leftovers import abandoned
from ganzoo.files.names import check_name
from ganzoo.files.text import quote
from ganzoo.files.reading import read_bytes

_BESIDE = (CARD, README, SAMPLES, *MOVING, history.FILE)  # what may lie beside a model's versions


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is not as it should be.

    Args:
        path: What.
        reason: Why, as a sentence.
        harmless: Whether it only takes space: `ganzoo gc` removes it.
    """

    path: Path
    reason: str
    harmless: bool = False


def check_model(folder: Path) -> tuple[list[Version], list[Finding]]:
    """The versions of a model that are whole, and everything that is wrong with its folder.

    Args:
        folder: The model's folder. Nothing in it is changed.
    """
    whole: list[Version] = []
    findings: list[Finding] = []
    known = numbers(folder)
    for number in known.present:
        try:
            version = open_version(folder, number)
            version.check()
            version.card()
            whole.append(version)
            findings += _open_to_all(version)
        except GanzooError as error:
            findings.append(Finding(path=folder / str(number), reason=str(error)))
    for number in known.broken:
        reason = f"Version {number} was found broken and set aside."
        findings.append(Finding(path=folder / f"{number}.broken", reason=reason))
    findings += _aliases(folder, [version.number for version in whole])
    if (folder / CARD).exists():
        try:
            _card(folder)
        except GanzooError as error:
            findings.append(Finding(path=folder / CARD, reason=str(error)))
    findings += _against_history(folder, whole)
    findings += garbage(folder)
    findings += _strangers(folder)
    return whole, findings


def garbage(folder: Path) -> list[Finding]:
    """What nobody needs in a model's folder: remains of removed versions and of dead writers."""
    found = [
        Finding(path=path, reason="It was removed.", harmless=True) for path in remains(folder)
    ]
    for place in (folder, folder / FOLDER):
        found += [
            Finding(path=path, reason="Its writer died.", harmless=True)
            for path in abandoned(place)
        ]
    return found


def _aliases(folder: Path, whole: list[int]) -> list[Finding]:
    found = []
    names = sorted(os.listdir(folder / FOLDER)) if (folder / FOLDER).is_dir() else []
    for name in names:
        path = folder / FOLDER / name
        if name.startswith("."):
            continue  # a writer's temporary
        try:
            check_name(name, "alias")
            number = parse_alias(read_bytes(path, limit=64), quote(path))
            if name.isdecimal() or name == LATEST:
                found.append(Finding(path=path, reason="This name means a version already."))
            elif number not in whole:
                reason = f"The alias means version {number}, which is not there or not whole."
                found.append(Finding(path=path, reason=reason))
        except GanzooError as error:
            found.append(Finding(path=path, reason=str(error)))
    return found


def _against_history(folder: Path, whole: list[Version]) -> list[Finding]:
    """What is not as the model's history tells it; it tells nothing of what others have made."""
    path = folder / history.FILE
    try:
        told = history.read(folder)
    except GanzooError as error:
        return [Finding(path=path, reason=str(error))]
    found = [Finding(path=path, reason=reason) for reason in told.problems]
    known = numbers(folder)
    for number, digest in sorted(told.versions.items()):
        if digest and number not in [*known.present, *known.broken, *known.removed]:
            reason = "It was published, is not there, and was not removed by ganzoo."
            found.append(Finding(path=folder / str(number), reason=reason))
    for version in whole:
        digest = told.versions.get(version.number)
        if digest not in (None, version.digest):
            reason = f"It is not the version that was published: that had the digest {digest}."
            found.append(Finding(path=version.path, reason=reason))
    return found


def _open_to_all(version: Version) -> list[Finding]:
    """Files of a version, and its folder, that anybody on the machine may change."""
    paths = [version.path, *(version.path / name for name in (MANIFEST, *sorted(version.sizes)))]
    return [
        Finding(path=path, reason="Anybody may write to it.")
        for path in paths
        if os.lstat(path).st_mode & stat.S_IWOTH
    ]


def _strangers(folder: Path) -> list[Finding]:
    """Entries of a model's folder that are none of ours."""
    return [
        Finding(path=folder / name, reason="Nothing of this name belongs here.")
        for name in sorted(os.listdir(folder))
        if entry_of(name) is None and name not in (*_BESIDE, FOLDER) and not name.startswith(".")
    ]


def _card(folder: Path) -> None:
    from ganzoo.catalog.registry.contents import parse_card
    from ganzoo.files.toml import MOST_BYTES

    parse_card(read_bytes(folder / CARD, limit=MOST_BYTES), folder.name, quote(folder / CARD))
