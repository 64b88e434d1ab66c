"""Registries elsewhere: their addresses, and the copies of them that are kept here.

    hf://org/repo[@revision][/model[@version]]

A repository on the Hub is a registry of the same layout as any folder. What was pulled from
it lies in a copy, under the same numbers:

    <home>/hub/<org>--<repo>/<model>/<n>/
    <home>/hub/<org>--<repo>/.revisions/<revision>.json    the commit it meant, what was there

and the registries that a user has added are named by one small file each:

    <home>/registries/<name>.toml                            address = "..."
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ganzoo.files.text import quote
from ganzoo.files.toml import read_toml
from ganzoo.files.home import home
from ganzoo.errors import InvalidInput, UnknownName, UsageError, unknown
from ganzoo.files.names import check_name
from ganzoo.files.problems import environment_problem
from ganzoo.files.publish import make_folder, publish_text, sync_folder
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import canonical_json, parse_json

SCHEME = "hf://"
MAIN = "main"
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?"
_ADDRESS = re.compile(
    rf"hf://(?P<owner>{_PART})/(?P<repository>{_PART})(?:@(?P<revision>{_PART}))?"
    r"(?:[/:](?P<model>[a-z0-9][a-z0-9._-]{0,63})(?:@(?P<selector>[a-z0-9][a-z0-9._-]{0,63}))?)?"
)
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A repository on the Hub, and what is asked for in it.

    Args:
        owner: A user or an organization.
        repository: The repository's name.
        revision: A branch, tag or commit.
        model: Of the repository; None: its only one.
        selector: A version's number or alias.
    """

    owner: str
    repository: str
    revision: str = MAIN
    model: str | None = None
    selector: str = "latest"

    @property
    def repo_id(self) -> str:
        """As the Hub names it: `org/repo`."""
        return f"{self.owner}/{self.repository}"

    @property
    def address(self) -> str:
        """Of the repository at the revision: `hf://org/repo@revision`."""
        return f"{SCHEME}{self.repo_id}" + ("" if self.revision == MAIN else f"@{self.revision}")

    @property
    def copy(self) -> Path:
        """Where its versions are kept here."""
        return home() / "hub" / f"{self.owner}--{self.repository}"


@dataclass(frozen=True, kw_only=True)
class Index:
    """What a repository held at a commit.

    Args:
        commit: What the revision meant when it was asked for.
        models: For each model its versions' numbers, removed ones, and aliases; also the
            names of all its aliases, of which some may not have been asked for (`named`), and
            the digests of the versions that were brought here by this revision (`digests`,
            by the number as text).
    """

    commit: str
    models: Mapping[str, Mapping[str, Any]]

    @property
    def offered(self) -> list[str]:
        """The models that have versions."""
        return [name for name, known in self.models.items() if known["versions"]]


def is_address(name: object) -> bool:
    """Whether somebody means a place on the Hub."""
    return isinstance(name, str) and name.startswith(SCHEME)


def parse_address(address: str) -> Remote:
    """What an address means; `UsageError` if it is none."""
    match = _ADDRESS.fullmatch(address)
    parts = {k: v for k, v in match.groupdict().items() if v} if match else {}
    parted = [parts.get("owner", ""), parts.get("repository", "")]  # by "--" in `copy`
    if not parts or any(".." in p for p in parts.values()) or any("--" in p for p in parted):
        raise UsageError(
            "Not an address on the Hub. Expected: hf://org/repo[@revision][/model[@version]]. "
            f"Received: {quote(address)}."
        )
    return Remote(**parts)


def copies() -> list[Remote]:
    """The repositories of which something was pulled."""
    try:
        names = sorted(os.listdir(home() / "hub"))
    except OSError:
        return []
    found = (_ADDRESS.fullmatch(f"{SCHEME}{name.replace('--', '/', 1)}") for name in names)
    return [
        Remote(owner=match["owner"], repository=match["repository"])
        for match in found
        if match and not match["model"]
    ]


def read_index(remote: Remote) -> Index | None:
    """What is known of the remote's revision; None if it was never asked for."""
    path = _index_path(remote)
    if not path.is_file():
        return None
    where = quote(path)
    found = parse_json(read_bytes(path, limit=8 * 2**20), where)
    fine = isinstance(found, dict) and _are_models(found.get("models"))
    if not fine or not _COMMIT.fullmatch(str(found.get("commit"))):
        raise InvalidInput(f"{where} is not what ganzoo wrote.", hint="Pull it again.")
    return Index(commit=found["commit"], models=found["models"])


