"""`ganzoo walk`: an animation from one sample to the next."""

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.support import options, sample_options
from ganzoo.cli.support.printing import print_files
from ganzoo.cli.support.quiet import silence_frameworks

Seconds = Annotated[float, typer.Option(metavar="X", min=0.1, max=600, help="Length.")]
FPS = Annotated[float, typer.Option("--fps", metavar="X", min=1, max=50, help="Frames per second.")]
Size = Annotated[
    int,
    typer.Option(
        metavar="PIXELS", min=1, max=4096, help="Enlarge small images, to at most so many pixels."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH", help="The file; its ending decides: .gif, .webp, .png (APNG) or .mp4."
    ),
]


def walk(
    source: options.Source,
    seeds: sample_options.Seeds = "0-3",
    seconds: Seconds = 6.0,
    fps: FPS = 20.0,
    labels: sample_options.Labels = None,
    truncation: options.Truncation = None,
    size: Size = 256,
    raw: options.Raw = False,
    out: Out = None,
    overwrite: options.Overwrite = False,
    backend: options.Backend = None,
    allow_plugin_mismatch: options.AllowPluginMismatch = False,
    as_json: options.Json = False,
) -> None:
    """Write an animation from one sample to the next.

    It ends where it began, and goes on without a break. Labels are those at the seeds; on the way
    from one class to another, samples lie between the two. The same seeds give the same frames on
    every backend.
    """
    through = options.parse_integers("--seeds", seeds)
    classes = options.parse_classes("--labels", labels)
    silence_frameworks()
    from ganzoo.jobs.latents.walk import walk as job

    written = job(
        source,
        seeds=through or (),
        seconds=seconds,
        fps=fps,
        labels=classes,
        truncation=truncation,
        size=size,
        raw=raw,
        out=out,
        overwrite=overwrite,
        backend=backend,
        allow_plugin_mismatch=allow_plugin_mismatch,
    )
    print_files([written], as_json=as_json)
