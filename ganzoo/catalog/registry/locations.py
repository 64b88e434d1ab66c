"""Locations of registries, in the order in which they are searched.

The zoo's own, the user's, those that the user has added or pulled from, those that plugins bring;
no plugin is imported for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ganzoo.catalog.plugins.discovery import discover
from ganzoo.catalog.plugins.entry_points import FIRST_PARTY
from ganzoo.catalog.plugins.name_resolution import Problem
from ganzoo.catalog.plugins.source_code import package_folders
from ganzoo.catalog.registry import remotes
from ganzoo.catalog.registry.added import added_registries
from ganzoo.catalog.registry.remotes import Remote
from ganzoo.errors import EnvironmentProblem, GanzooError, UsageError
from ganzoo.files.home import home
from ganzoo.files.text import quote

USER = "user"


@dataclass(frozen=True, kw_only=True)
class Location:
    """A registry.

    Args:
        folder: Its folder, in which every model has one.
        source: `"keras-ganzoo"`, `"user"`, the distribution that brings it, the name under
            which it was added, or the address on the Hub that it was pulled from.
        rank: Its place in the order of precedence: equal ones clash.
        remote: The repository on the Hub that it was pulled from, if it was.
    """

    folder: Path
    source: str
    rank: int = 2
    remote: Remote | None = None

    @property
    def identity(self) -> str:
        """Address on the Hub, or folder: that that may have a trusted key."""
        return str(self.folder) if self.remote is None else self.remote.address


def user_registry() -> Path:
    """Folder of the user's own registry, which need not exist."""
    return home() / "registry"


def own_registry() -> Path:
    """Folder of the zoo's own registry: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[2]
    installed = package / "_registry"
    return installed if installed.is_dir() else package.parent / "registry"


def registry_locations(problems: list[Problem] | None = None) -> Iterator[Location]:
    """Every registry that names are looked up in, in the order of precedence.

    Args:
        problems: What is broken is added to it.
    """
    problems = [] if problems is None else problems
    yield Location(folder=own_registry(), source=FIRST_PARTY, rank=0)
    try:
        yield Location(folder=user_registry(), source=USER, rank=1)
        yield from _added_or_pulled(problems)
    except EnvironmentProblem as error:  # a user without a home: reading goes on
        problems.append(Problem(distribution=USER, name=None, reason=str(error)))
    discovery = discover("registry")
    problems.extend(discovery.problems)
    for plugin in discovery.plugins.values():
        folders = [folder / plugin.attribute for folder in package_folders(plugin.module)]
        folder = next((folder for folder in folders if folder.is_dir()), None)
        if folder is None:
            reason = f"There is no folder {plugin.target!r}."
            problems.append(
                Problem(distribution=plugin.distribution, name=plugin.name, reason=reason)
            )
        else:
            yield Location(folder=folder, source=plugin.distribution, rank=3)


def _added_or_pulled(problems: list[Problem]) -> Iterator[Location]:
    """Registries that the user has added, then the others that something was pulled from."""
    seen = set()
    try:
        addresses = added_registries()
    except GanzooError as error:
        problems.append(Problem(distribution="registries", name=None, reason=str(error)))
        addresses = {}
    for name, address in addresses.items():
        try:
            if remotes.is_address(address):
                remote = remotes.parse_address(address)
                seen.add(remote)
                yield _pulled_location(remote, name)
            elif Path(address).is_dir():
                yield Location(folder=Path(address), source=name)
            else:
                reason = f"There is no folder {quote(address)}."
                problems.append(Problem(distribution=name, name=None, reason=reason))
        except UsageError as error:
            problems.append(Problem(distribution=name, name=None, reason=str(error)))
    for remote in remotes.pulled_remotes():
        if remote not in seen:
            yield _pulled_location(remote, remote.address)


def _pulled_location(remote: Remote, source: str) -> Location:
    commit = remote.pulled_commit()
    folder = remote.snapshot(commit) if commit else remote.storage / "snapshots" / "none"
    return Location(folder=folder, source=source, remote=remote)
