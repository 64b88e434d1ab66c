"""Versions from and to a repository on the Hugging Face Hub: what a pull and a push mean.

The client only carries bytes (`hub_client`): a revision is resolved once, to a commit that is
recorded; what a file must be is known from its version's manifest; and nothing is where a
version is looked for before all of it is verified.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.registry import aliases, contents, remotes
from ganzoo.catalog.registry.remotes import Index, Remote
from ganzoo.catalog.registry.versions import (
    Version,
    entry_of,
    identity,
    numbers,
    open_version,
    put,
    unchanged,
)
from ganzoo.data.progress import notice
from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput, UsageError
from ganzoo.files.digests import bytes_digest, file_digest
from ganzoo.files.home import check_space
from ganzoo.files.leftovers import reclaim, workspace
from ganzoo.files.names import check_name
from ganzoo.files.problems import environment_problem
from ganzoo.files.publish import make_folder
from ganzoo.files.reading import read_bytes
from ganzoo.jobs.hub import client as hub_client
from ganzoo.jobs.hub.client import connected, endpoint, fetch, patiently

if TYPE_CHECKING:
    from ganzoo.jobs.publishing.push import Parcel

_MOST_ALIASES = 100  # that are asked for at once, each by a request
# The line by which a repository's page is known as ours, to be replaced by the next push.
_MARK = "<!-- Written by ganzoo push, which replaces this page while this line is in it. -->"
_RACES = 8  # how often somebody else may publish at the same moment


def local(remote: Remote) -> Version:
    """A version that is here already, or else pulled.

    The server is asked neither for what is here, nor what a revision means that it was asked
    for before. Here is what this very revision was seen to hold: the copy has one version of
    a number, and another revision may hold another.
    """
    index = remotes.read_index(remote)
    if index is None:
        return pull(remote)
    remote = remotes.choose_model(remote, index)
    known = index.models[remote.model]
    if remote.selector in set(known.get("named", [])) - set(known["aliases"]):
        index = _with_aliases(connected(), remote, index)
        remotes.write_index(remote, index)
    number = remotes.choose_version(remote, index)
    folder = remote.copy / str(remote.model)
    if number in numbers(folder).present:
        version = open_version(folder, number, mendable=True)
        if known.get("digests", {}).get(str(number)) == version.digest:
            return version
    version = _bring(connected(), remote, index, number)
    remotes.write_index(remote, _with_digest(index, version))
    return version


def pull(remote: Remote) -> Version:
    """A version as the repository holds it now, verified.

    Raises:
        UnknownName: The repository has no such model or version.
        InvalidInput: What came is not what the manifest says, or a version has changed.
        EnvironmentProblem: No client, network, permission or disk space.
    """
    client = connected()
    before = remotes.read_index(remote)
    index = ask(remote)
    remote = remotes.choose_model(remote, index)
    index = _with_aliases(client, remote, index)
    number = remotes.choose_version(remote, index)
    version = _bring(client, remote, index, number)
    _keep_aliases(remote, index)
    _report_moves(remote, before, index)
    remotes.write_index(remote, _with_digest(_remembered(before, index), version))
    return version


def ask(remote: Remote) -> Index:
    """What the remote's revision means now, and what is there; of aliases only the names."""
    client = connected()
    info = patiently(
        remote,
        lambda: client.HfApi(endpoint=endpoint()).model_info(
            remote.repo_id, revision=remote.revision, timeout=hub_client.PATIENCE
        ),
    )
    commit = remotes.check_commit(info.sha)
    models: dict[str, dict[str, Any]] = {}
    for sibling in info.siblings or []:
        model, slash, rest = sibling.rfilename.partition("/")
        if not slash or not _is_name(model):
            continue
        number, _, file = rest.partition("/")
        entry = entry_of(number)
        known = models.setdefault(model, _nothing())
        if entry and file == contents.MANIFEST and entry[1] == "":
            known["versions"].append(entry[0])
        elif entry and not file and entry[1] == ".removed":
            known["removed"].append(entry[0])
        elif number == aliases.FOLDER and _is_alias(file):
            known["named"].append(file)
    for known in models.values():
        known["versions"] = sorted(set(known["versions"]) - set(known["removed"]))
    models = {n: known for n, known in models.items() if known["versions"] or known["removed"]}
    return Index(commit=commit, models=dict(sorted(models.items())))


def _with_aliases(client: ModuleType, remote: Remote, index: Index) -> Index:
    """The index with what the aliases of the chosen model mean at its commit.

    Raises:
        InvalidInput: The one that is asked for holds no number. Others are left out then.
    """
    model = str(remote.model)
    known = {**index.models[model], "aliases": {}}
    asked_first = sorted(known["named"], key=lambda alias: alias != remote.selector)
    for alias in asked_first[:_MOST_ALIASES]:
        path = f"{model}/{aliases.FOLDER}/{alias}"
        try:
            content = _fetch_alone(client, remote, index.commit, path, most=64)
            known["aliases"][alias] = aliases.parse_alias(content, path)
        except InvalidInput:
            if alias == remote.selector:
                raise
    return Index(commit=index.commit, models={**index.models, model: known})


