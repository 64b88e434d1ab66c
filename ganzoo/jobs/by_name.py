"""Training, resuming and data sets from Python by name, as from the command line."""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.backend import select
from ganzoo.catalog.recipe.checks import check_plugin_options, check_recipe_plugins
from ganzoo.catalog.recipe.overrides import apply_settings, read_recipe_file, with_data_from
from ganzoo.catalog.recipe.recipe import LENGTHS, Part, Recipe
from ganzoo.catalog.registry.lookup import find_model
from ganzoo.catalog.runs import RUNS, Run
from ganzoo.errors import UsageError
from ganzoo.jobs.devices.surroundings import parse_devices

if TYPE_CHECKING:
    from ganzoo.data.dataset import Dataset

_SECONDS_BETWEEN_LINES = 5.0
_Events = Callable[[dict[str, Any]], None]


def train(
    model: str | os.PathLike | Recipe | None = None,
    *,
    data: str | os.PathLike | None = None,
    settings: Mapping[str, Any] | None = None,
    run: str | os.PathLike | None = None,
    runs: str | os.PathLike = RUNS,
    backend: str | None = None,
    events: _Events | None = None,
    start_from: str | os.PathLike | int | None = None,
    devices: int | str | None = None,
    **keys: Any,
) -> Run:
    """Train a model of the zoo or a recipe: `ganzoo.train("dcgan-digits", steps=150)`.

    The training is that of `ganzoo train`: a new run folder, which `ganzoo.load` and
    `ganzoo.resume` take. What can be interrupted there with Ctrl-C can be here.

    Args:
        model: Name of a model (`"name"`, `"name@2"`), path of a recipe.toml, or a recipe. None
            proposes a recipe for the images in `data`: that of `start_from`, if it is given.
        data: Folder or file of the data set.
        settings: Keys of the recipe with their table: `{"gan.loss": "hinge"}`.
        run: The run's own folder, new or empty; by default the next number in `runs`.
        runs: The folder in which runs are numbered.
        backend: `"jax"`, `"torch"` or `"tensorflow"`; None takes the user's or the first
            installed.
        events: Function called with each event; by default a line is printed now and then.
        start_from: A model, version, run or weights file, whose weights are taken where names
            and shapes are equal.
        devices: How many devices share each step; `"all"` of this host; None: one, or as many as
            processes were started by torchrun and its like. On PyTorch and TensorFlow this Python
            process may end, without an exception, when another one of the training dies: call it
            in a script.
        **keys: Keys of the recipe that one table alone has: `steps=150`, `batch=32`, `seed=1`.

    Returns:
        The run. Its folder is `run.path`.

    Raises:
        UsageError: There is nothing to train, or a key or value is wrong.
        Interrupted: Ctrl-C; the state is saved.
    """
    from ganzoo.jobs.training.train import train as job

    changes = {**({} if data is None else {"dataset.data": os.fspath(data)}), **(settings or {})}
    lines = [_setting(key, value) for key, value in (changes | keys).items()]
    recipe, name = _find_recipe(model, data, backend, lines, start_from)
    recipe = apply_settings(recipe, lines)
    recipe = with_data_from(recipe, Path.cwd())
    check_recipe_plugins(recipe)
    with _same_training(recipe, backend, start_from) as command:
        return job(
            recipe,
            model=name,
            run=None if run is None else Path(run),
            runs=Path(runs),
            backend=backend,
            argv=["ganzoo.train", str(name or "a recipe")],
            events=events or _Lines(),
            source=start_from,
            devices=_number(devices),
            command=command,
        )


def resume(
    run: str | os.PathLike | int | Run,
    *,
    settings: Mapping[str, Any] | None = None,
    events: _Events | None = None,
    devices: int | str | None = None,
    **keys: Any,
) -> Run:
    """Go on with a run from its newest checkpoint: `ganzoo.resume(7, steps=3000)`.

    Args:
        run: The run, its folder or its number.
        settings: Keys that change no weight, with their table: `{"training.steps": 3000}`.
        events: Function called with each event; by default a line is printed now and then.
        devices: How many devices share each step; `"all"` of this host; None: as many as before.
            See `train` for what happens when a process dies.
        **keys: The same keys without their table.

    Returns:
        The run.
    """
    from ganzoo.jobs.training.resume import resume as job

    changes = {**(settings or {}), **keys}
    where = str(run.path if isinstance(run, Run) else run)
    lines = [_setting(key, value) for key, value in changes.items()]
    return job(
        where,
        settings=lines,
        argv=["ganzoo.resume", where],
        events=events or _Lines(),
        devices=_number(devices),
        command=["resume", where, *(word for line in lines for word in ("--set", line))],
    )