def write_index(remote: Remote, index: Index) -> None:
    """Remember what the remote's revision means."""
    path = _index_path(remote)
    try:
        make_folder(path.parent)
    except OSError as error:
        raise environment_problem("make", path.parent, error) from error
    content = {"commit": index.commit, "models": {k: dict(v) for k, v in index.models.items()}}
    publish_text(path, canonical_json(content, indent=2) + "\n", overwrite=True)


def check_commit(commit: object) -> str:
    """The commit itself, if it can be one; `InvalidInput` otherwise."""
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise InvalidInput(f"The server names no commit. Received: {quote(commit)}.")
    return commit


def choose_model(remote: Remote, index: Index) -> Remote:
    """The remote with a model: the one that is asked for, or the only one."""
    offered = index.offered
    if remote.model is not None:
        if remote.model not in offered:
            raise unknown(f"model in {remote.address}", remote.model, offered)
        return remote
    if len(offered) != 1:
        listed = ", ".join(f"{remote.address}/{name}" for name in offered[:10])
        raise UsageError(
            f"{remote.address} holds {len(offered)} models, so that one must be named.",
            hint=f"One of: {listed}." if listed else "Perhaps it is no registry of ganzoo.",
        )
    return replace(remote, model=offered[0])


def choose_version(remote: Remote, index: Index) -> int:
    """The number that the remote's selector means; its model is chosen.

    Raises:
        UnknownName: There is no such version or alias.
    """
    known = index.models[remote.model]
    selector = remote.selector
    if selector == "latest" and known["versions"]:
        return max(known["versions"])
    number = int(selector) if selector.isdigit() else known["aliases"].get(selector)
    if number not in known["versions"]:
        names = [str(n) for n in known["versions"]] + list(known["aliases"])
        raise unknown(f"version of {remote.address}/{remote.model}", selector, names)
    return number


def added() -> dict[str, str]:
    """The registries that the user has added: addresses or folders, by name."""
    folder = home() / "registries"
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return {}
    found = {}
    for file in names:
        if file.endswith(".toml") and not file.startswith("."):
            where = folder / file
            address = read_toml(where).get("address")
            if not isinstance(address, str):
                raise InvalidInput(f"{quote(where)} must say `address`.", hint="Remove the file.")
            found[file.removesuffix(".toml")] = address
    return found


def add(address: str, name: str | None = None) -> str:
    """Add a registry, so that its models are found by name.

    Args:
        address: A folder, or `hf://org/repo[@revision]`.
        name: What to call it; by default the folder's or the repository's name.

    Returns:
        Its name.

    Raises:
        UsageError: There is no such folder, or another registry has the name.
    """
    if is_address(address):
        remote = parse_address(address)
        if remote.model:
            raise UsageError(
                f"A registry is a repository, not a model in it. Received: {quote(address)}."
            )
        default, address = remote.repository.lower(), remote.address
    else:
        path = Path(address).expanduser().absolute()
        if not path.is_dir():
            raise UsageError(f"A registry is a folder. Received: {quote(address)}.")
        default, address = path.name.lower(), str(path)
    name = check_name(name or default, "name of a registry", error=UsageError)
    if name in ("user", "keras-ganzoo"):
        raise UsageError(f"The name {name!r} is taken.", hint="Give another: --name")
    if added().get(name) == address:
        return name
    import tomli_w

    folder = home() / "registries"
    try:
        make_folder(folder)
    except OSError as error:
        raise environment_problem("make", folder, error) from error
    try:
        publish_text(folder / f"{name}.toml", tomli_w.dumps({"address": address}))
    except UsageError:
        raise UsageError(
            f"There is another registry of the name {name!r}.", hint="Give another: --name"
        ) from None
    return name


def drop(name: str) -> None:
    """Forget a registry that was added. Its folder, and what was pulled, stay."""
    known = added()
    if name not in known:
        raise unknown("added registry", name, known)
    path = home() / "registries" / f"{name}.toml"
    try:
        os.unlink(path)
        sync_folder(path.parent)
    except OSError as error:
        raise environment_problem("remove", path, error) from error


def remote_of(name: str) -> Remote:
    """The repository behind the name of an added registry; `UnknownName` if it is none."""
    address = added().get(name)
    if address is None or not is_address(address):
        raise UnknownName(f"No registry on the Hub is called that. Received: {quote(name)}.")
    return parse_address(address)


def _are_models(models: object) -> bool:
    try:
        return all(
            all(type(n) is int for n in [*known["versions"], *known["removed"]])
            and all(type(n) is int for n in known["aliases"].values())
            and all(isinstance(name, str) for name in known.get("named", []))
            and all(isinstance(text, str) for text in known.get("digests", {}).values())
            for known in models.values()
        )
    except (TypeError, KeyError, AttributeError):
        return False


def _index_path(remote: Remote) -> Path:
    return remote.copy / ".revisions" / f"{remote.revision}.json"
