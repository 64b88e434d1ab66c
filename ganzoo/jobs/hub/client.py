"""The Hub's client, kept patient, short and discreet.

The client is `huggingface_hub` (the extra `[hub]`), which follows `HF_ENDPOINT`, `HF_TOKEN`
and `HF_HUB_OFFLINE`. Whatever it does is tried a few times where that may help, lasts no longer
than it may, brings no more bytes than it may, goes to no private address, and fails in one line
without a token in it.
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
from typing import Any, TypeVar

from ganzoo.catalog.registry.remotes import Remote
from ganzoo.data.download import progress_option
from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput
from ganzoo.files.text import quote
from ganzoo.jobs.hub.addresses import only_public

Found = TypeVar("Found")

_ATTEMPTS = 3  # beside those of the client itself
_PAUSE = 1.0  # seconds before the second attempt; twice as long before each further one
PATIENCE = 120.0  # seconds for any one request ...
_SLOWEST = 20_000  # ... and bytes per second on top
_LONGEST = 7 * 86_400.0  # seconds, however large a file is


def offline() -> bool:
    """Whether the user wants no network: `GANZOO_OFFLINE` or `HF_HUB_OFFLINE`."""
    wanted = (os.environ.get(name, "") for name in ("GANZOO_OFFLINE", "HF_HUB_OFFLINE"))
    return any(value.strip().lower() in ("1", "true", "yes", "on") for value in wanted)


def connected() -> ModuleType:
    """The client.

    Raises:
        EnvironmentProblem: The user wants no network, or it is not installed.
    """
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
    huggingface_hub.constants.HF_HUB_DISABLE_XET = True  # its own sockets would ask no guard
    logging.set_verbosity_error()  # its warnings show signed addresses
    disable_progress_bars()  # ours are drawn
    return huggingface_hub


def endpoint() -> str | None:
    """The mirror of the Hub that the user wants; None: the Hub."""
    return os.environ.get("HF_ENDPOINT") or None


def fetch(
    client: ModuleType, remote: Remote, commit: str, path: str, folder: Path, *, most: int
) -> Path:
    """The file that the server gives for a path at a commit, of at most `most` bytes.

    Args:
        client: From `connected`.
        remote: The repository.
        commit: In it.
        path: At the commit.
        folder: An empty one to put it in.
        most: In bytes.

    Raises:
        InvalidInput: The server gives more.
        EnvironmentProblem: It gives nothing.
    """

    def download() -> str:
        return client.hf_hub_download(
            remote.repo_id,
            path,
            revision=commit,
            endpoint=endpoint(),
            local_dir=folder,
            **_bounded(progress_option(client, path), path, most),
        )

    seconds = min(PATIENCE + most / _SLOWEST, _LONGEST)
    came = Path(patiently(remote, download, seconds=seconds))
    if came.stat().st_size > most:
        raise InvalidInput(
            f"A file is too large: expected at most {most} bytes. Received: {quote(path)}."
        )
    return came


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


def patiently(remote: Remote, call: Callable[[], Found], *, seconds: float = PATIENCE) -> Found:
    """The result of a call to the server, tried a few times where that may help.

    Args:
        remote: Whom it is about, for the message.
        call: What the client shall do.
        seconds: How long one attempt may last.

    Raises:
        EnvironmentProblem: It failed, as one line without secrets.
    """
    pause = _PAUSE
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with guarded():
                return _within(seconds, call)
        except (GanzooError, MemoryError):
            raise
        except Exception as error:
            status = status_of(error)
            final = status is not None and 400 <= status < 500 and status not in (408, 429)
            if final or attempt == _ATTEMPTS:
                raise failed(remote, error) from error
        time.sleep(pause)
        pause *= 2
    raise AssertionError("unreachable")


def guarded() -> contextlib.AbstractContextManager[None]:
    """In which the client is sent to no private address; see `only_public`."""
    import huggingface_hub

    return only_public(endpoint() or huggingface_hub.constants.ENDPOINT)


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


def failed(remote: Remote, error: Exception) -> EnvironmentProblem:
    """The one line for whatever the client raises; its errors have no common class."""
    status = status_of(error)
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


def status_of(error: BaseException | None) -> int | None:
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
