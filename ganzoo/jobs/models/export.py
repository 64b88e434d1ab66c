"""Weights out of a run, a model or a file, as safetensors that any backend can load."""

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.catalog.runs import Run
from ganzoo.errors import UsageError
from ganzoo.files import checkpoints, safetensors
from ganzoo.jobs.best import best_of
from ganzoo.jobs.models import load
from ganzoo.jobs.models.weights import STATE, check_finite, generator_of


def export(
    source: str | os.PathLike,
    out: Path,
    *,
    everything: bool = False,
    raw: bool = False,
    overwrite: bool = False,
) -> Path:
    """Write the weights of a model, a run or a weights file. Needs no framework.

    Args:
        source: As of `load.find`; of a run, its newest weights.
        out: The file to write.
        everything: The whole state, both players, optimizers and average, instead of the
            averaged generator; where it is there.
        raw: The generator's own weights instead of their average.
        overwrite: Whether a file that is there may be replaced.

    Returns:
        `out`. The same weights give the same bytes, wherever they lie.

    Raises:
        UsageError: There is no such source, or not those weights in it.
        InvalidInput: A weight is not finite, also one that would not be written.
    """
    found = load.find(source, raw=raw or everything)
    arrays, metadata = safetensors.load(found.content), safetensors.metadata(found.content)
    check_finite(arrays, found.where, "written")
    if everything and "weights" in metadata:
        raise UsageError(
            f"{found.where} holds the generator alone, not the whole state.",
            hint="Take the run itself, or a model that was pushed with --all.",
        )
    if not everything and "weights" not in metadata:
        arrays, metadata["weights"] = generator_of(arrays, raw=raw)
    safetensors.save(Path(out), arrays, metadata, overwrite=overwrite)
    return Path(out)


def weights_of(
    run: Run, *, everything: bool = False, raw: bool = False, best: bool = False
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a run's newest checkpoint, and what is to be said of them.

    Args:
        run: A run.
        everything: The whole state instead of the averaged generator.
        raw: The generator's own weights instead of their average.
        best: Those of the best checkpoint instead.

    Raises:
        InvalidInput: Anything in the checkpoint is not finite.
    """
    newest = best_of(run) if best else checkpoints.newest(run.checkpoints, report=warnings.warn)
    if newest is None and run.weights_path.is_file() and not (everything or raw):
        arrays = safetensors.load(run.weights_path)
        check_finite(arrays, run.weights_path, "published")
        return arrays, safetensors.metadata(run.weights_path)
    if newest is None:
        raise UsageError(
            f"The run {run.path} has no checkpoint yet.",
            hint=f"Go on with it: ganzoo resume {run.path}",
        )
    content = newest.read(STATE)
    arrays, metadata = safetensors.load(content), safetensors.metadata(content)
    check_finite(arrays, newest.path, "published")
    if not everything:
        arrays, metadata["weights"] = generator_of(arrays, raw=raw)
    return arrays, metadata
