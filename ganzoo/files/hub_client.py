"""Client of the Hugging Face Hub, for models and for data sets.

The client proper is `huggingface_hub` (the extra `[hub]`): it follows `HF_ENDPOINT`, `HF_TOKEN`
and `HF_HUB_OFFLINE`, resumes a transfer that was cut off, and has time-outs of its own. Here a
request is tried a few times where that may help, and an error becomes one line without a token.
"""

import contextlib
import itertools
import os
import re
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput
from ganzoo.files.text import quote, system_hint

Answer = TypeVar("Answer")

MAX_FILES = 100_000
_MAX_FILE_BYTES = 1 << 44
_PAUSES = (1.0, 2.0)  # seconds before the second and the third attempt
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HINTS = {
    401: "It may be private: log in with `hf auth login`, or set HF_TOKEN.",
    403: "Your token does not have this permission.",
    404: "Check the address; a private repository needs HF_TOKEN.",
    429: "The server asks for fewer requests: try again later.",
}


@dataclass(frozen=True, kw_only=True)
class HubFile:
    """A file of a repository, and what it must be.

    Args:
        name: Its path in the repository.
        size: In bytes.
        sha256: In hex; `None` where it is not known.
        blob: Git's SHA-1 of the file in hex, which counts where `sha256` is `None`.
    """

    name: str
    size: int
    sha256: str | None = None
    blob: str | None = None


@dataclass(frozen=True, kw_only=True)
class HubRepository:
    """A repository on the Hub.

    Args:
        repo_id: `"owner/name"`.
        repo_type: `"model"` or `"dataset"`.
        failure: First words of every error: `"The request to hf://owner/name failed"`.
        hint: Way out that errors name; by default one that fits the HTTP status.
    """

    repo_id: str
    repo_type: str
    failure: str
    hint: str | None = None

    def request(self, call: Callable[[ModuleType], Answer]) -> Answer:
        """Return the answer to a request, which is repeated after a passing fault.

        Args:
            call: Given the module `huggingface_hub`.

        Raises:
            EnvironmentProblem: Offline mode is on, the client is not installed, or the request
                has failed.
        """
        client = self._connect()
        pauses = list(_PAUSES)
        while True:
            try:
                return call(client)
            except (GanzooError, MemoryError):
                raise
            except Exception as error:  # the client's errors have no common class
                if not pauses or not _may_retry(error):
                    raise self.problem(error) from error
            time.sleep(pauses.pop(0))

    def describe(self, revision: str) -> Any:
        """Return the client's description of the repository; its `sha` is a commit.

        Args:
            revision: Branch, tag or commit.
        """
        found = self.request(
            lambda client: client.HfApi(endpoint=endpoint()).repo_info(
                self.repo_id, repo_type=self.repo_type, revision=revision
            )
        )
        if not is_commit(found.sha):
            raise EnvironmentProblem(
                f"The Hub names no commit for {self.repo_id}. Received: {quote(found.sha)}.",
                hint=self.hint,
            )
        return found

    def list_files(self, commit: str) -> list[HubFile]:
        """Return every file at a commit; names are as the server gives them.

        Raises:
            InvalidInput: There are more than `MAX_FILES`.
            EnvironmentProblem: The list holds a size or digest that no file has.
        """

        def ask(client: ModuleType) -> list[tuple[Any, ...]]:
            tree = client.HfApi(endpoint=endpoint()).list_repo_tree(
                self.repo_id, repo_type=self.repo_type, revision=commit, recursive=True
            )
            files = (entry for entry in tree if getattr(entry, "blob_id", None))  # not folders
            return [
                (file.path, file.size, file.lfs and file.lfs.sha256, file.blob_id)
                for file in itertools.islice(files, MAX_FILES + 1)
            ]

        found = self.request(ask)
        if len(found) > MAX_FILES:
            raise InvalidInput(
                f"The repository {self.repo_id} holds more than {MAX_FILES:,} files, which are "
                "too many to fetch one by one.",
                hint=self.hint,
            )
        try:
            return [check_file(*entry) for entry in found]
        except (TypeError, ValueError) as fault:
            raise EnvironmentProblem(
                f"The Hub's list of {self.repo_id} cannot be used. Received: {quote(str(fault))}.",
                hint=self.hint,
            ) from fault

    def fetch(
        self,
        name: str,
        revision: str,
        *,
        progress: Callable[[ModuleType, str], dict[str, Any]] | None = None,
        **options: Any,
    ) -> Path:
        """Return the path of a file that the client has downloaded or had in its cache.

        Args:
            name: Its path in the repository.
            revision: Branch, tag or commit.
            progress: Makes the option by which the client reports how far it is.
            **options: Of `huggingface_hub.hf_hub_download`: `cache_dir` or `local_dir`, ...
        """

        def download(client: ModuleType) -> str:
            return client.hf_hub_download(
                self.repo_id,
                name,
                repo_type=self.repo_type,
                revision=revision,
                endpoint=endpoint(),
                **(progress(client, name) if progress else {}),
                **options,
            )

        return Path(self.request(download))

    def problem(self, error: Exception) -> EnvironmentProblem:
        """Return the one line for an error of the client, or of the system under it."""
        if isinstance(error, OSError) and (hint := system_hint(error)):  # a full disk
            return EnvironmentProblem(f"{self.failure}: {error.strerror}.", hint=hint)
        reason = textwrap.shorten(redact(str(error)), 300, placeholder=" ...")
        reason = reason.rstrip(".") or type(error).__name__
        by_status = _HINTS.get(http_status(error) or 0, "Check the network, or try again later.")
        return EnvironmentProblem(
            f"{self.failure}. Received: {reason}.", hint=self.hint or by_status
        )

    def _connect(self) -> ModuleType:
        if is_offline():
            raise EnvironmentProblem(
                f"{self.failure}: offline mode is on.",
                hint="Unset GANZOO_OFFLINE and HF_HUB_OFFLINE, or do it where there is a network.",
            )
        try:
            import huggingface_hub
            from huggingface_hub.utils import disable_progress_bars, logging
        except ImportError as error:
            raise EnvironmentProblem(
                f"{self.failure}: huggingface_hub is not installed.",
                hint=f"{self.hint or ''} Install it: pip install 'keras-ganzoo[hub]'.".strip(),
            ) from error
        logging.set_verbosity_error()  # its warnings show signed addresses
        disable_progress_bars()  # ours are drawn
        return huggingface_hub


