"""Files from a data set repository on the Hugging Face Hub: license first, then the bytes.

What a file must be is known before it is asked for: its size, and its SHA-256 or, for a small
file of a repository that was listed at a commit, the SHA-1 by which git knows it. So a moved
tag, a broken mirror or a page of HTML can only end in an error, and nothing unverified is ever
where a data set looks. The client is `huggingface_hub` (the extra
`[hub]`), which resumes what was cut off and follows `HF_ENDPOINT`, `HF_TOKEN` and
`HF_HUB_OFFLINE`.
"""

import contextlib
import hashlib
import inspect
import os
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ganzoo.data import fetching
from ganzoo.data.progress import Progress, notice
from ganzoo.errors import EnvironmentProblem, GanzooError
from ganzoo.files.digests import file_digest
from ganzoo.files.home import check_space
from ganzoo.files.leftovers import remove
from ganzoo.files.problems import environment_problem
from ganzoo.files.publish import make_folder, sync_folder

_DOWNLOADS = ".download"  # hidden: no data set looks into it


@dataclass(frozen=True, kw_only=True)
class HubFile:
    """A file of a repository, and what it must be.

    Args:
        name: Its path in the repository.
        size: In bytes.
        sha256: In hex.
        blob: Git's SHA-1 of it, in hex, where the SHA-256 is not known.
    """

    name: str
    size: int
    sha256: str | None = None
    blob: str | None = None


def download(
    files: Sequence[HubFile],
    *,
    repository: str,
    revision: str,
    folder: Path,
    title: str,
    license: str,
    ways: str,
) -> None:
    """Brings files of a data set repository into a folder, verified.

    Args:
        files: What to bring; those already in the folder are not asked for again.
        repository: `"owner/name"` of the repository.
        revision: Branch, tag or commit.
        folder: Where the files go; made if needed.
        title: Name of the data set, for people.
        license: Its terms, written to stderr before the first byte is asked for.
        ways: The other ways to get the data, for the error.

    Raises:
        NotHere: Something is missing, and nothing may be downloaded now.
        EnvironmentProblem: No client, network or disk space; or what the server holds is not
            the file that was meant.
    """
    missing = [file for file in files if not _is_there(folder / file.name, file.size)]
    if not missing:
        return
    size = sum(file.size for file in missing)
    fetching.check(title, ways, size=size)
    client = hub_client(title, ways)
    notice(f"{title} is not here yet and is downloaded now ({size / 1e6:,.0f} MB).\n{license}")
    try:
        make_folder(folder / _DOWNLOADS)
    except OSError as error:
        raise environment_problem("write", folder, error) from error
    check_space(folder, size, variable="GANZOO_DATA")
    for file in missing:
        try:
            _bring(client, file, repository, revision, folder)
        except GanzooError:
            raise
        except Exception as error:  # the client's errors have no common class over its versions
            raise not_had(title, error, ways) from error
    shutil.rmtree(folder / _DOWNLOADS, ignore_errors=True)


def _is_there(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def hub_client(title: str, ways: str) -> ModuleType:
    """The package `huggingface_hub`.

    Args:
        title: Name of the data set, for the error.
        ways: The other ways to get the data, likewise.

    Raises:
        NotHere: Nothing may be downloaded now.
        EnvironmentProblem: It is not installed.
    """
    fetching.check(title, ways)
    try:
        import huggingface_hub
    except ImportError as error:
        raise EnvironmentProblem(
            f"{title} is not here, and downloading it needs huggingface_hub, which is not"
            " installed.",
            hint=f"{ways} For the download: pip install 'keras-ganzoo[hub]'.",
        ) from error
    return huggingface_hub


def _bring(client: ModuleType, file: HubFile, repository: str, revision: str, folder: Path) -> None:
    """One file, by way of a hidden folder, so that it appears whole and verified."""
    endpoint = os.environ.get("HF_ENDPOINT") or None
    url = client.hf_hub_url(
        repository, file.name, repo_type="dataset", revision=revision, endpoint=endpoint
    )
    size = client.get_hf_file_metadata(url, endpoint=endpoint).size
    if size is not None and size != file.size:  # said before 1.4 GB have come for nothing
        raise _other_file(file, url, f"{size:,} bytes, expected {file.size:,}")
    came = Path(
        client.hf_hub_download(
            repository,
            file.name,
            repo_type="dataset",
            revision=revision,
            endpoint=endpoint,
            local_dir=folder / _DOWNLOADS,
            **progress_option(client, file.name),
        )
    )
    if file.sha256 is not None:
        name, digest, expected = "SHA-256", file_digest(came), file.sha256
    else:
        name, digest, expected = "git's SHA-1", _blob_digest(came), file.blob
    if digest != expected:
        remove(came)
        raise _other_file(file, url, f"{name} {digest}, expected {expected}")
    with came.open("rb") as content:
        os.fsync(content.fileno())
    target = folder / file.name
    make_folder(target.parent)
    came.rename(target)
    sync_folder(target.parent)


def _blob_digest(path: Path) -> str:
    """What git calls a file of this content."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _other_file(file: HubFile, url: str, received: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"The server does not hold the file that was meant. Received: {received}, from {url}.",
        hint=f"Get {file.name} elsewhere and give it as data, or name another repository.",
    )


def not_had(title: str, error: Exception, ways: str) -> EnvironmentProblem:
    """The one line for whatever the client raises."""
    reason = textwrap.shorten(str(error), 300, placeholder=" ...") or type(error).__name__
    return EnvironmentProblem(
        f"{title} is not here and could not be downloaded. Received: {reason.rstrip('.')}.",
        hint=ways,
    )


def progress_option(client: ModuleType, name: str) -> dict[str, Any]:
    """Our progress in place of the client's bar, where the client lets us (after 1.0)."""
    if "tqdm_class" not in inspect.signature(client.hf_hub_download).parameters:
        return {}

    class Reported(client.utils.tqdm):
        """Counts where the client would draw."""

        def __init__(self, *args: Any, total: int | None = None, **kwargs: Any):
            super().__init__(*args, **{**kwargs, "total": total, "disable": True})
            self._ended = contextlib.ExitStack()  # the client closes a bar more than once
            self._progress = self._ended.enter_context(
                Progress(f"downloading {name}", total, "bytes")
            )
            self._progress.advance(kwargs.get("initial") or 0)

        def update(self, n: float | None = 1) -> None:
            self._progress.advance(int(n or 0))

        def close(self) -> None:
            self._ended.close()

    return {"tqdm_class": Reported}
