"""A logger to Weights & Biases."""

from pathlib import Path
from typing import Any, Literal, final

from ganzoo_loggers.packages import import_package
from ganzoo_loggers.service import ServiceLogger


@final
class WandbRun(ServiceLogger):
    """A run of Weights & Biases; offline ones are sent later, with wandb sync.

    Args:
        project: Name of the project.
        entity: The user or team; by default that of the login.
        mode: `"online"` or `"offline"`; by default WANDB_MODE, else online.
    """

    def __init__(
        self,
        *,
        project: str = "ganzoo",
        entity: str | None = None,
        mode: Literal["online", "offline"] | None = None,
    ):
        super().__init__("wandb")
        self._wandb = import_package("wandb", extra="wandb")
        self._options = {"project": project, "entity": entity, "mode": mode}

    def open(self, folder: Path, config: dict[str, Any], run_id: str | None) -> str:
        """Begin a run, or go on with the one of that id."""
        self._run = self._wandb.init(
            **self._options,
            id=run_id,
            resume="allow",
            name=folder.name,
            config=config,
            dir=str(folder),
            settings=self._wandb.Settings(console="off"),
        )
        return self._run.id

    def log_numbers(self, step: int, values: dict[str, float]) -> None:
        """Log the numbers of a step."""
        self._run.log(values, step=step)

    def log_sample(self, step: int, image: Path, media: Path | None) -> None:
        """Log an image, and a sound or video if there is one."""
        content = {"samples": self._wandb.Image(str(image))}
        if media:
            is_sound = media.suffix == ".wav"
            kind = self._wandb.Audio if is_sound else self._wandb.Video
            content["sound" if is_sound else "video"] = kind(str(media))
        self._run.log(content, step=step)

    def log_warning(self, message: str) -> None:
        """Raise an alert, which reaches whoever has asked for alerts."""
        self._run.alert(title="ganzoo", text=message)

    def close(self, state: str) -> None:
        """Finish the run."""
        self._run.finish(exit_code=0 if state == "finished" else 1)
