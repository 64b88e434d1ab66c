"""A run: the folder that holds everything about one training, such as `runs/00007-gan-mnist`."""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog import run_log
from ganzoo.errors import InvalidInput, Locked, UsageError, unknown
from ganzoo.files.names import check_name
from ganzoo.files.problems import environment_problem
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import parse_json
from ganzoo.files.text import quote, shorten

if TYPE_CHECKING:
    from ganzoo.catalog.recipe.recipe import Recipe

RUNS = Path("runs")  # where runs are numbered, unless somebody says otherwise
_NUMBERED = re.compile(r"\.?([0-9]{5,})(?:-.*)?")
_BEST = "@best"  # after a run: its best checkpoint instead of its newest
_LARGEST_MANIFEST = 8 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class Run:
    """A run's folder.

    Args:
        path: The folder.
    """

    path: Path

    @classmethod
    def create(cls, runs: Path, name: str) -> "Run":
        """A new folder `runs/00007-name` with the next number, which nobody else gets.

        Args:
            runs: The folder of all runs, created if need be.
            name: The model's name; of `"source:name"` the last part.
        """
        name = check_name(name.rpartition(":")[2], "name for a run", error=UsageError)
        runs = Path(runs)
        try:
            runs.mkdir(parents=True, exist_ok=True)
            number = 1 + max(_numbers(runs), default=0)
            while not _claimed(runs, number, name):
                number += 1
        except OSError as error:
            raise environment_problem("write", runs, error) from error
        return cls(runs / f"{number:05d}-{name}")

    @classmethod
    def at(cls, path: Path) -> "Run":
        """A new run in a folder that does not exist yet or is empty."""
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
        """An existing run.

        Args:
            run: Its folder, or its number or name in `runs`.
            runs: The folder of all runs.

        Raises:
            UnknownName: There is no such run.
            InvalidInput: The folder is not a run's.
        """
        path = _existing(run, Path(runs))
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
        """With what it was trained: versions, arguments, data, plugins."""
        return self.path / "manifest.json"

    @property
    def log_path(self) -> Path:
        """One line of JSON for each logged step."""
        return self.path / "log.jsonl"

    @property
    def samples(self) -> Path:
        """The folder of sample pictures."""
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
        """The page that shows it all."""
        return self.path / "report.html"

    @property
    def gif_path(self) -> Path:
        """The samples as a moving picture."""
        return self.path / "progress.gif"

    def moving_path(self, ending: str) -> Path:
        """The newest samples as a file of that ending, to hear or watch: `samples.wav`."""
        return self.path / f"samples{ending}"

    @property
    def card_path(self) -> Path:
        """What to say of the model when it is passed on."""
        return self.path / "card.toml"

    def recipe(self) -> "Recipe":
        """The recipe; `InvalidInput` if the file holds none."""
        from ganzoo.catalog.recipe.recipe import Recipe  # pydantic, for whoever reads recipes only

        return Recipe.read(self.recipe_path)

    def manifest(self) -> dict[str, Any]:
        """The manifest; `InvalidInput` if it is not a JSON object."""
        where = quote(self.manifest_path)
        found = parse_json(read_bytes(self.manifest_path, limit=_LARGEST_MANIFEST), where)
        if not isinstance(found, dict):
            raise InvalidInput(f"{where} must be a JSON object. Received: {quote(found)}.")
        return found

    def log(self) -> list[dict[str, Any]]:
        """All entries of the log, without a last one that a crash has torn."""
        return run_log.read(self.log_path)

    def append_log(self, entry: Mapping[str, Any]) -> None:
        """Adds an entry. A number that is not finite becomes null, which JSON can say."""
        run_log.append(self.log_path, entry)

    def rewind(self, step: int) -> None:
        """Drops log entries and samples after a step, so that a resumed run makes them anew."""
        run_log.truncate(self.log_path, step)
        try:
            for picture in self.samples.glob("step-*.png"):
                number = picture.stem.removeprefix("step-")
                if number.isdecimal() and int(number) > step:
                    picture.unlink()
                    for newest in self.path.glob("samples.*"):  # of that step or a later one
                        newest.unlink()
        except OSError as error:
            raise environment_problem("write", self.samples, error) from error

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keeps other processes from writing to the run; given back when this one dies.

        Raises:
            Locked: Another holds it.
        """
        path = self.path / ".lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise environment_problem("write", path, error) from error
        try:
            _take(descriptor, self.path)
            yield
        finally:
            os.close(descriptor)  # which gives the lock back


def split_best(source: str | os.PathLike) -> tuple[str | os.PathLike, bool]:
    """What stands before `@best`, and whether that stands there: `"7@best"` -> `("7", True)`.

    Args:
        source: Any name or path; one that is there, whatever it is called, is not split.
    """
    text = os.fspath(source)
    if text.endswith(_BEST) and text != _BEST and not os.path.lexists(source):
        return text.removesuffix(_BEST), True
    return source, False


def _take(descriptor: int, run: Path) -> None:
    from filelock import lock_descriptor  # it takes long to import, and few commands write

    try:
        taken = lock_descriptor(descriptor, blocking=False)
    except OSError as error:
        raise environment_problem("lock", run, error) from error
    if not taken:
        owner = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        raise Locked(
            f"Another process writes to the run {quote(run)}"
            f"{f': number {owner}' if owner.isdigit() else ''}.",
            hint="Wait for it or stop it.",
        )
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _numbers(runs: Path) -> list[int]:
    found = (_NUMBERED.fullmatch(name) for name in os.listdir(runs))
    return [int(match[1]) for match in found if match]


def _claimed(runs: Path, number: int, name: str) -> bool:
    """Whether the number was free, and is now this name's folder."""
    claim = runs / f".{number:05d}"
    try:
        claim.mkdir()
    except FileExistsError:
        return False
    # Whoever had the claim before may have given it up for the folder meanwhile.
    if _numbers(runs).count(number) > 1:
        claim.rmdir()
        return False
    claim.rename(runs / f"{number:05d}-{name}")
    return True


def _existing(run: str | os.PathLike | int, runs: Path) -> Path:
    """The folder that a path, name or number means."""
    text = str(run) if isinstance(run, int) else os.fspath(run)
    if not isinstance(run, int) and text and os.path.isdir(text):
        return Path(text)
    folders = sorted(child.name for child in runs.iterdir()) if runs.is_dir() else []
    folders = [name for name in folders if _NUMBERED.fullmatch(name) and not name.startswith(".")]
    for name in folders:
        if text == name or (text.isdecimal() and int(text) == int(name.partition("-")[0])):
            return runs / name
    raise unknown("run", shorten(text), folders)