def _with_digest(index: Index, version: Version) -> Index:
    """The index, in which the revision's version is known by its digest."""
    known = index.models[version.model]
    digests = {**known.get("digests", {}), str(version.number): version.digest}
    models = {**index.models, version.model: {**known, "digests": digests}}
    return Index(commit=index.commit, models=models)


def _remembered(before: Index | None, now: Index) -> Index:
    """The index with what was brought here before, and other models' aliases at this commit."""
    if before is None:
        return now
    models = {}
    for name, known in now.models.items():
        old = before.models.get(name, _nothing())
        held = set(map(str, known["versions"]))
        digests = {n: d for n, d in old.get("digests", {}).items() if n in held}
        means = known["aliases"]
        if before.commit == now.commit:
            means = {**old["aliases"], **means}
        models[name] = {**known, "digests": digests, "aliases": means}
    return Index(commit=now.commit, models=models)


def _nothing() -> dict[str, Any]:
    return {"versions": [], "removed": [], "aliases": {}, "named": []}


def upload(remote: Remote, parcel: "Parcel") -> dict[str, Any]:
    """Publish a version in the repository under its next number.

    What is there already is not published twice. Two who publish at once get two numbers.

    Returns:
        `name`, `version`, `digest`, `address` and `created`.
    """
    if remote.model not in (None, parcel.model):
        raise UsageError(
            f"The address names another model. Expected: {parcel.model!r}. "
            f"Received: {remote.model!r}."
        )
    client = connected()
    api = client.HfApi(endpoint=endpoint())
    patiently(remote, lambda: api.create_repo(remote.repo_id, exist_ok=True))
    size = sum(map(len, parcel.files.values()))
    for _ in range(_RACES):
        index = ask(remote)
        known = index.models.get(parcel.model, {"versions": [], "removed": []})
        number = _same(client, remote, index, parcel)
        created = number is None
        if number is None:
            number = 1 + max([*known["versions"], *known["removed"]], default=0)
            notice(f"Uploading {parcel.model}@{number} to {remote.address} ({size / 1e6:.1f} MB).")
            if not _commit(client, api, remote, index.commit, parcel, number):
                continue
        return {
            "name": f"{remote.address}/{parcel.model}@{number}",
            "version": number,
            "digest": bytes_digest(parcel.manifest.encode("utf-8")),
            "address": remote.address,
            "created": created,
        }
    raise EnvironmentProblem(
        f"Others publish in {remote.address} all the time.", hint="Try again later."
    )


def _commit(
    client: ModuleType, api: Any, remote: Remote, head: str, parcel: "Parcel", number: int
) -> bool:
    """Publish in one commit on top of `head`; False if somebody else was faster."""
    files = {f"{parcel.model}/{number}/{name}": data for name, data in parcel.files.items()}
    files[f"{parcel.model}/{number}/{contents.MANIFEST}"] = parcel.manifest.encode("utf-8")
    if _page_is_ours(client, api, remote, head):
        files[contents.README] = _page(parcel, number)
    try:
        with hub_client.guarded():
            api.create_commit(
                remote.repo_id,
                [client.CommitOperationAdd(path, data) for path, data in files.items()],
                commit_message=f"{parcel.model}@{number}",
                revision=remote.revision,
                parent_commit=head,
            )
    except GanzooError:
        raise
    except Exception as error:  # the client's errors have no common class over its versions
        if hub_client.status_of(error) in (409, 412):
            return False
        raise hub_client.failed(remote, error) from error
    return True


def _page_is_ours(client: ModuleType, api: Any, remote: Remote, commit: str) -> bool:
    """Whether the repository's own page, which the Hub shows, may be written.

    That of a person is left as it is.
    """

    def look() -> bool:
        return api.file_exists(remote.repo_id, contents.README, revision=commit)

    if not patiently(remote, look):
        return True
    try:
        most = contents.MOST_BYTES[contents.README]
        text = _fetch_alone(client, remote, commit, contents.README, most=most)
    except InvalidInput:
        return False  # too long for ours
    return _MARK.encode() in text


def _page(parcel: "Parcel", number: int) -> bytes:
    """The page of a version for the repository's root, one that we know again."""
    text = parcel.files[contents.README]
    for file in (contents.SAMPLES, *contents.MOVING):
        there = f"{parcel.model}/{number}/{file}"
        text = text.replace(f"]({file})".encode(), f"]({there})".encode())
    return text.rstrip(b"\n") + f"\n\n{_MARK}\n".encode()


