"""Loggers of services: each event once, in the run that the service has for this one.

A run that is resumed trains the steps since its checkpoint again. A service keeps what it was
sent, so a bookmark in the run's folder says under which id that is and how far it goes.
"""

import json
import os
import warnings
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from ganzoo.errors import GanzooError, InvalidInput
from ganzoo.files.publish import make_folder, publish_text
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import parse_object
from ganzoo.files.text import quote
from ganzoo_loggers.run_content import Event, logged_numbers, run_config

_MAX_BYTES = 2**16  # of a bookmark


class ServiceLogger(ABC):
    """A logger of a service, which keeps a run for each run of ganzoo.

    Args:
        name: Name of the logger, and of its bookmark in the folder `loggers` of a run.
    """

    def __init__(self, name: str):
        self._name = name
        self._bookmark: dict[str, Any] = {}
        self._warned = -1  # step of the last warning before this start; a step can have several
        self._path = Path()

    def __call__(self, event: Event) -> None:
        """Pass an event on, unless the service has it."""
        kind, step = event["event"], event.get("step", 0)
        if kind == "start":
            self._start(event)
        elif kind in ("log", "sample"):
            if step <= self._bookmark.get(kind, -1):
                return
            if kind == "log":
                self.log_numbers(step, logged_numbers(event))
            else:
                media = event.get("media")
                self.log_sample(step, Path(event["path"]), Path(media) if media else None)
            self._keep(kind, step)
        elif kind == "warning":
            if "step" in event:
                if step <= self._warned:
                    return
                self._keep(kind, step)
            self.log_warning(event["message"])
        elif kind in ("end", "stop"):
            self.close(event.get("state", "finished"))

    @abstractmethod
    def open(self, folder: Path, config: dict[str, Any], run_id: str | None) -> str:
        """Begin a run, or go on with one, and return its id.

        Args:
            folder: The run's folder.
            config: Its recipe and its backend.
            run_id: The id of the service's run to go on with; `None` for a new one.
        """

    @abstractmethod
    def log_numbers(self, step: int, values: dict[str, float]) -> None:
        """Log the numbers of a step."""

    @abstractmethod
    def log_sample(self, step: int, image: Path, media: Path | None) -> None:
        """Log samples: an image, and a sound or video if there is one."""

    def log_warning(self, message: str) -> None:  # noqa: B027  a service need not have them
        """Log a warning; nothing by default."""

    @abstractmethod
    def close(self, state: str) -> None:
        """End the service's run: `"finished"`, `"interrupted"`, `"diverged"` or `"failed"`."""

    def _start(self, event: Event) -> None:
        folder = Path(event["run"])
        make_folder(folder / "loggers")
        self._path = folder / "loggers" / f"{self._name}.json"
        self._bookmark = self._read_bookmark()
        self._warned = self._bookmark.get("warning", -1)
        self._keep("id", self.open(folder, run_config(event), self._bookmark.get("id")))

    def _read_bookmark(self) -> dict[str, Any]:
        if not os.path.lexists(self._path):
            return {}
        try:
            found = parse_object(read_bytes(self._path, limit=_MAX_BYTES), quote(self._path))
            if any(type(found[key]) is not (str if key == "id" else int) for key in found):
                raise InvalidInput("It must have an id as text, and steps.")
        except GanzooError as error:
            text = (
                f"The logger {self._name} begins anew, since its bookmark cannot be read: {error}"
            )
            warnings.warn(text, stacklevel=2)
            return {}
        return found

    def _keep(self, key: str, value: Any) -> None:
        self._bookmark[key] = value
        publish_text(self._path, json.dumps(self._bookmark) + "\n", overwrite=True)
