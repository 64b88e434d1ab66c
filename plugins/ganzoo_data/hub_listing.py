"""Contents of a data set repository on the Hub at a commit: asked for once, and remembered.

    <folder>/revisions.json    which commit a branch or tag meant
    <folder>/<commit>.json     names, sizes and digests of the files, and the license

What the server says is checked like any stranger's file.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.data.folder import is_hidden
from ganzoo.data.progress import notice
from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput
from ganzoo.files.digests import canonical_json
from ganzoo.files.hub_client import HubFile, HubRepository, check_file, is_commit
from ganzoo.files.publish import make_folder, publish_text
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import parse_json
from ganzoo.files.text import environment_problem, escape, quote

_MAX_JSON_BYTES = 64 << 20
_MAX_LICENSE = 120  # characters

Connect = Callable[[], HubRepository]


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Contents of a repository at a commit.

    Args:
        license: What its page states, in one line.
        files: Every file that is not hidden.
    """

    license: str
    files: tuple[HubFile, ...]


def resolve_commit(folder: Path, revision: str, title: str, connect: Connect) -> str:
    """Return the commit that a revision means: itself, or what it meant when first asked for.

    Args:
        folder: The repository's folder in the data folder.
        revision: Branch, tag or commit.
        title: Name of the data set, for people.
        connect: Returns the repository, to be called only if somebody must be asked.
    """
    if is_commit(revision):
        return revision
    path = folder / "revisions.json"
    known = _read_answer(path)
    if is_commit(known.get(revision)):
        return known[revision]
    repository = connect()
    commit = repository.describe(revision).sha
    _remember_answer(path, {**known, revision: commit})
    notice(
        f"{title}: {revision!r} of {repository.repo_id} is the commit {commit}, and stays"
        f" so here. For others: --set dataset.revision={commit}"
    )
    return commit


def list_repository(folder: Path, commit: str, connect: Connect) -> Listing:
    """Return the contents of a repository at a commit, which are asked for once.

    Args:
        folder: The repository's folder in the data folder.
        commit: In full.
        connect: Returns the repository, to be called only if somebody must be asked.

    Raises:
        InvalidInput: Too many files, or one whose name leads out of the folder.
        EnvironmentProblem: No client or network, no such commit, or nonsense for an answer.
    """
    path = folder / f"{commit}.json"
    known = _read_answer(path)
    if known:
        try:
            files = tuple(check_file(*entry) for entry in known["files"])
            return Listing(license=str(known["license"]), files=_visible_files(files))
        except (KeyError, TypeError, ValueError, InvalidInput):
            pass  # damaged: asked for again
    repository = connect()
    about = repository.describe(commit)
    if about.sha != commit:
        raise EnvironmentProblem(
            f"The Hub answers for another commit. Expected: {commit}. Received:"
            f" {quote(about.sha)}.",
            hint=repository.hint,
        )
    files = tuple(repository.list_files(commit))
    listing = Listing(license=_stated_license(about), files=_visible_files(files))
    entries = [[file.name, file.size, file.sha256, file.blob] for file in files]
    _remember_answer(path, {"license": listing.license, "files": entries})
    return listing


def _visible_files(files: tuple[HubFile, ...]) -> tuple[HubFile, ...]:
    """Files that are not hidden; `InvalidInput` if a name is not that of a file in a folder."""
    for file in files:
        unsafe = re.search(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]", file.name)
        if unsafe or not {"", ".", ".."}.isdisjoint(file.name.split("/")):
            raise InvalidInput(
                "A repository with such a file is refused. Expected: plain relative paths. "
                f"Received: the name {quote(file.name)}."
            )
    return tuple(file for file in files if not any(map(is_hidden, file.name.split("/"))))


def _stated_license(about: Any) -> str:
    """License that the repository's page states, in one short line."""
    card = about.card_data.to_dict() if about.card_data else {}
    stated = card.get("license")
    parts = stated if isinstance(stated, list) else [stated, card.get("license_name")]
    text = " ".join(" ".join(str(word) for word in parts if word).split())
    return escape(text[:_MAX_LICENSE]) or "none stated"


def _read_answer(path: Path) -> dict[str, Any]:
    """Remembered content; nothing if it is not there or damaged."""
    try:
        content = parse_json(read_bytes(path, limit=_MAX_JSON_BYTES), path.name)
    except GanzooError:
        return {}
    return content if isinstance(content, dict) else {}


def _remember_answer(path: Path, content: dict[str, Any]) -> None:
    try:
        make_folder(path.parent)
    except OSError as error:
        raise environment_problem("write", path.parent, error) from error
    publish_text(path, canonical_json(content), overwrite=True)
