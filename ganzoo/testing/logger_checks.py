"""Checks of a logger, without any framework: events of a killed training and its continuation."""

import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from ganzoo.catalog.recipe.recipe import Part
from ganzoo.catalog.runs import Run
from ganzoo.files.digests import file_digest
from ganzoo.jobs.loggers import create_logger
from ganzoo.testing.check_report import CheckFailed, Report, require, run_checks

# The checks of a logger, each with the checks that must have passed before.
LOGGER_CHECKS: Mapping[str, tuple[str, ...]] = {
    "opens": (),
    "events": ("opens",),
    "resume": ("events",),
    "tidy": ("events",),
}
_STEPS = (2, 4, 6)  # that are logged
_RECIPE = """\
[architecture]
name = "mlp"

[dataset]
name = "digits"

[training]
steps = 6
"""


class LoggerCase:
    """A logger under test, and a run's folder for it.

    Args:
        part: Its name and options.
        folder: The folder of the run.
    """

    def __init__(self, part: Part, folder: Path):
        self.part, self.run = part, Run(folder)
        self.changed: set[str] = set()
        self.run.samples.mkdir(parents=True)
        self.run.recipe_path.write_text(_RECIPE, encoding="utf-8")
        manifest = {"model": None, "backend": "jax", "state": "running"}
        self.run.manifest_path.write_text(json.dumps(manifest), encoding="utf-8")

    def train(self, *, start: int, stop: int) -> None:
        """Give a new logger the events from one step to another; those of a kill have no end."""
        logger = create_logger(self.part)
        self.run.rewind(start)
        for event in self._events(start, stop):
            before = self._digests()
            logger(event)
            self.changed |= {name for name, _ in before.items() ^ self._digests().items()}

    def _digests(self) -> dict[str, str]:
        """The digests of the run's own files."""
        run = self.run
        own = [run.recipe_path, run.manifest_path, run.log_path, *run.samples.iterdir()]
        return {path.name: file_digest(path) for path in own if path.exists()}

    def _events(self, start: int, stop: int) -> Iterable[dict[str, Any]]:
        yield {
            "event": "start", "model": None, "run": str(self.run.path), "backend": "jax",
            "step": start, "steps": _STEPS[-1], "images": 16 * _STEPS[-1], "dataset": "digits",
            "parameters": {"generator": 8, "discriminator": 8},
        }  # fmt: skip
        for step in (s for s in _STEPS if start < s <= stop):
            scores = {"frechet": None if step == _STEPS[0] else 1.0 / step}
            yield {"event": "evaluation", "step": step, **scores, "best": False, "seconds": 0.1}
            numbers = {"d_loss": 1.0, "g_loss": 1.0, **scores}
            speed = {"images": 16 * step, "images_per_second": 99.0}
            entry = {"step": step, **speed, "seconds": 0.5, **numbers}
            self.run.append_log(entry)
            yield {"event": "log", **entry}
            yield {"event": "progress", "step": step, "steps": 6, **speed, "seconds_left": 1.0}
            path = self.run.samples / f"step-{step:08d}.png"
            Image.new("L", (8, 8), step).save(path)
            yield {"event": "sample", "step": step, "path": str(path)}
            yield {"event": "checkpoint", "step": step, "path": str(self.run.checkpoints)}
            yield {"event": "warning", "message": "A warning of the checks."}
            yield {"event": "an event of a later version", "step": step}
        if stop == _STEPS[-1]:
            paths = {key: str(self.run.path) for key in ("run", "report", "samples", "weights")}
            yield {"event": "end", **paths, "seconds": 1.0, "step": stop}


def check_logger(
    name: str,
    options: Mapping[str, Any] | None = None,
    *,
    checks: Iterable[str] | None = None,
    raises: bool = True,
) -> Report:
    """Check an installed logger. It logs a run of three steps wherever its options say.

    The first line of each check's function says what it demands.

    Args:
        name: Name of the logger, or `"distribution:name"`.
        options: Keyword arguments of its function.
        checks: Names of the checks to run; by default all of `LOGGER_CHECKS`.
        raises: Raise an error if a check fails.

    Raises:
        CheckFailed: a check failed and `raises` is true.
        UnknownName, UsageError: there is no such logger, or it does not take these options.
    """
    part = Part.model_validate({"name": name, **(options or {})})
    with tempfile.TemporaryDirectory() as folder:
        case = LoggerCase(part, Path(folder, "00001-check"))
        results = run_checks(case, globals(), LOGGER_CHECKS, checks)
    report = Report(kind="logger", name=name, setting={"options": part.options}, results=results)
    if raises and not report.passed:
        raise CheckFailed(report)
    return report


def check_opens(case: LoggerCase) -> None:
    """It takes its options and returns a function."""
    create_logger(case.part)


def check_events(case: LoggerCase) -> None:
    """It takes every event of a training, those of later versions and missing scores included."""
    case.train(start=0, stop=4)


def check_resume(case: LoggerCase) -> None:
    """After a kill another one goes on from the checkpoint's step to the end."""
    case.train(start=2, stop=6)


def check_tidy(case: LoggerCase) -> None:
    """It changes none of the run's own files."""
    require(not case.changed, f"It changes {', '.join(sorted(case.changed))} of the run.")
