"""`ganzoo sample` and `export`: what comes out of a model or a run."""

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli import noise
from ganzoo.cli.options import (
    AllowNonfinite,
    AllowPluginMismatch,
    Backend,
    Json,
    Overwrite,
    at_most_one,
    class_list,
    whole_numbers,
)
from ganzoo.cli.output import emit, emit_json
from ganzoo.errors import UsageError

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A model (name, name@2, name@best, hf://org/repo), a run folder, its number (7,"
        " 7@best), or a .safetensors file.",
    ),
]
Raw = Annotated[bool, typer.Option("--raw", help="The generator itself instead of its average.")]


def sample(
    source: Source,
    n: Annotated[
        int | None, typer.Option("-n", metavar="N", help="Samples.  [default: 16]")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="The seed of all samples.  [default: 0]")
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="LIST", help="One sample for each seed: 1,2,5-9.")
    ] = None,
    interpolate: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Samples on the way from one seed's to another's."),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Classes, for a model that has any, by number or by name: 0-4,cat.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Pictures, for a model that translates some: a folder, a zip archive or one.",
        ),
    ] = None,
    truncation: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Less variety: latents cut off at X standard deviations (0.5 to 2); in a model of"
            " styles, X times as far from the average style (0 to 1).",
        ),
    ] = None,
    raw: Raw = False,
    separate: Annotated[
        bool, typer.Option("--separate", help="One file per sample instead of one of all.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="PATH", help="The file, or with --separate the folder.")
    ] = None,
    overwrite: Overwrite = False,
    backend: Backend = None,
    allow_plugin_mismatch: AllowPluginMismatch = False,
    allow_nonfinite: AllowNonfinite = False,
    as_json: Json = False,
) -> None:
    """Draw samples from a model, a run or a weights file.

    Images become a PNG, sounds a WAV and a PNG of their waves, videos a GIF. The same seed draws
    the same samples on every backend.
    """
    at_most_one(seed=seed, seeds=seeds, interpolate=interpolate)
    at_most_one(n=n, seeds=seeds)
    if n is not None and not 1 <= n <= 100_000:
        raise UsageError(f"-n must be from 1 to 100000. Received: {n}.")
    if seed is not None and not 0 <= seed < 2**31:
        raise UsageError(f"--seed must be from 0 to {2**31 - 1}. Received: {seed}.")
    if truncation is not None and not 0 <= truncation < 100:
        raise UsageError(f"--truncation must be from 0 to below 100. Received: {truncation}.")
    ends = whole_numbers("--interpolate", interpolate)
    if ends is not None and len(ends) != 2:
        raise UsageError(f"--interpolate takes two seeds, such as 3,9. Received: {interpolate!r}.")
    each = whole_numbers("--seeds", seeds)
    classes = class_list("--labels", labels)
    noise.quieten()
    from ganzoo.jobs.models.sample import sample as job

    written = job(
        source,
        n=16 if n is None else n,
        seed=seed or 0,
        seeds=each,
        interpolate=tuple(ends) if ends else None,
        labels=classes,
        data=data,
        truncation=truncation,
        raw=raw,
        separate=separate,
        out=out,
        overwrite=overwrite,
        backend=backend,
        allow_plugin_mismatch=allow_plugin_mismatch,
        allow_nonfinite=allow_nonfinite,
    )
    _show(written, as_json=as_json)


def export(
    source: Source,
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="What to write: a file that ends in .safetensors, .keras, .onnx or .pt2"
            " (torch.export), or a folder for a TensorFlow SavedModel.",
        ),
    ],
    everything: Annotated[
        bool, typer.Option("--all", help="Every array of the run's newest checkpoint.")
    ] = False,
    raw: Raw = False,
    overwrite: Overwrite = False,
    backend: Backend = None,
    allow_plugin_mismatch: AllowPluginMismatch = False,
    as_json: Json = False,
) -> None:
    """Write weights as safetensors, or a generator in another framework's format.

    By default the averaged generator alone, which is what `sample` needs.
    """
    at_most_one(all=everything, raw=raw)
    if out.suffix == ".safetensors":
        from ganzoo.jobs.models.export import export as job

        written = job(source, out, everything=everything, raw=raw, overwrite=overwrite)
    elif everything:
        raise UsageError(f"--all writes a .safetensors file. Received: {out}.")
    else:
        noise.quieten()
        from ganzoo.jobs.models.formats import write

        written = write(
            source,
            out,
            raw=raw,
            overwrite=overwrite,
            backend=backend,
            allow_plugin_mismatch=allow_plugin_mismatch,
        )
    _show([written], as_json=as_json)


def _show(paths: list[Path], *, as_json: bool) -> None:
    if as_json:
        emit_json({"files": paths})
    else:
        emit("\n".join(str(path) for path in paths))
