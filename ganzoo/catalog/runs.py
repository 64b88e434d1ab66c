"""Runs: folders that hold everything about one training, such as `runs/00007-gan-mnist`."""

import os
import shlex
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog import run_lock, run_log, run_manifest
from ganzoo.catalog.run_folders import RUNS, find_folder, make_numbered
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files import checkpoints
from ganzoo.files.checkpoints import Checkpoint
from ganzoo.files.manifests import check_name
from ganzoo.files.text import environment_problem, quote

if TYPE_CHECKING:
    from ganzoo.catalog.recipe.recipe import Recipe
    from ganzoo.catalog.registry.cards import Card

RECIPE_NAME = "recipe.toml"  # the file that makes a folder a run
_BEST_SUFFIX = "@best"  # behind a run: its best checkpoint instead of its newest
RANKING = "frechet"  # the metric by which one checkpoint is the best
BEST = "best"  # key of a checkpoint's `about`: metric, value and step of the best so far


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
            return cls(make_numbered(runs, name))
        except OSError as error:
            raise environment_problem("write", runs, error) from error

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
        path = find_folder(run, Path(runs))
        if not (path / RECIPE_NAME).is_file():
            raise InvalidInput(
                f"Not the folder of a run: it has no recipe.toml. Received: {quote(path)}."
            )
        return cls(path)

    @property
    def recipe_path(self) -> Path:
        """The resolved recipe, which can be trained again."""
        return self.path / RECIPE_NAME

    @property
    def manifest_path(self) -> Path:
        """Versions, arguments, data and plugins of the training."""
        return self.path / run_manifest.NAME

    @property
    def card_path(self) -> Path:
        """The card of the model that is trained."""
        return self.path / "card.toml"

    @property
    def log_path(self) -> Path:
        """One line of JSON for each logged step."""
        return self.path / run_manifest.LOG_NAME

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
        """Return the recipe; raise `InvalidInput` if the file holds none, or another."""
        from ganzoo.catalog.recipe.recipe import Recipe  # pydantic, for whoever reads recipes only

        run_manifest.check_file(self.path, self.recipe_path.name)
        return Recipe.read(self.recipe_path)

    def card(self) -> "Card":
        """Return the card; raise `InvalidInput` if the file holds none, or another."""
        from ganzoo.catalog.registry.cards import Card

        run_manifest.check_file(self.path, self.card_path.name)
        return Card.read(self.card_path)

    def manifest(self) -> dict[str, Any]:
        """Return the manifest; raise `InvalidInput` if it is not what was written."""
        return run_manifest.read(self.path)

    def sample_images(self, report: Callable[[str], None] = warnings.warn) -> list[Path]:
        """Return the sample images, first to last; see `undamaged`."""
        listed = run_manifest.read_if_there(self.path).get(run_manifest.FILES, {})
        names = {Path(name).name for name in listed if Path(name).parent.name == self.samples.name}
        names |= {path.name for path in self.samples.glob("step-*.png")}
        return self.undamaged([self.samples / name for name in sorted(names)], report)

    def undamaged(
        self, paths: Iterable[Path], report: Callable[[str], None] = warnings.warn
    ) -> list[Path]:
        """Return those of a run's own files that are as they were written.

        Args:
            paths: The files; one that has no digest counts as whole.
            report: Called with a sentence for each that is damaged or gone.
        """
        names = {path.relative_to(self.path).as_posix(): path for path in paths}
        for name, problem in run_manifest.damaged_files(self.path, names).items():
            report(f"{quote(names.pop(name))} is left out: {problem}.")
        return list(names.values())

    def newest_checkpoint(self, report: Callable[[str], None] = warnings.warn) -> Checkpoint | None:
        """Return the newest checkpoint, verified; `None` if nothing was ever saved.

        Args:
            report: Called with a sentence for each newer one that is broken or gone.

        Raises:
            InvalidInput: There are checkpoints, and all are broken.
        """
        newest = checkpoints.newest(self.checkpoints, report=report)
        saved = self.manifest().get(run_manifest.CHECKPOINT, 0) if newest else 0
        if newest and saved > newest.step and not checkpoints.is_there(self.checkpoints, saved):
            report(f"The checkpoint of step {saved} is gone. Going back to step {newest.step}.")
        return newest

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
        """Return the entries with values; see `ganzoo.catalog.run_manifest.read_log`."""
        log = run_manifest.read_log(self.path, containing=containing)
        return [entry for entry in log if "event" not in entry]

    def warnings(self) -> list[dict[str, Any]]:
        """Return the warnings of the log: step, illness and message of each."""
        return [e for e in run_manifest.read_log(self.path) if e.get("event") == "warning"]

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
    newest = run.newest_checkpoint(report)
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
