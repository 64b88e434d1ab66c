"""Versions from and to a repository on the Hugging Face Hub.

The client is `huggingface_hub` (the extra `[hub]`), which follows `HF_ENDPOINT`, `HF_TOKEN`
and `HF_HUB_OFFLINE`. It only carries bytes: a revision is resolved once, to a commit that is
recorded; what a file must be is known from its version's manifest; and nothing is where a
version is looked for before all of it is verified.
"""

import contextlib
import contextvars
import os
import re
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from ganzoo.catalog import aliases, contents, remotes
from ganzoo.catalog.remotes import Index, Remote
from ganzoo.catalog.versions import (
    Version,
    entry_of,
    identity,
    numbers,
    open_version,
    put,
    unchanged,
)
from ganzoo.data.download import progress_option
from ganzoo.data.progress import notice
from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput, UsageError
from ganzoo.files.digests import bytes_digest
from ganzoo.files.leftovers import reclaim, workspace
from ganzoo.files.names import check_name
from ganzoo.files.problems import environment_problem
from ganzoo.files.publish import make_folder
from ganzoo.files.reading import read_bytes
from ganzoo.files.space import check_space

if TYPE_CHECKING:
    from ganzoo.jobs.push import Parcel

Found = TypeVar("Found")

_ATTEMPTS = 3  # beside those of the client itself
_PAUSE = 1.0  # seconds before the second attempt; twice as long before each further one
_PATIENCE = 120.0  # seconds for any one request ...
_SLOWEST = 20_000  # ... and bytes per second on top
_LONGEST = 7 * 86_400.0  # seconds, however large a file is
_MOST_ALIASES = 100  # that are asked for at once, each by a request
# The line by which a repository's page is known as ours, to be replaced by the next push.
_MARK = "<!-- Written by ganzoo push, which replaces this page while this line is in it. -->"
_RACES = 8  # how often somebody else may publish at the same moment


def offline() -> bool:
    """Whether the user wants no network: `GANZOO_OFFLINE` or `HF_HUB_OFFLINE`."""
    wanted = (os.environ.get(name, "") for name in ("GANZOO_OFFLINE", "HF_HUB_OFFLINE"))
    return any(value.strip().lower() in ("1", "true", "yes", "on") for value in wanted)


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
        index = _with_aliases(_client(), remote, index)
        remotes.write_index(remote, index)
    number = remotes.choose_version(remote, index)
    folder = remote.copy / str(remote.model)
    if number in numbers(folder).present:
        version = open_version(folder, number, mendable=True)
        if known.get("digests", {}).get(str(number)) == version.digest:
            return version
    version = _bring(_client(), remote, index, number)
    remotes.write_index(remote, _with_digest(index, version))
    return version


