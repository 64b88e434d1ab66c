"""A logger to trackio, which keeps its dashboard on this machine or in a Space of the Hub."""

import secrets
from pathlib import Path
from typing import Any, final

from ganzoo_loggers.packages import import_package
from ganzoo_loggers.service import ServiceLogger


@final
class TrackioRun(ServiceLogger):
    """A run of trackio, seen with: trackio show.

    Args:
        project: Name of the project.
        space: A Space of the Hub to log to, `"user/name"`; by default a file on this machine.
    """

    def __init__(self, *, project: str = "ganzoo", space: str | None = None):
        super().__init__("trackio")
        self._trackio = import_package("trackio", extra="trackio")
        self._options = {"project": project, "space_id": space}

    def open(self, folder: Path, config: dict[str, Any], run_id: str | None) -> str:
        """Begin a run, or go on with the one of that name."""
        name = run_id or f"{folder.name}-{secrets.token_hex(4)}"
        self._run = self._trackio.init(
            **self._options, name=name, config=config, resume="allow", embed=False
        )
        return name

    def log_numbers(self, step: int, values: dict[str, float]) -> None:
        """Log the numbers of a step."""
        self._run.log(values, step=step)

    def log_sample(self, step: int, image: Path, media: Path | None) -> None:
        """Log an image, and a sound or video if there is one."""
        content = {"samples": self._trackio.Image(str(image))}
        if media:
            is_sound = media.suffix == ".wav"
            kind = self._trackio.Audio if is_sound else self._trackio.Video
            content["sound" if is_sound else "video"] = kind(str(media))
        self._run.log(content, step=step)

    def close(self, state: str) -> None:
        """Finish the run."""
        self._run.finish()
