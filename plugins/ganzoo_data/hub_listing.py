"""What a repository on the Hub holds at a commit: asked for once, and remembered.

    <place>/revisions.json    which commit a branch or tag meant
    <place>/<commit>.json     names, sizes and digests of the files, and the license

What the server says is checked like any stranger's file.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.data.download import HubFile, hub_client, not_had
from ganzoo.data.folder import is_hidden
from ganzoo.data.progress import notice
from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput
from ganzoo.files.digests import canonical_json
from ganzoo.files.problems import environment_problem
from ganzoo.files.publish import make_folder, publish_text
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import parse_json
from ganzoo.files.text import quote

MAX_FILES = 100_000
_MOST_BYTES = 1 << 44  # of one file
_MOST_JSON_BYTES = 64 << 20
_LONGEST_LICENSE = 120  # characters: a data set's line has room for more words
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What a repository holds at a commit.

    Args:
        license: What its page states, in one line.
        files: Name, size and digest of every file that is not hidden.
    """

    license: str
    files: tuple[HubFile, ...]


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Questions about a repository.

    Args:
        repository: `"owner/name"`.
        title: Name of the data set, for errors.
        ways: The other ways to get it, likewise.
    """

    repository: str
    title: str
    ways: str

    def about(self, revision: str) -> Any:
        """The client's description of the repository at a revision."""
        return self._answer(lambda api: api.dataset_info(self.repository, revision=revision))

    def files(self, commit: str) -> list[Any]:
        """The client's description of every file, at most one too many."""

        def ask(api: Any) -> list[Any]:
            tree = api.list_repo_tree(
                self.repository, repo_type="dataset", revision=commit, recursive=True
            )
            found = []
            for entry in tree:
                if getattr(entry, "blob_id", None) is not None:  # folders have none
                    found.append(entry)
                if len(found) > MAX_FILES:
                    break
            return found

        return self._answer(ask)

    def _answer(self, ask: Callable[[Any], Any]) -> Any:
        client = hub_client(self.title, self.ways)
        try:
            return ask(client.HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None))
        except Exception as error:  # the client's errors have no common class over its versions
            raise not_had(self.title, error, self.ways) from error


def commit_of(place: Path, revision: str, asking: Asking) -> str:
    """The commit that a revision means: itself, or what it meant when it was first asked for.

    Args:
        place: The repository's folder in the data folder.
        revision: Branch, tag or commit.
        asking: Whom to ask.
    """
    if _COMMIT.fullmatch(revision):
        return revision
    path = place / "revisions.json"
    known = _read(path)
    commit = known.get(revision)
    if isinstance(commit, str) and _COMMIT.fullmatch(commit):
        return commit
    commit = asking.about(revision).sha
    _check_commit(commit, asking)
    _remember(path, {**known, revision: commit})
    notice(
        f"{asking.title}: {revision!r} of {asking.repository} is the commit {commit}, and stays"
        f" so here. For others: --set dataset.revision={commit}"
    )
    return commit


def _check_commit(commit: object, asking: Asking) -> None:
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise EnvironmentProblem(
            f"The Hub names no commit for {asking.repository}. Received: {quote(commit)}.",
            hint=asking.ways,
        )


def listing_of(place: Path, commit: str, asking: Asking) -> Listing:
    """What the repository holds at a commit, asked for once.

    Args:
        place: The repository's folder in the data folder.
        commit: In full.
        asking: Whom to ask.

    Raises:
        InvalidInput: Too many files, or one with a name that leads out.
        EnvironmentProblem: No client or network, no such commit, or nonsense for an answer.
    """
    path = place / f"{commit}.json"
    known = _read(path)
    if known:
        try:
            return _parsed(known, asking.repository)
        except (KeyError, TypeError, ValueError, InvalidInput):
            pass  # damaged: asked for again
    about = asking.about(commit)
    if about.sha != commit:
        raise EnvironmentProblem(
            f"The Hub answers for another commit. Expected: {commit}. Received:"
            f" {quote(about.sha)}.",
            hint=asking.ways,
        )
    found = asking.files(commit)
    if len(found) > MAX_FILES:
        raise InvalidInput(
            f"The repository {asking.repository} holds more than {MAX_FILES:,} files, which are"
            " too many to fetch one by one.",
            hint="Get them another way and use the data set 'folder'.",
        )
    content = {
        "license": _license(about),
        "files": [
            [
                entry.path,
                entry.size,
                entry.lfs.sha256 if entry.lfs else None,
                None if entry.lfs else entry.blob_id,
            ]
            for entry in found
        ],
    }
    try:
        listing = _parsed(content, asking.repository)
    except (KeyError, TypeError, ValueError) as fault:
        raise EnvironmentProblem(
            f"The Hub's list of {asking.repository} cannot be used. Received: {quote(str(fault))}.",
            hint=asking.ways,
        ) from fault
    _remember(path, content)
    return listing


def _license(about: Any) -> str:
    """What the repository's page states, in one short line."""
    card = about.card_data.to_dict() if about.card_data else {}
    stated = card.get("license")
    words = stated if isinstance(stated, list) else [stated, card.get("license_name")]
    text = " ".join(" ".join(str(word) for word in words if word).split())
    return text[:_LONGEST_LICENSE] or "none stated"


def _parsed(content: dict[str, Any], repository: str) -> Listing:
    """The list, if every name, size and digest in it can be used.

    Raises:
        InvalidInput: A name is not that of a file in a folder.
        KeyError, TypeError, ValueError: Anything else.
    """
    files = []
    for name, size, sha256, blob in content["files"]:
        if not isinstance(name, str):
            raise ValueError(f"a name of {name!r}")
        parts = name.split("/")
        if not {"", ".", ".."}.isdisjoint(parts) or re.search(r"[\x00-\x1f\\]", name):
            raise InvalidInput(
                f"The repository {repository} is refused. Received: the name {quote(name)}, which"
                " is not a plain relative path."
            )
        if type(size) is not int or not 0 <= size < _MOST_BYTES:
            raise ValueError(f"a size of {size!r}")
        form, digest = (_SHA256, sha256) if sha256 is not None else (_COMMIT, blob)
        if not form.fullmatch(digest):
            raise ValueError(f"a digest of {digest!r}")
        if not any(map(is_hidden, parts)):
            files.append(HubFile(name=name, size=size, sha256=sha256, blob=blob))
    return Listing(license=str(content["license"]), files=tuple(files))


def _read(path: Path) -> dict[str, Any]:
    """What was remembered; nothing if that is not there or damaged."""
    try:
        content = parse_json(read_bytes(path, limit=_MOST_JSON_BYTES), path.name)
    except GanzooError:
        return {}
    return content if isinstance(content, dict) else {}


def _remember(path: Path, content: dict[str, Any]) -> None:
    try:
        make_folder(path.parent)
    except OSError as error:
        raise environment_problem("write", path.parent, error) from error
    publish_text(path, canonical_json(content), overwrite=True)