def pull(remote: Remote) -> Version:
    """A version as the repository holds it now, verified.

    Raises:
        UnknownName: The repository has no such model or version.
        InvalidInput: What came is not what the manifest says, or a version has changed.
        EnvironmentProblem: No client, network, permission or disk space.
    """
    client = _client()
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
    client = _client()
    info = _patiently(
        remote,
        lambda: client.HfApi(endpoint=_endpoint()).model_info(
            remote.repo_id, revision=remote.revision, timeout=_PATIENCE
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
    client = _client()
    api = client.HfApi(endpoint=_endpoint())
    _patiently(remote, lambda: api.create_repo(remote.repo_id, exist_ok=True))
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
        api.create_commit(
            remote.repo_id,
            [client.CommitOperationAdd(path, data) for path, data in files.items()],
            commit_message=f"{parcel.model}@{number}",
            revision=remote.revision,
            parent_commit=head,
        )
    except Exception as error:  # the client's errors have no common class over its versions
        if _status(error) in (409, 412):
            return False
        raise _failed(remote, error) from error
    return True


def _page_is_ours(client: ModuleType, api: Any, remote: Remote, commit: str) -> bool:
    """Whether the repository's own page, which the Hub shows, may be written.

    That of a person is left as it is.
    """

    def look() -> bool:
        return api.file_exists(remote.repo_id, contents.README, revision=commit)

    if not _patiently(remote, look):
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
    there = f"{parcel.model}/{number}/{contents.SAMPLES}"
    text = text.replace(f"]({contents.SAMPLES})".encode(), f"]({there})".encode())
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

        def fetch(name: str, most: int) -> bytes:
            return _fetch(client, remote, index.commit, f"{place}/{name}", folder, most=most)

        raw = fetch(contents.MANIFEST, contents.MOST_MANIFEST_BYTES)
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
            data = fetch(name, entry["size"])
            if len(data) != entry["size"] or bytes_digest(data) != entry["sha256"]:
                raise InvalidInput(
                    f"{name} of {remote.address}/{model}@{number} is not what its manifest says. "
                    f"Expected: sha256 {entry['sha256'][:16]}..., {entry['size']} bytes. "
                    f"Received: {bytes_digest(data)[:16]}..., {len(data)} bytes.",
                    hint="Nothing was kept. Tell who publishes it.",
                )
            files[name] = data
        contents.parse_card(files[contents.CARD], model, f"{place}/{contents.CARD}")
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
        version.read_all()
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
def _workspace(folder: Path):
    try:
        make_folder(folder)
        reclaim(folder)
        with workspace(folder) as temporary:
            yield temporary
    except OSError as error:
        raise environment_problem("write", folder, error) from error


def _fetch_alone(client: ModuleType, remote: Remote, commit: str, path: str, *, most: int) -> bytes:
    with _workspace(remote.copy) as folder:
        return _fetch(client, remote, commit, path, folder, most=most)


def _fetch(
    client: ModuleType, remote: Remote, commit: str, path: str, folder: Path, *, most: int
) -> bytes:
    """The bytes that the server gives for a path at a commit, at most `most` of them."""

    def download() -> str:
        return client.hf_hub_download(
            remote.repo_id,
            path,
            revision=commit,
            endpoint=_endpoint(),
            local_dir=folder,
            **_bounded(progress_option(client, path), path, most),
        )

    came = _patiently(remote, download, seconds=min(_PATIENCE + most / _SLOWEST, _LONGEST))
    return read_bytes(came, limit=most)


def _bounded(option: dict[str, Any], path: str, most: int) -> dict[str, Any]:
    """The option of the client that shows progress, made to stop what is too long."""
    if not option:
        return {}

    class Bounded(option["tqdm_class"]):
        """Counts, and ends a transfer that is longer than it may be."""

        received = 0

        def update(self, n: float | None = 1) -> None:
            self.received += int(n or 0)
            if self.received > most:
                raise InvalidInput(f"The server sends more than the {most} bytes of {path}.")
            super().update(n)

    return {"tqdm_class": Bounded}


def _client() -> ModuleType:
    if offline():
        raise EnvironmentProblem(
            "Offline mode is on, and this is not here.",
            hint="Unset GANZOO_OFFLINE and HF_HUB_OFFLINE, or pull it where there is a network.",
        )
    try:
        import huggingface_hub
        from huggingface_hub.utils import disable_progress_bars, logging
    except ImportError as error:
        raise EnvironmentProblem(
            "For the Hub, huggingface_hub is needed, which is not installed.",
            hint="pip install 'keras-ganzoo[hub]'",
        ) from error
    logging.set_verbosity_error()  # its warnings show signed addresses
    disable_progress_bars()  # ours are drawn
    return huggingface_hub


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


def _patiently(remote: Remote, call: Callable[[], Found], *, seconds: float = _PATIENCE) -> Found:
    """The result of a call to the server, tried a few times where that may help."""
    pause = _PAUSE
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _within(seconds, call)
        except (GanzooError, MemoryError):
            raise
        except Exception as error:
            status = _status(error)
            final = status is not None and 400 <= status < 500 and status not in (408, 429)
            if final or attempt == _ATTEMPTS:
                raise _failed(remote, error) from error
        time.sleep(pause)
        pause *= 2
    raise AssertionError("unreachable")


def _within(seconds: float, call: Callable[[], Found]) -> Found:
    """The result of a call that may not last for ever: a server may send a byte a minute."""
    outcome: list[Any] = []

    def work() -> None:
        try:
            outcome.append((call(), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise EnvironmentProblem(
            f"The server was too slow: nothing whole within {seconds:.0f} seconds.",
            hint="Try again later.",
        )
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


def _failed(remote: Remote, error: Exception) -> EnvironmentProblem:
    status = _status(error)
    reason = textwrap.shorten(redacted(str(error)), 300, placeholder=" ...") or type(error).__name__
    hints = {
        401: "It may be private: log in with `hf auth login`, or set HF_TOKEN.",
        403: "Your token may not do this.",
        404: "Check the address; a private repository needs HF_TOKEN.",
        429: "The server wants fewer requests: try again later.",
    }
    return EnvironmentProblem(
        f"The Hub did not do what {remote.address} needs. Received: {reason.rstrip('.')}.",
        hint=hints.get(status or 0, "Check the network, or try again later."),
    )


def _status(error: BaseException | None) -> int | None:
    """The HTTP status behind an error of the client, or behind its causes."""
    while error is not None:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if isinstance(status, int):
            return status
        error = error.__cause__
    return None


def redacted(text: str) -> str:
    """A text without tokens and passwords."""
    tokens = [os.environ.get(name) for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")]
    if client := sys.modules.get("huggingface_hub"):
        with contextlib.suppress(Exception):
            tokens.append(client.get_token())  # of `hf auth login`
    for token in tokens:
        if token and token.strip():
            text = text.replace(token.strip(), "***")
    text = re.sub(r"hf_[A-Za-z0-9]{8,}", "***", text)
    text = re.sub(r"(?i)(bearer\s+)\S+", r"\1***", text)
    text = re.sub(r"(?<=//)[^/@\s]*@", "", text)
    return re.sub(r"(https?://[^\s?]+)\?\S+", r"\1", text)  # signed addresses


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
