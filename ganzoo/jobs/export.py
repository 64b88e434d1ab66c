"""Weights out of a run, as safetensors that any backend can load."""

import warnings
from pathlib import Path

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
    opened = Run.open(run)
    newest = checkpoints.newest(opened.checkpoints, report=warnings.warn)
    if newest is None:
        raise UsageError(
            f"The run {opened.path} has no checkpoint yet.",
            hint=f"Go on with it: ganzoo resume {opened.path}",
        )
    content = newest.read(STATE)
    arrays, metadata = safetensors.load(content), safetensors.metadata(content)
    if not everything:
        arrays, metadata["weights"] = generator_of(arrays, raw=raw)
    safetensors.save(Path(out), arrays, metadata, overwrite=overwrite)
    return Path(out)