def _same(client: ModuleType, remote: Remote, index: Index, parcel: "Parcel") -> int | None:
    """The number under which the repository holds the same, whatever its README says."""
    wanted = identity(contents.parse_manifest(parcel.manifest.encode("utf-8"), parcel.model))
    known = index.models.get(parcel.model, {"versions": []})
    for number in reversed(known["versions"]):
        path = f"{parcel.model}/{number}/{contents.MANIFEST}"
        raw = _fetch_alone(client, remote, index.commit, path, most=contents.MOST_MANIFEST_BYTES)
        if identity(contents.parse_manifest(raw, parcel.model)) == wanted:
            return number
    return None


def _bring(client: ModuleType, remote: Remote, index: Index, number: int) -> Version:
    """A version of the repository, fetched if it is not here, and its manifest compared."""
    model = str(remote.model)
    place = f"{model}/{number}"
    with _workspace(remote.copy) as folder:

        def file(name: str, most: int) -> Path:
            return fetch(client, remote, index.commit, f"{place}/{name}", folder, most=most)

        listed = file(contents.MANIFEST, contents.MOST_MANIFEST_BYTES)
        raw = read_bytes(listed, limit=contents.MOST_MANIFEST_BYTES)
        manifest = contents.parse_manifest(raw, model)
        here = _still_here(remote.copy / model, number, bytes_digest(raw))
        if here is not None:
            return here
        # as it comes, and as it is published
        check_space(
            folder,
            2 * sum(entry["size"] for entry in manifest["files"].values()),
            variable="GANZOO_HOME",
        )
        files = {}
        for name, entry in sorted(manifest["files"].items()):
            files[name] = file(name, entry["size"])
            size, digest = files[name].stat().st_size, file_digest(files[name])
            if (size, digest) != (entry["size"], entry["sha256"]):
                raise InvalidInput(
                    f"{name} of {remote.address}/{model}@{number} is not what its manifest says. "
                    f"Expected: sha256 {entry['sha256'][:16]}..., {entry['size']} bytes. "
                    f"Received: {digest[:16]}..., {size} bytes.",
                    hint="Nothing was kept. Tell who publishes it.",
                )
        card = read_bytes(files[contents.CARD], limit=contents.MOST_BYTES[contents.CARD])
        contents.parse_card(card, model, f"{place}/{contents.CARD}")
        return put(remote.copy / model, number, files, raw)


def _still_here(folder: Path, number: int, digest: str) -> Version | None:
    """The version that was pulled before; None if there is none, or it is broken.

    Raises:
        InvalidInput: It has another content.
    """
    if number not in numbers(folder).present:
        return None
    try:
        version = unchanged(open_version(folder, number, mendable=True), digest)
        version.check()
    except InvalidInput:
        if number in numbers(folder).present:
            raise
        return None  # it has been set aside
    return version


def _keep_aliases(remote: Remote, index: Index) -> None:
    """Let the repository's aliases mean the same here, where their versions are."""
    folder = remote.copy / str(remote.model)
    present = numbers(folder).present
    for alias, number in index.models[str(remote.model)]["aliases"].items():
        if number in present and _meaning(folder, alias) != number:
            aliases.write(folder, number, alias)


def _meaning(folder: Path, alias: str) -> int | None:
    try:
        return aliases.resolve(folder, alias)
    except (UsageError, InvalidInput):
        return None  # there is none yet, or a bad one


def _report_moves(remote: Remote, before: Index | None, now: Index) -> None:
    model = str(remote.model)
    if before is None or before.commit == now.commit or model not in before.models:
        return
    notice(f"{remote.address} has moved from {before.commit[:12]} to {now.commit[:12]}.")
    was, new = before.models[model]["aliases"], now.models[model]["aliases"]
    for alias in sorted(was.keys() & new.keys()):
        if was[alias] != new[alias]:
            notice(f"{model}@{alias} was version {was[alias]} and is {new[alias]} now.")


@contextlib.contextmanager
def _workspace(folder: Path) -> Iterator[Path]:
    try:
        make_folder(folder)
        reclaim(folder)
        with workspace(folder) as temporary:
            yield temporary
    except OSError as error:
        raise environment_problem("write", folder, error) from error


def _fetch_alone(client: ModuleType, remote: Remote, commit: str, path: str, *, most: int) -> bytes:
    with _workspace(remote.copy) as folder:
        return read_bytes(fetch(client, remote, commit, path, folder, most=most), limit=most)


def _is_alias(text: str) -> bool:
    try:
        aliases.check_alias(text)
    except UsageError:
        return False
    return True


def _is_name(text: str) -> bool:
    try:
        check_name(text)
    except InvalidInput:
        return False
    return True