def dataset(name: str, **options: Any) -> "Dataset":
    """Open a data set by its name: `ganzoo.dataset("digits").images`.

    Args:
        name: Name of a data set; see `ganzoo list datasets`.
        **options: Its options; see `ganzoo info NAME`.

    Raises:
        UnknownName, UsageError: There is no such data set, or an option is wrong.
        DataMissing: It is not on this machine, and nobody can or may fetch it now.
    """
    from ganzoo.jobs.models.open_dataset import open_dataset

    given = {key: os.fspath(v) if isinstance(v, os.PathLike) else v for key, v in options.items()}
    part = Part.model_validate({"name": name, **given})
    check_plugin_options("dataset", part, "the options")
    return open_dataset(part)


def _find_recipe(
    model: str | os.PathLike | Recipe | None,
    data: Any,
    backend: str | None,
    lines: Sequence[str],
    start_from: str | os.PathLike | int | None,
) -> tuple[Recipe, str | None]:
    """The recipe that is meant, and the name of its model if it has one."""
    if isinstance(model, Recipe):
        return model, None
    if model is None:
        if data is None:
            raise UsageError(
                "Expected a model, a recipe, or `data` with images of your own. Received: neither."
            )
        from ganzoo.jobs.training.propose import propose

        proposal = propose(Path(data), settings=lines, backend=backend, source=start_from)
        print("\n".join(proposal.reasons))
        return proposal.recipe, None
    text = os.fspath(model)
    if text.endswith(".toml"):
        return read_recipe_file(text), None
    return find_model(text).recipe, text


def _number(devices: int | str | None) -> int | str | None:
    return parse_devices(None if devices is None else str(devices))


@contextlib.contextmanager
def _same_training(recipe: Recipe, backend: str | None, source: Any) -> Iterator[list[str]]:
    """Yield arguments of `ganzoo` by which another process makes the same training."""
    with tempfile.TemporaryDirectory(prefix="ganzoo-recipe-") as folder:
        path = Path(folder, "recipe.toml")
        path.write_text(recipe.toml(), encoding="utf-8")
        start = () if source is None else ("--from", str(source))
        yield ["train", str(path), "--backend", select.choose(backend), *start]


def _setting(key: str, value: Any) -> str:
    """A key and its value as `--set` takes them; lengths belong to the training."""
    import tomli_w

    value = os.fspath(value) if isinstance(value, os.PathLike) else value
    value = value.item() if hasattr(value, "item") else value  # a number of NumPy
    if value is None or isinstance(value, Mapping):
        raise UsageError(
            f"A setting is a value of its own. Received: {key}={value!r}.",
            hint="Leave out what has no value; of a table, set each key: 'table.key': value.",
        )
    literal = tomli_w.dumps({"value": value}).partition("=")[2].strip()
    return f"{f'training.{key}' if key in LENGTHS else key}={literal}"


class _Lines:
    """Lines about a training on stdout, every few seconds and at its end."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, event: dict[str, Any]) -> None:
        match event.get("event"):
            case "start_from":
                fitting = event["taken"] + event["adapted"]
                print(f"{fitting} of {len(event['weights'])} weights from {event['source']}")
            case "start":
                print(f"training into {event['run']}")
            case "warning":
                print(f"warning: {event['message']}")
            case "progress":
                now, is_last = time.monotonic(), event["step"] == event["steps"]
                if is_last or now - self._last >= _SECONDS_BETWEEN_LINES:
                    self._last = now
                    losses = [f"{k} {event[k]:.3f}" for k in ("d_loss", "g_loss") if event.get(k)]
                    print(f"step {event['step']:,}/{event['steps']:,}", *losses, sep="  ")
