"""Runs: folders that hold everything about one training, such as `runs/00007-gan-mnist`."""

import os
import re
import shlex
import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog import run_lock, run_log
from ganzoo.errors import InvalidInput, UsageError, unknown
from ganzoo.files import checkpoints
from ganzoo.files.checkpoints import Checkpoint
from ganzoo.files.manifests import check_name
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import parse_object
from ganzoo.files.text import environment_problem, quote, shorten

if TYPE_CHECKING:
    from ganzoo.catalog.recipe.recipe import Recipe

RUNS = Path("runs")  # where runs are numbered by default
_NUMBERED = re.compile(r"\.?([0-9]{5,})(?:-.*)?")
_BEST_SUFFIX = "@best"  # behind a run: its best checkpoint instead of its newest
RANKING = "frechet"  # the metric by which one checkpoint is the best
BEST = "best"  # key of a checkpoint's `about`: metric, value and step of the best so far
_MAX_MANIFEST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Run:
    """A run's folder.

    Args:
        path: The folder.
    """

    path: Path

    @classmethod
    def create(cls, runs: Path, name: str) -> "Run":
        """Make the folder `runs/00007-name` with the next number, which nobody else gets.

        Args:
            runs: The folder of all runs; it is created if it is not there.
            name: The model's name; the last part of `"source:name"` is used.
        """
        name = check_name(name.rpartition(":")[2], "name for a run", error=UsageError)
        runs = Path(runs)
        try:
            runs.mkdir(parents=True, exist_ok=True)
            number = 1 + max(_run_numbers(runs), default=0)
            while not _reserve_number(runs, number, name):
                number += 1
        except OSError as error:
            raise environment_problem("write", runs, error) from error
        return cls(runs / f"{number:05d}-{name}")

    @classmethod
    def create_at(cls, path: Path) -> "Run":
        """Make a run in a folder that does not exist yet or is empty."""
        path = Path(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            taken = next(path.iterdir(), None)
        except (FileExistsError, NotADirectoryError):
            raise UsageError(
                f"A run needs a folder. Received: {quote(path)}, which is a file.",
                hint="Choose another path.",
            ) from None
        except OSError as error:
            raise environment_problem("write", path, error) from error
        if taken:
            raise UsageError(
                f"A new run needs an empty folder. Received: {quote(path)}, which is not empty.",
                hint="Choose another, or go on with the run in it: ganzoo resume.",
            )
        return cls(path)

    @classmethod
    def open(cls, run: str | os.PathLike | int, runs: Path = RUNS) -> "Run":
        """Open an existing run.

        Args:
            run: The folder of the run, or its number or name in `runs`.
            runs: The folder of all runs.

        Raises:
            UnknownName: There is no such run.
            InvalidInput: The folder is not a run's.
        """
        path = _find_run_folder(run, Path(runs))
        if not (path / "recipe.toml").is_file():
            raise InvalidInput(
                f"Not the folder of a run: it has no recipe.toml. Received: {quote(path)}."
            )
        return cls(path)

    @property
    def recipe_path(self) -> Path:
        """The resolved recipe, which can be trained again."""
        return self.path / "recipe.toml"

    @property
    def manifest_path(self) -> Path:
        """Versions, arguments, data and plugins of the training."""
        return self.path / "manifest.json"

    @property
    def card_path(self) -> Path:
        """The card of the model that is trained."""
        return self.path / "card.toml"

    @property
    def log_path(self) -> Path:
        """One line of JSON for each logged step."""
        return self.path / "log.jsonl"

    @property
    def samples(self) -> Path:
        """The folder of sample images."""
        return self.path / "samples"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def weights_path(self) -> Path:
        """The trained generator."""
        return self.path / "weights.safetensors"

    @property
    def report_path(self) -> Path:
        """The HTML report."""
        return self.path / "report.html"

    @property
    def gif_path(self) -> Path:
        """The sample images as an animation."""
        return self.path / "progress.gif"

    def media_path(self, ending: str) -> Path:
        """Return the path of the newest samples as audio or video: `samples.wav`."""
        return self.path / f"samples{ending}"

    def recipe(self) -> "Recipe":
        """Return the recipe; raise `InvalidInput` if the file holds none."""
        from ganzoo.catalog.recipe.recipe import Recipe  # pydantic, for whoever reads recipes only

        return Recipe.read(self.recipe_path)

    def manifest(self) -> dict[str, Any]:
        """Return the manifest; raise `InvalidInput` if it is not a JSON object."""
        content = read_bytes(self.manifest_path, limit=_MAX_MANIFEST_BYTES)
        return parse_object(content, quote(self.manifest_path))

    def state(self, manifest: Mapping[str, Any] | None = None) -> str | None:
        """Return how the run stands now; `None` if its manifest does not say.

        That is `"running"`, `"finished"`, `"interrupted"`, `"diverged"` or `"failed"`. A run
        whose process was killed is interrupted, whatever its manifest says: nobody locks it.

        Args:
            manifest: The run's manifest, if it has been read already.
        """
        recorded = (self.manifest() if manifest is None else manifest).get("state")
        if recorded == "running" and not run_lock.is_locked(self.path):
            return "interrupted"
        return recorded

    def log(self, *, containing: str = "") -> list[dict[str, Any]]:
        """Return the entries with values; see `ganzoo.catalog.run_log.read_log`."""
        log = run_log.read_log(self.log_path, containing=containing)
        return [entry for entry in log if "event" not in entry]

    def warnings(self) -> list[dict[str, Any]]:
        """Return the warnings of the log: step, illness and message of each."""
        return [e for e in run_log.read_log(self.log_path) if e.get("event") == "warning"]

    def append_log(self, entry: Mapping[str, Any]) -> None:
        """Add an entry to the log. A number that is not finite becomes null."""
        run_log.append_entry(self.log_path, entry)

    def rewind(self, step: int) -> None:
        """Drop log entries and samples after a step, so that a resumed run makes them anew."""
        run_log.truncate_log(self.log_path, step)
        try:
            for image in self.samples.glob("step-*.png"):
                number = image.stem.removeprefix("step-")
                if number.isdecimal() and int(number) > step:
                    image.unlink()
                    for newest in self.path.glob("samples.*"):  # of that step or a later one
                        newest.unlink()
        except OSError as error:
            raise environment_problem("write", self.samples, error) from error

    def lock(self) -> AbstractContextManager[None]:
        """Keep other processes from writing to the run; released when this one ends.

        Raises:
            Locked: Another holds it.
        """
        return run_lock.hold_lock(self.path)


def numbered_folders(runs: Path = RUNS) -> list[tuple[int, Path]]:
    """Return the folders of all runs with their numbers, in ascending order; broken ones too."""
    names = [name for name in os.listdir(runs) if name[0] != "."] if os.path.isdir(runs) else []
    found = ((_NUMBERED.fullmatch(name), Path(runs, name)) for name in names)
    return sorted((int(match[1]), path) for match, path in found if match and path.is_dir())


def split_best(source: str | os.PathLike) -> tuple[str | os.PathLike, bool]:
    """Split `@best` off a name: `"7@best"` -> `("7", True)`, `"7"` -> `("7", False)`.

    Args:
        source: A name or path. A path that exists is not split, whatever it is called.
    """
    text = os.fspath(source)
    if text.endswith(_BEST_SUFFIX) and text != _BEST_SUFFIX and not os.path.lexists(source):
        return text.removesuffix(_BEST_SUFFIX), True
    return source, False


def recorded_best(checkpoint: Checkpoint | None) -> dict[str, Any] | None:
    """Return what a checkpoint records of the best so far: `metric`, `value` and `step`."""
    return None if checkpoint is None else checkpoint.about.get(BEST)


def best_checkpoint(run: Run, report: Callable[[str], None] = warnings.warn) -> Checkpoint:
    """Return the checkpoint with the best score, verified.

    Each later checkpoint names it, and rotation leaves it alone.

    Args:
        run: The run.
        report: Called with a sentence for each newer checkpoint that is broken.

    Raises:
        UsageError: The run was never evaluated while it was trained.
        InvalidInput: The checkpoint is broken.
    """
    newest = checkpoints.newest(run.checkpoints, report=report)
    best = recorded_best(newest)
    if newest is None or best is None:
        raise UsageError(
            f"The run {run.path} has no best checkpoint: it was not evaluated while it was "
            "trained.",
            hint="Train with --evaluate-every N, or leave out @best.",
        )
    return (
        newest
        if newest.step == best["step"]
        else checkpoints.of_step(run.checkpoints, best["step"])
    )


def no_checkpoint(run: Run) -> UsageError:
    """Return the error for a run that has saved nothing, or lost it."""
    return UsageError(
        f"The run {quote(run.path)} has no checkpoint.",
        hint=f"Wait for its first one, or train again: ganzoo train"
        f" {shlex.quote(str(run.recipe_path))}",
    )


def _run_numbers(runs: Path) -> list[int]:
    found = (_NUMBERED.fullmatch(name) for name in os.listdir(runs))
    return [int(match[1]) for match in found if match]


def _reserve_number(runs: Path, number: int, name: str) -> bool:
    """Return whether the number was free, and is now this name's folder."""
    reservation = runs / f".{number:05d}"
    try:
        reservation.mkdir()
    except FileExistsError:
        return False
    # Whoever had the reservation before may have given it up for the folder meanwhile.
    if _run_numbers(runs).count(number) > 1:
        reservation.rmdir()
        return False
    reservation.rename(runs / f"{number:05d}-{name}")
    return True


def _find_run_folder(run: str | os.PathLike | int, runs: Path) -> Path:
    """The folder that a path, name or number means."""
    text = str(run) if isinstance(run, int) else os.fspath(run)
    if not isinstance(run, int) and text and os.path.isdir(text):
        return Path(text)
    for number, path in numbered_folders(runs):
        if text == path.name or (text.isdecimal() and int(text) == number):
            return path
    raise unknown("run", shorten(text), [path.name for _, path in numbered_folders(runs)])
