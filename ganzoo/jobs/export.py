"""Weights out of a run, as safetensors that any backend can load."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.catalog.runs import Run
from ganzoo.errors import UsageError
from ganzoo.files import checkpoints, safetensors
from ganzoo.jobs.weights import STATE, generator_of


def export(
    run: str | Path,
    out: Path,
    *,
    everything: bool = False,
    raw: bool = False,
    overwrite: bool = False,
) -> Path:
    """Write the weights of a run's newest checkpoint. Needs no framework.

    Args:
        run: A run's folder or its number.
        out: The file to write.
        everything: The whole state, both players, optimizers and average, instead of the
            averaged generator.
        raw: The generator's own weights instead of their average.
        overwrite: Whether a file that is there may be replaced.

    Returns:
        `out`. The same state gives the same bytes.
    """
    arrays, metadata = weights_of(Run.open(run), everything=everything, raw=raw)
    safetensors.save(Path(out), arrays, metadata, overwrite=overwrite)
    return Path(out)


def weights_of(
    run: Run, *, everything: bool = False, raw: bool = False
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a run's newest checkpoint, and what is to be said of them.

    Args:
        run: A run.
        everything: The whole state instead of the averaged generator.
        raw: The generator's own weights instead of their average.
    """
    newest = checkpoints.newest(run.checkpoints, report=warnings.warn)
    if newest is None and run.weights_path.is_file() and not (everything or raw):
        return safetensors.load(run.weights_path), safetensors.metadata(run.weights_path)
    if newest is None:
        raise UsageError(
            f"The run {run.path} has no checkpoint yet.",
            hint=f"Go on with it: ganzoo resume {run.path}",
        )
    content = newest.read(STATE)
    arrays, metadata = safetensors.load(content), safetensors.metadata(content)
    if not everything:
        arrays, metadata["weights"] = generator_of(arrays, raw=raw)
    return arrays, metadata
