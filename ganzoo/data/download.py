"""Files of a data set repository on the Hugging Face Hub: license first, then the bytes.

Size and digest of a file are known before it is asked for: its SHA-256 or, for a small file of
a repository that was listed at a commit, the SHA-1 by which git knows it. So a moved tag, a broken
mirror or a page of HTML can only end in an error, and nothing unverified is ever where a data set
looks.
"""

import contextlib
import hashlib
import inspect
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from ganzoo.data import availability
from ganzoo.data.progress import Progress, notice
from ganzoo.errors import EnvironmentProblem
from ganzoo.files.digests import file_digest
from ganzoo.files.home import check_space
from ganzoo.files.hub_client import HubFile, HubRepository, is_offline
from ganzoo.files.leftovers import lock, remove
from ganzoo.files.publish import make_folder, sync_folder
from ganzoo.files.text import environment_problem

_DOWNLOADS = ".download"  # hidden: no data set looks into it


def data_repository(
    repo_id: str, *, title: str, ways: str, size: int | None = None
) -> HubRepository:
    """Return a repository of data, if it may be asked for anything now.

    Args:
        repo_id: `"owner/name"`.
        title: Name of the data set, for people.
        ways: Other ways to get the data, for errors.
        size: Size of the download in bytes, if that is known.

    Raises:
        DataMissing: Nothing may be downloaded now, or offline mode is on.
    """
    availability.check_download_allowed(title, ways, size=size)
    if is_offline():
        raise availability.DataMissing(
            f"{title} is not here, and offline mode is on.",
            hint=f"Unset GANZOO_OFFLINE and HF_HUB_OFFLINE to download it. {ways}",
        )
    failure = f"{title} is not here and could not be downloaded"
    return HubRepository(repo_id=repo_id, repo_type="dataset", failure=failure, hint=ways)


@contextlib.contextmanager
def urllib_offline() -> Iterator[None]:
    """Let urllib, through which Keras downloads, open no connection in offline mode."""
    if not is_offline():
        yield
        return
    import urllib.error
    import urllib.request  # they take long to import

    class Refusal(urllib.request.OpenerDirector):
        def open(self, fullurl: Any, data: Any = None, timeout: Any = None) -> NoReturn:
            raise urllib.error.URLError("offline mode is on")

    before = getattr(urllib.request, "_opener", None)
    urllib.request.install_opener(Refusal())
    try:
        yield
    finally:
        urllib.request.install_opener(before)


def download_files(
    files: Sequence[HubFile],
    *,
    repository: str,
    revision: str,
    folder: Path,
    title: str,
    license: str,
    ways: str,
) -> None:
    """Download files of a data set repository into a folder, verified.

    Args:
        files: What to download; those already in the folder are not asked for again.
        repository: `"owner/name"` of the repository.
        revision: Branch, tag or commit.
        folder: Where the files go; made if needed.
        title: Name of the data set, for people.
        license: Its terms, written to stderr before the first byte is asked for.
        ways: Other ways to get the data, for errors.

    Raises:
        DataMissing: Something is missing, and nothing may be downloaded now.
        EnvironmentProblem: No client, network or disk space; or the server holds other files.
    """
    missing = [file for file in files if not _is_downloaded(folder / file.name, file.size)]
    if not missing:
        return
    size = sum(file.size for file in missing)
    source = data_repository(repository, title=title, ways=ways, size=size)
    notice(f"{title} is not here yet and is downloaded now ({size / 1e6:,.0f} MB).\n{license}")
    try:
        make_folder(folder)
        with _only_download(folder, title):
            make_folder(folder / _DOWNLOADS)
            check_space(folder, size, variable="GANZOO_DATA")
            for file in missing:
                if not _is_downloaded(folder / file.name, file.size):  # by another meanwhile
                    _download_file(source, file, revision, folder)
            shutil.rmtree(folder / _DOWNLOADS, ignore_errors=True)
    except OSError as error:
        raise environment_problem("write", folder, error) from error


@contextlib.contextmanager
def _only_download(folder: Path, title: str) -> Iterator[None]:
    """Wait until no other process downloads into the folder, and keep others waiting."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if lock(descriptor) is False:
            notice(f"Another process downloads {title}; waiting for it.")
            lock(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)  # which gives the lock back


def progress_option(client: ModuleType, name: str) -> dict[str, Any]:
    """Option of the client's download that reports our progress in place of its own bar."""
    if "tqdm_class" not in inspect.signature(client.hf_hub_download).parameters:  # an old client
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


def _is_downloaded(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _download_file(source: HubRepository, file: HubFile, revision: str, folder: Path) -> None:
    """Download one file by way of a hidden folder, so that it appears whole and verified."""
    options = {"progress": progress_option, "local_dir": folder / _DOWNLOADS}
    came = source.fetch(file.name, revision, **options)
    if file.sha256 is not None:
        name, digest, expected = "SHA-256", file_digest(came), file.sha256
    else:
        name, digest, expected = "git's SHA-1", _blob_digest(came), file.blob
    if digest != expected:
        remove(came)
        raise _wrong_file_error(file, source, f"{name} {digest}, expected {expected}")
    with came.open("rb") as content:
        os.fsync(content.fileno())
    target = folder / file.name
    make_folder(target.parent)
    came.rename(target)
    sync_folder(target.parent)


def _blob_digest(path: Path) -> str:
    """Digest by which git knows a file of this content."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _wrong_file_error(file: HubFile, source: HubRepository, actual: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        "The server does not hold the expected file. Received: "
        f"{actual}, for {file.name} of {source.repo_id}.",
        hint=f"Get {file.name} elsewhere and give it as data, or name another repository.",
    )
