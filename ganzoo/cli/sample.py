"""`ganzoo sample`: samples of a model, a run or a weights file."""

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.support import options, sample_options
from ganzoo.cli.support.printing import print_files
from ganzoo.cli.support.quiet import silence_frameworks
from ganzoo.errors import UsageError

Count = Annotated[
    int | None,
    typer.Option("-n", metavar="N", min=1, max=100_000, help="Number of samples.  [default: 16]"),
]
Seed = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=0, max=options.MAX_SEED, help="Seed of all samples.  [default: 0]"
    ),
]
Seeds = Annotated[
    str | None, typer.Option(metavar="LIST", help="One sample for each seed: 1,2,5-9.")
]
Interpolate = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="Interpolate between the samples of two seeds."),
]
SourceImages = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="Images for a model of image translation: a folder, a zip archive or an image.",
    ),
]
Tile = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Translate images at their own size, in tiles of so many pixels; auto: with bounded"
        " memory; whole: without tiles.  [default: auto, for models that enlarge]",
    ),
]
Scale = Annotated[
    float | None,
    typer.Option(
        metavar="X", help="How many times as large images become.  [default: the model's own]"
    ),
]
SkipExisting = Annotated[
    bool,
    typer.Option(
        "--skip-existing",
        help="Of images to enlarge, pass over those whose file is there: to go on after an"
        " interruption.",
    ),
]
Latents = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Latents of `ganzoo project` or `edit`, instead of seeds and labels.",
    ),
]
Separate = Annotated[
    bool, typer.Option("--separate", help="Write one file per sample instead of one of all.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="The file, or with --separate the folder. Its ending decides the format: .png, .jpg,"
        " .webp, .gif (a frame for each sample), .wav; .npy and .tif keep all values of images.",
    ),
]


def sample(
    source: options.Source,
    n: Count = None,
    seed: Seed = None,
    seeds: Seeds = None,
    interpolate: Interpolate = None,
    labels: sample_options.Labels = None,
    data: SourceImages = None,
    tile: Tile = None,
    scale: Scale = None,
    latents: Latents = None,
    truncation: options.Truncations = None,
    raw: options.Raw = False,
    separate: Separate = False,
    out: Out = None,
    overwrite: options.Overwrite = False,
    skip_existing: SkipExisting = False,
    backend: options.Backend = None,
    allow_plugin_mismatch: options.AllowPluginMismatch = False,
    allow_nonfinite: options.AllowNonfinite = False,
    as_json: options.Json = False,
) -> None:
    """Generate samples from a model, a run or a weights file.

    Images become a PNG, sounds a WAV and a PNG of their waveforms, videos a GIF. The same seed
    gives the same samples on every backend. A model that enlarges images writes each as PNG under
    its own name: --data FOLDER --out FOLDER, or one image.
    """
    options.require_mutually_exclusive(
        seed=seed, seeds=seeds, interpolate=interpolate, latents=latents
    )
    options.require_mutually_exclusive(n=n, seeds=seeds, latents=latents)
    options.require_mutually_exclusive(overwrite=overwrite, skip_existing=skip_existing)
    for option in ({"labels": labels}, {"truncation": truncation}, {"data": data}):
        options.require_mutually_exclusive(latents=latents, **option)
    ends = options.parse_integers("--interpolate", interpolate)
    if ends is not None and len(ends) != 2:
        raise UsageError(f"--interpolate takes two seeds, such as 3,9. Received: {interpolate!r}.")
    classes = options.parse_classes("--labels", labels)
    silence_frameworks()
    from ganzoo.cli.support.reporters import report_events
    from ganzoo.jobs.models.sample import sample as job

    with report_events():
        files = job(
            source,
            n=n,
            seed=seed or 0,
            seeds=options.parse_integers("--seeds", seeds),
            interpolate=(ends[0], ends[1]) if ends else None,
            labels=classes,
            data=data,
            tile=tile,
            scale=scale,
            latents=latents,
            truncation=options.parse_numbers("--truncation", truncation),
            raw=raw,
            separate=separate,
            out=out,
            overwrite=overwrite,
            skip_existing=skip_existing,
            backend=backend,
            allow_plugin_mismatch=allow_plugin_mismatch,
            allow_nonfinite=allow_nonfinite,
        )
    print_files(files, as_json=as_json)
