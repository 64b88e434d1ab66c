"""Entry points: one plugin is one line in the metadata of its distribution."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ganzoo.catalog.plugins.distributions import Speaker
from ganzoo.catalog.plugins.names import Problem
from ganzoo.files.text import quote

KINDS: Mapping[str, str] = {
    "architecture": "ganzoo.architectures",
    "dataset": "ganzoo.datasets",
    "features": "ganzoo.features",
    "registry": "ganzoo.registries",
}
WORDS = {
    "architecture": "architecture",
    "dataset": "data set",
    "features": "extractor of features",
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


def plugins_of(speaker: Speaker, kind: str, problems: list[Problem]) -> list[Plugin]:
    """One distribution's plugins of one kind; what is malformed joins the problems."""

    def refuse(name: str | None, reason: str) -> None:
        problems.append(Problem(distribution=speaker.name, name=name, reason=reason))

    try:
        entries = [e for e in speaker.source.entry_points if e.group == KINDS[kind]]
    except Exception as error:  # a line that is not `name = value`, and whatever else
        refuse(None, f"Its entry_points.txt is malformed: {type(error).__name__}: {error}.")
        return []
    pattern, form = (_FOLDER, "folder") if kind == "registry" else (_OBJECT, "object")
    found: dict[str, Plugin] = {}
    for entry in entries:
        if not _NAME.fullmatch(entry.name):
            refuse(entry.name, f"Not a name. Received: {quote(entry.name)}.")
        elif not pattern.fullmatch(entry.value):
            refuse(entry.name, f"Expected `module:{form}`. Received: {quote(entry.value)}.")
        elif entry.name in found:
            refuse(entry.name, f"The {WORDS[kind]} is given twice; the first is used.")
        else:
            found[entry.name] = Plugin(
                kind=kind,
                name=entry.name,
                target=entry.value,
                distribution=speaker.name,
                version=speaker.version,
            )
    return list(found.values())
