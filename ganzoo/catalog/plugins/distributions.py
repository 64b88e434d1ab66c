"""Installed distributions that speak of ganzoo, read from their metadata, each guarded.

`importlib.metadata.entry_points()` raises for everybody when one file is malformed, so
the distributions are walked one by one.
"""

import os
import re
from dataclasses import dataclass
from importlib import metadata

from ganzoo.catalog.plugins.names import Problem, normalized

FIRST_PARTY = "keras-ganzoo"


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """A distribution with entry points for ganzoo.

    Args:
        name: As its metadata spells it.
        version: As its metadata states it.
        folder: Where it lies.
        source: The distribution itself.
    """

    name: str
    version: str
    folder: str
    source: metadata.Distribution


def speakers(problems: list[Problem]) -> list[Speaker]:
    """The distributions with plugins: one of each name, the first on sys.path.

    `GANZOO_PLUGINS=none` or `GANZOO_PLUGINS=name,name` leaves the others out; the zoo's own
    always stays.

    Args:
        problems: Where those that cannot be read are added.
    """
    chosen: dict[str, Speaker] = {}
    wanted = _wanted()
    for speaker in _all(problems):
        key = normalized(speaker.name)
        if wanted is not None and key not in wanted and key != FIRST_PARTY:
            continue
        first = chosen.setdefault(key, speaker)
        if first.folder == speaker.folder and first.version != speaker.version:
            reason = (
                f"Versions {first.version} and {speaker.version} both lie in {speaker.folder}; "
                f"{first.version} is used. Uninstall it, then install it again."
            )
            problems.append(Problem(distribution=speaker.name, name=None, reason=reason))
    for key in sorted((wanted or set()) - chosen.keys()):
        reason = "GANZOO_PLUGINS names it, but it is not installed or brings no plugin."
        problems.append(Problem(distribution=key, name=None, reason=reason))
    return list(chosen.values())


def _all(problems: list[Problem]) -> list[Speaker]:
    """Every one, in sys.path's order; in one folder by name, the newest version first."""
    folders: dict[str, int] = {}
    found = []
    for source in metadata.distributions():
        folder = _folder(source)
        folders.setdefault(folder, len(folders))
        try:
            text = source.read_text("entry_points.txt")
        except Exception as error:  # not text, or not readable
            reason = f"Its entry_points.txt cannot be read: {type(error).__name__}."
            owner = _field(source, "Name") or folder
            problems.append(Problem(distribution=owner, name=None, reason=reason))
            continue
        if not text or "ganzoo." not in text:
            continue
        name = _field(source, "Name")
        if name is None:
            reason = "A distribution in this folder brings plugins but has no name (no METADATA)."
            problems.append(Problem(distribution=folder, name=None, reason=reason))
            continue
        version = _field(source, "Version") or "0"
        found.append(Speaker(name=name, version=version, folder=folder, source=source))
    found.sort(key=lambda one: [int(n) for n in re.findall(r"\d+", one.version)], reverse=True)
    return sorted(found, key=lambda one: (folders[one.folder], normalized(one.name)))


def _folder(source: metadata.Distribution) -> str:
    try:
        return os.path.realpath(str(source.locate_file("")))
    except Exception:  # from a finder that does not work with files
        return type(source).__name__


def _field(source: metadata.Distribution, name: str) -> str | None:
    try:
        value = source.metadata[name]
    except Exception:  # unreadable, or not there at all
        return None
    return value.strip() or None if isinstance(value, str) else None


def _wanted() -> set[str] | None:
    """The names in GANZOO_PLUGINS; None when all are welcome."""
    text = os.environ.get("GANZOO_PLUGINS", "").strip()
    if not text:
        return None
    names = {name.strip() for name in text.split(",")} - {"", "none"}
    return {normalized(name) for name in names}
