"""The best checkpoint of a run: each later one says which, and rotation leaves it alone."""

import warnings
from typing import Any

from ganzoo.catalog.runs import Run
from ganzoo.errors import UsageError
from ganzoo.files import checkpoints
from ganzoo.files.checkpoints import Checkpoint

KEY = "best"  # in what a checkpoint says about itself


def recorded(checkpoint: Checkpoint | None) -> dict[str, Any] | None:
    """What a checkpoint says of the best so far: `metric`, `value`, `step`; None: nothing."""
    return None if checkpoint is None else checkpoint.about.get(KEY)


def best_of(run: Run) -> Checkpoint:
    """The checkpoint with the best score, verified.

    Raises:
        UsageError: The run was never evaluated while it was trained.
        InvalidInput: The checkpoint is broken.
    """
    newest = checkpoints.newest(run.checkpoints, report=warnings.warn)
    best = recorded(newest)
    if newest is None or best is None:
        raise UsageError(
            f"The run {run.path} has no best checkpoint: it was not evaluated while it was "
            "trained.",
            hint="Train with --evaluate-every N, or leave out @best.",
        )
    if newest.step == best["step"]:
        return newest
    return checkpoints.of_step(run.checkpoints, best["step"])