def is_offline() -> bool:
    """Return True if `GANZOO_OFFLINE` or `HF_HUB_OFFLINE` forbids downloads and uploads."""
    values = (os.environ.get(name, "") for name in ("GANZOO_OFFLINE", "HF_HUB_OFFLINE"))
    return any(value.strip().lower() in ("1", "true", "yes", "on") for value in values)


def endpoint() -> str | None:
    """Mirror of the Hub that the user has set; `None` for the Hub itself."""
    return os.environ.get("HF_ENDPOINT") or None


def is_commit(revision: object) -> bool:
    """Return True if a revision is a commit in full, whose meaning never changes."""
    return isinstance(revision, str) and bool(_COMMIT.fullmatch(revision))


def check_file(name: Any, size: Any, sha256: Any, blob: Any) -> HubFile:
    """Return the file; `ValueError` or `TypeError` for a size or digest that no file has."""
    if not isinstance(name, str):
        raise ValueError(f"a name of {name!r}")
    if type(size) is not int or not 0 <= size < _MAX_FILE_BYTES:
        raise ValueError(f"a size of {size!r}")
    pattern, digest = (_SHA256, sha256) if sha256 is not None else (_COMMIT, blob)
    if not pattern.fullmatch(digest):
        raise ValueError(f"a digest of {digest!r}")
    return HubFile(name=name, size=size, sha256=sha256, blob=blob)


def http_status(error: BaseException | None) -> int | None:
    """HTTP status behind an error of the client or behind its causes."""
    while error is not None:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if isinstance(status, int):
            return status
        error = error.__cause__
    return None


def redact(text: str) -> str:
    """Return a text without tokens, passwords and signatures of addresses."""
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


def _may_retry(error: Exception) -> bool:
    status = http_status(error)
    if system_hint(error) or type(error).__name__ == "LocalEntryNotFoundError":
        return False  # for the latter, the client has made five attempts itself
    return status is None or status in (408, 429) or status >= 500
