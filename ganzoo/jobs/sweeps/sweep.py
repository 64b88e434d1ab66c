"""A sweep: a folder with a plan, and with the runs that the plan asks for, numbered by it.

What each run trains follows from the plan and the run's number alone. So whoever opens the
folder, in any process on any machine, knows what is still to be trained.
"""

import hashlib
import itertools
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from ganzoo.catalog import run_lock
from ganzoo.catalog.recipe.checks import check_recipe_plugins
from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.config.validation import Table, validate_keywords
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.publish import make_folder, publish_text
from ganzoo.files.reading import read_bytes
from ganzoo.files.strict_json import canonical_json, parse_object
from ganzoo.files.text import quote
from ganzoo.jobs.sweeps.values import Range, parse_over
from ganzoo.jobs.training.provenance import run_name

_PLAN = "sweep.json"
_MAX_PLAN_BYTES = 1024 * 1024
_AT_THE_END = 10**9  # steps between two evaluations: only the last step is evaluated


class Sweep(Table):
    """A sweep's plan, and the folder that it lies in.

    Args:
        folder: The folder, which holds the runs.
        model: Name of the model in a registry, if it has one.
        recipe: The recipe in which the keys are set.
        over: The keys with their values, as `parse_over` takes them.
        seeds: Seeds of the training; each combination of values is trained with each.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.
        trials: Number of combinations that Optuna chooses; None for all there are.
    """

    folder: Path
    model: str | None = None
    recipe: Recipe
    over: list[str]
    seeds: list[int]
    backend: str
    trials: int | None = None

    @property
    def axes(self) -> dict[str, tuple[str, ...] | Range]:
        """The values or the range of each key."""
        return dict(map(parse_over, self.over))

    def grid(self) -> Iterator[dict[str, str]]:
        """Yield every combination, the last key fastest; of a range its two ends."""
        axes = self.axes
        lists = [one.ends if isinstance(one, Range) else one for one in axes.values()]
        return (dict(zip(axes, values, strict=True)) for values in itertools.product(*lists))

    def run_recipe(self, values: dict[str, str], seed: int) -> Recipe:
        """Return the recipe of a run."""
        settings = [f"{key}={value}" for key, value in values.items()]
        return apply_settings(self.recipe, [*settings, f"training.seed={seed}"])

    def runs(self, combination: int) -> list[tuple[Path, int]]:
        """Return the folder and the seed of each run of a combination, counted from 0."""
        first, name = 1 + combination * len(self.seeds), run_name(self.recipe, self.model)
        numbered = enumerate(self.seeds, start=first)
        return [(self.folder / f"{number:05d}-{name}", seed) for number, seed in numbered]

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Keep other workers from a run or a combination; `Locked` if another has it."""
        path = self.folder / ".locks" / name  # outside the run, which may have to be made anew
        make_folder(path)
        return run_lock.hold_lock(path)


def plan_sweep(sweep: Sweep) -> Sweep:
    """Check a plan, and write it into its folder.

    Args:
        sweep: The plan; its folder is the one that holds all runs.

    Returns:
        The sweep in its own folder, `sweeps/name-digest`. The name follows from the plan without
        `trials`: the same sweep is found again, and may be given more trials. A recipe without
        evaluations is given one at the end.

    Raises:
        UsageError: A key or value is wrong, or a range comes without `trials`.
    """
    _check(sweep)
    recipe = sweep.recipe
    if not recipe.training.evaluate_every:
        recipe = apply_settings(recipe, [f"training.evaluate_every={_AT_THE_END}"])
    sweep = sweep.model_copy(update={"recipe": recipe})
    plan = sweep.model_dump(mode="json", exclude={"folder"}, exclude_none=True)
    fixed = canonical_json({key: value for key, value in plan.items() if key != "trials"})
    name = f"{run_name(recipe, sweep.model)}-{hashlib.sha256(fixed.encode()).hexdigest()[:8]}"
    sweep = sweep.model_copy(update={"folder": sweep.folder / "sweeps" / name})
    make_folder(sweep.folder)
    publish_text(sweep.folder / _PLAN, canonical_json(plan, indent=2) + "\n", overwrite=True)
    return sweep


def open_sweep(folder: Path) -> Sweep:
    """Return the sweep in a folder.

    Raises:
        UsageError: There is no sweep.
        InvalidInput: Its plan is broken.
    """
    path = folder / _PLAN
    if not path.is_file():
        raise UsageError(f"A sweep's folder has a {_PLAN}. Received: {quote(folder)}.")
    plan = parse_object(read_bytes(path, limit=_MAX_PLAN_BYTES), quote(path))
    plan |= {"folder": folder}
    return validate_keywords(Sweep, plan, where=quote(path), error=InvalidInput)


def _check(sweep: Sweep) -> None:
    """Refuse what no run could be trained with, before any is."""
    if not sweep.seeds or len(set(sweep.seeds)) < len(sweep.seeds):
        raise UsageError(f"Seeds must be different. Received: {sweep.seeds}.")
    axes = sweep.axes
    if not axes or len(axes) < len(sweep.over) or {"seed", "training.seed"} & axes.keys():
        raise UsageError(
            "A sweep goes over keys, each of them once; seeds have --seeds for themselves. "
            f"Received: {', '.join(map(quote, sweep.over)) or 'none'}.",
            hint="For example: --over batch=32,64 --seeds 0-4",
        )
    if sweep.trials is None and any(isinstance(one, Range) for one in axes.values()):
        raise UsageError(
            "A range has no last value. Expected: --trials N as well. Received: none.",
            hint="Or list the values: --over KEY=a,b,c",
        )
    for values in sweep.grid():
        check_recipe_plugins(sweep.run_recipe(values, sweep.seeds[0]))
