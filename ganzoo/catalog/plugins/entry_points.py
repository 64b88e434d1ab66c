"""Entry points: one plugin is one line in the metadata of an installed distribution.

The distributions are read one by one, so that one with broken metadata hides no other.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata

from ganzoo.catalog.plugins.name_resolution import Problem, normalize_distribution
from ganzoo.config.broken_metadata import entry_points_problem, installed_distributions
from ganzoo.files.text import quote

FIRST_PARTY = "keras-ganzoo"

KINDS: Mapping[str, str] = {
    "architecture": "ganzoo.architectures",
    "converter": "ganzoo.checkpoints",
    "dataset": "ganzoo.datasets",
    "features": "ganzoo.features",
    "logger": "ganzoo.loggers",
    "registry": "ganzoo.registries",
}
WORDS = {
    "architecture": "architecture",
    "converter": "converter of checkpoints",
    "dataset": "data set",
    "features": "extractor of features",
    "logger": "logger",
    "registry": "registry",
}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_OBJECT = re.compile(rf"{_DOTTED}:{_DOTTED}")
_FOLDER = re.compile(rf"{_DOTTED}:[\w-]+(?:/[\w-]+)*")


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """One entry point: a name, and where its object or folder is.

    Args:
        kind: A key of `KINDS`.
        name: The name in the distribution's metadata.
        target: `"module:object"`; `"package:folder"` for a registry.
        distribution: The distribution that brings it.
        version: The version of that distribution.
    """

    kind: str
    name: str
    target: str
    distribution: str
    version: str

    @property
    def qualified(self) -> str:
        """The name that is never ambiguous: `"distribution:name"`."""
        return f"{self.distribution}:{self.name}"

    @property
    def module(self) -> str:
        """The module that holds the object; the package that holds a registry's folder."""
        return self.target.partition(":")[0]

    @property
    def attribute(self) -> str:
        """The object in the module; the folder in the package."""
        return self.target.partition(":")[2]


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """An installed distribution with entry points for ganzoo.

    Args:
        name: The name in its metadata.
        version: The version in its metadata.
        folder: The folder in which it is installed.
        metadata: Its metadata.
    """

    name: str
    version: str
    folder: str
    metadata: metadata.Distribution


def distributions_with_plugins(problems: list[Problem]) -> list[Distribution]:
    """Return the distributions with plugins: one of each name, the first on sys.path.

    `GANZOO_PLUGINS=none` or `GANZOO_PLUGINS=name,name` leaves the others out; the zoo's own
    always stays.

    Args:
        problems: A list to which those that cannot be read are added.
    """
    chosen: dict[str, Distribution] = {}
    allowed = _allowed_distributions()
    for distribution in _all_distributions(problems):
        key = normalize_distribution(distribution.name)
        if allowed is not None and key not in allowed and key != FIRST_PARTY:
            continue
        first = chosen.setdefault(key, distribution)
        if first.folder == distribution.folder and first.version != distribution.version:
            reason = (
                f"Versions {first.version} and {distribution.version} both lie in "
                f"{distribution.folder}; {first.version} is used. Uninstall it, then install it "
                "again."
            )
            problems.append(Problem(distribution=distribution.name, name=None, reason=reason))
    for key in sorted((allowed or set()) - chosen.keys()):
        reason = "GANZOO_PLUGINS names it, but it is not installed or brings no plugin."
        problems.append(Problem(distribution=key, name=None, reason=reason))
    return list(chosen.values())


def plugins_of(distribution: Distribution, kind: str, problems: list[Problem]) -> list[Plugin]:
    """Return the plugins of one kind in a distribution.

    Args:
        distribution: The distribution.
        kind: A key of `KINDS`.
        problems: A list to which malformed entries are added.
    """

    def refuse(name: str | None, reason: str) -> None:
        problems.append(Problem(distribution=distribution.name, name=name, reason=reason))

    try:
        entries = [e for e in distribution.metadata.entry_points if e.group == KINDS[kind]]
    except Exception as error:  # a line that is not `name = value`, and whatever else
        refuse(None, f"Its entry_points.txt is malformed: {type(error).__name__}: {error}.")
        return []
    pattern, part = (_FOLDER, "folder") if kind == "registry" else (_OBJECT, "object")
    found: dict[str, Plugin] = {}
    for entry in entries:
        if not _NAME.fullmatch(entry.name):
            refuse(entry.name, f"Not a name. Received: {quote(entry.name)}.")
        elif not pattern.fullmatch(entry.value):
            refuse(entry.name, f"Expected `module:{part}`. Received: {quote(entry.value)}.")
        elif entry.name in found:
            refuse(entry.name, f"The {WORDS[kind]} is given twice; the first is used.")
        else:
            found[entry.name] = Plugin(
                kind=kind,
                name=entry.name,
                target=entry.value,
                distribution=distribution.name,
                version=distribution.version,
            )
    return list(found.values())


def _all_distributions(problems: list[Problem]) -> list[Distribution]:
    """In the order of sys.path; in one folder by name, the newest version first."""
    folders: dict[str, int] = {}
    found = []
    for source in installed_distributions():
        folder = _installed_in(source)
        folders.setdefault(folder, len(folders))
        try:
            text = source.read_text("entry_points.txt")
        except Exception as error:  # not text, or not readable
            reason = f"Its entry_points.txt cannot be read: {type(error).__name__}."
            problems.append(Problem(distribution=_owner(source), name=None, reason=reason))
            continue
        if not text or "ganzoo." not in text:
            problem = entry_points_problem(source)
            if problem is not None:
                reason = f"Its entry_points.txt is malformed, and passed over: {problem}."
                problems.append(Problem(distribution=_owner(source), name=None, reason=reason))
            continue
        name, version = _name_and_version(source)
        if name is None:
            reason = "A distribution in this folder brings plugins but has no name (no METADATA)."
            problems.append(Problem(distribution=folder, name=None, reason=reason))
            continue
        found.append(
            Distribution(name=name, version=version or "0", folder=folder, metadata=source)
        )
    found.sort(key=lambda one: [int(n) for n in re.findall(r"\d+", one.version)], reverse=True)
    return sorted(found, key=lambda one: (folders[one.folder], normalize_distribution(one.name)))


def _installed_in(source: metadata.Distribution) -> str:
    try:
        return os.path.realpath(str(source.locate_file("")))
    except Exception:  # from a finder that does not work with files
        return type(source).__name__


def _owner(source: metadata.Distribution) -> str:
    """Return what to call a broken distribution: its name, or the folder of its metadata."""
    folder = getattr(source, "_path", None)  # other finders have none
    return _name_and_version(source)[0] or str(folder or _installed_in(source))


def _name_and_version(source: metadata.Distribution) -> tuple[str | None, str | None]:
    try:
        fields = source.metadata  # parsed at each access
        values = fields["Name"], fields["Version"]
    except Exception:  # unreadable, or not there at all
        return None, None
    name, version = (isinstance(one, str) and one.strip() or None for one in values)
    return name, version


def _allowed_distributions() -> set[str] | None:
    """The names in GANZOO_PLUGINS; None if all are allowed."""
    text = os.environ.get("GANZOO_PLUGINS", "").strip()
    if not text:
        return None
    names = {name.strip() for name in text.split(",")} - {"", "none"}
    return {normalize_distribution(name) for name in names}
