"""Registries on the Hub: their addresses, and what was pulled from them.

    hf://org/repo[@revision][/model[@version]]

A repository is a registry of the same layout as any folder. What was pulled lies in a cache of
`huggingface_hub`, whose layout is public
(https://huggingface.co/docs/huggingface_hub/guides/manage-cache), commit by commit:

    <home>/hub/models--<org>--<repo>/refs/<revision>                 the commit it meant when pulled
                                     snapshots/<commit>/<model>/<n>/...
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ganzoo.errors import GanzooError, UsageError, unknown
from ganzoo.files.home import home
from ganzoo.files.hub_client import is_commit
from ganzoo.files.publish import make_folder, publish_text
from ganzoo.files.reading import read_bytes
from ganzoo.files.text import quote

SCHEME = "hf://"
MAIN = "main"
LATEST = "latest"
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?"
_ADDRESS = re.compile(
    rf"hf://(?P<owner>{_PART})/(?P<repository>{_PART})(?:@(?P<revision>{_PART}))?"
    r"(?:[/:](?P<model>[a-z0-9][a-z0-9._-]{0,63})(?:@(?P<selector>[a-z0-9][a-z0-9._-]{0,63}))?)?"
)
_STORAGE = re.compile(rf"models--({_PART})--({_PART})")


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A repository on the Hub, and the version in it that is meant.

    Args:
        owner: A user or an organization.
        repository: The repository's name.
        revision: A branch, tag or commit.
        model: A model of the repository; `None` for its only one.
        selector: A version's number or alias.
    """

    owner: str
    repository: str
    revision: str = MAIN
    model: str | None = None
    selector: str = LATEST

    @property
    def repo_id(self) -> str:
        """Name on the Hub: `org/repo`."""
        return f"{self.owner}/{self.repository}"

    @property
    def address(self) -> str:
        """Address of the repository at the revision: `hf://org/repo@revision`."""
        return f"{SCHEME}{self.repo_id}" + ("" if self.revision == MAIN else f"@{self.revision}")

    @property
    def storage(self) -> Path:
        """Folder of the cache for this repository."""
        return cache_folder() / f"models--{self.owner}--{self.repository}"

    def snapshot(self, commit: str) -> Path:
        """Folder of what was pulled at a commit; itself a registry."""
        return self.storage / "snapshots" / commit

    def pulled_commit(self) -> str | None:
        """Commit that the revision meant when it was pulled last; `None` if it never was."""
        if is_commit(self.revision):
            return self.revision if self.snapshot(self.revision).is_dir() else None
        try:
            commit = read_bytes(self._ref(), limit=64).decode("ascii", "replace").strip()
        except (GanzooError, OSError):
            return None
        return commit if is_commit(commit) and self.snapshot(commit).is_dir() else None

    def remember_commit(self, commit: str) -> None:
        """Let the revision mean a commit, all of whose needed files are here and verified."""
        if is_commit(self.revision):
            return
        make_folder(self._ref().parent)
        publish_text(self._ref(), commit, overwrite=True)

    def _ref(self) -> Path:
        return self.storage / "refs" / self.revision


def cache_folder() -> Path:
    """Folder for everything that is pulled."""
    return home() / "hub"


def is_address(name: object) -> bool:
    """Return True if a name is meant as an address on the Hub."""
    return isinstance(name, str) and name.startswith(SCHEME)


def parse_address(address: str) -> Remote:
    """Return the repository and version that an address means; `UsageError` if it is none."""
    match = _ADDRESS.fullmatch(address)
    parts = {k: v for k, v in match.groupdict().items() if v} if match else {}
    separated = [parts.get("owner", ""), parts.get("repository", "")]  # by "--" in the cache
    if not parts or any(".." in p for p in parts.values()) or any("--" in p for p in separated):
        raise UsageError(
            "Not an address on the Hub. Expected: hf://org/repo[@revision][/model[@version]]. "
            f"Received: {quote(address)}."
        )
    return Remote(**parts)


def registry_identity(where: str | os.PathLike) -> str:
    """Return the one name of a registry, however it is written; its key is known by it.

    Args:
        where: Its address, at any revision; or its folder, also that of what was pulled.

    Returns:
        `"hf://org/repo"` in small letters, for the Hub has no two that differ in these alone; or
        the real path of a folder.
    """
    if is_address(where):
        with suppress(UsageError):  # a list that was written by hand may hold anything
            return f"{SCHEME}{parse_address(str(where)).repo_id}".lower()
        return str(where)
    folder = Path(os.path.realpath(where))
    cache = os.path.realpath(cache_folder())
    inside = folder.relative_to(cache).parts[:1] if folder.is_relative_to(cache) else ()
    match = _STORAGE.fullmatch("".join(inside))
    return f"{SCHEME}{match[1]}/{match[2]}".lower() if match else str(folder)


def pulled_remotes() -> list[Remote]:
    """Every branch and tag that something was pulled from."""
    found = []
    for storage in _names_in(cache_folder()):
        if match := _STORAGE.fullmatch(storage):
            for revision in _names_in(cache_folder() / storage / "refs"):
                remote = Remote(owner=match[1], repository=match[2], revision=revision)
                if re.fullmatch(_PART, revision) and remote.pulled_commit():
                    found.append(remote)
    return found


def choose_model(remote: Remote, offered: list[str]) -> Remote:
    """Return the remote with a model: the one that it names, or the only one that is offered."""
    if remote.model is not None:
        if remote.model not in offered:
            raise unknown(f"model in {remote.address}", remote.model, offered)
        return remote
    if len(offered) != 1:
        listed = ", ".join(f"{remote.address}/{name}" for name in offered[:10])
        raise UsageError(
            f"{remote.address} holds {len(offered)} models, so that one must be named.",
            hint=f"One of: {listed}." if listed else "It may not be a registry of ganzoo.",
        )
    return replace(remote, model=offered[0])


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
