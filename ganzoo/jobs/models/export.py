"""Export of weights as safetensors, which any backend can load."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.catalog import run_manifest
from ganzoo.catalog.runs import Run, best_checkpoint, no_checkpoint
from ganzoo.errors import UsageError
from ganzoo.files import safetensors
from ganzoo.jobs.models.find import find_source
from ganzoo.jobs.models.weights import STATE, check_finite, generator_arrays


def export(
    source: str | os.PathLike,
    out: Path,
    *,
    everything: bool = False,
    raw: bool = False,
    overwrite: bool = False,
) -> Path:
    """Write the weights of a model, a run or a weights file. No framework is needed.

    Args:
        source: A name or path, see `ganzoo.jobs.models.find.resolve_source`; the newest weights
            of a run.
        out: The file to write.
        everything: Write the whole state (both networks, optimizers, average) instead of the
            averaged generator, if the source has it.
        raw: Write the generator's own weights instead of their average.
        overwrite: Replace a file that is there.

    Returns:
        `out`. The same weights give the same bytes, wherever they lie.

    Raises:
        UsageError: There is no such source, or not those weights in it.
        InvalidInput: A weight is not finite, also one that would not be written.
    """
    found = find_source(source, raw=raw or everything)
    arrays, metadata = safetensors.load(found.content), safetensors.metadata(found.content)
    check_finite(arrays, found.where, "written")
    if everything and "weights" in metadata:
        raise UsageError(
            f"{found.where} holds the generator alone, not the whole state.",
            hint="Take the run itself, or a model that was pushed with --all.",
        )
    if not everything and "weights" not in metadata:
        arrays, metadata["weights"] = generator_arrays(arrays, raw=raw)
    safetensors.save(Path(out), arrays, metadata, overwrite=overwrite)
    return Path(out)


def run_weights(
    run: Run,
    *,
    everything: bool = False,
    raw: bool = False,
    best: bool = False,
    report: Callable[[str], None] = warnings.warn,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays of a run's newest checkpoint, and their metadata.

    Args:
        run: The run.
        everything: Return the whole state instead of the averaged generator.
        raw: Return the generator's own weights instead of their average.
        best: Take the best checkpoint instead of the newest.
        report: Called with a sentence for each newer checkpoint that is broken.

    Raises:
        InvalidInput: Anything in the checkpoint is not finite.
    """
    newest = best_checkpoint(run, report) if best else run.newest_checkpoint(report)
    if newest is None and run.weights_path.is_file() and not (everything or raw):
        run_manifest.check_file(run.path, run.weights_path.name)
        arrays = safetensors.load(run.weights_path)
        check_finite(arrays, run.weights_path, "published")
        return arrays, safetensors.metadata(run.weights_path)
    if newest is None:
        raise no_checkpoint(run)
    content = newest.read(STATE)
    arrays, metadata = safetensors.load(content), safetensors.metadata(content)
    check_finite(arrays, newest.path, "published")
    if not everything:
        arrays, metadata["weights"] = generator_arrays(arrays, raw=raw)
    return arrays, metadata
