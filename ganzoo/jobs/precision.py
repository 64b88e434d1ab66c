"""Precision `auto`: bfloat16 where it is faster on this machine, else float32."""

import statistics
from typing import Any

from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.data.dataset import Dataset
from ganzoo.errors import UsageError
from ganzoo.jobs.bench import Trainer
from ganzoo.jobs.models.build import build_gan
from ganzoo.jobs.models.environment import reason_for_float32

_PRECISIONS = ("float32", "mixed_bfloat16")
_GAIN = 0.9  # of the time of a step in float32: bfloat16 has fewer digits, and must pay for it
_ROUNDS = 3


def decide_precision(
    recipe: Recipe, dataset: Dataset, devices: int = 1
) -> tuple[Recipe, dict[str, Any]]:
    """Return the recipe with a precision in place of `auto`, and why, as a manifest keeps it.

    Args:
        recipe: The recipe; if its precision is not `auto`, it is returned as it is, with `{}`.
        dataset: A data set from `open_recipe_dataset`. The backend is chosen.
        devices: How many devices share each step.

    Raises:
        UsageError: It takes a measurement, and there are several devices.
    """
    if recipe.training.precision != "auto":
        return recipe, {}
    taken, record = _PRECISIONS[0], {"why": reason_for_float32()}
    if record["why"] is None:
        if devices > 1:  # each would measure for itself
            raise UsageError(
                f"Precision 'auto' measures on one device. Received: {devices} devices.",
                hint="Name one: --precision mixed_bfloat16",
            )
        seconds = {name: _step_seconds(_with(recipe, name), dataset) for name in _PRECISIONS}
        if seconds["mixed_bfloat16"] < _GAIN * seconds["float32"]:
            taken = "mixed_bfloat16"
        record = {"why": "measured", "step_seconds": seconds}
    return _with(recipe, taken), {"precision": {"requested": "auto", "taken": taken, **record}}


def _with(recipe: Recipe, precision: str) -> Recipe:
    return apply_settings(recipe, [f"training.precision={precision}"])


def _step_seconds(recipe: Recipe, dataset: Dataset) -> float:
    """Return the seconds of a step of a GAN that is trained for this alone."""
    trainer = Trainer(build_gan(recipe, dataset), recipe, dataset)
    steps = trainer.gan.steps_per_dispatch
    trainer.train(steps)  # compiles
    return statistics.median(trainer.train(steps)["wall"] / steps for _ in range(_ROUNDS))
