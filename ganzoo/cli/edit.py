"""`ganzoo edit`: samples moved along directions."""

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.support import options, sample_options
from ganzoo.cli.support.printing import print_files
from ganzoo.cli.support.quiet import silence_frameworks

Along = Annotated[
    str,
    typer.Option(metavar="LIST", help="Directions, by number or by name, classes too: 0,2,cat."),
]
Amounts = Annotated[
    str, typer.Option(metavar="LIST", help="How far, in standard deviations: -2,0,2.")
]
DirectionsFile = Annotated[
    Path | None,
    typer.Option(
        "--directions",
        metavar="FILE",
        help="directions.safetensors.  [default: saved with the model, or found again]",
    ),
]
Latents = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Latents of `ganzoo project`, instead of seeds.")
]
Layers = Annotated[
    str | None,
    typer.Option(metavar="LIST", help="Layers of a style-based model that are moved: 4-7."),
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="PATH", help="The image; or a .safetensors file for `sample --latents`."),
]


def edit(
    source: options.Source,
    along: Along = "0",
    amounts: Amounts = "-3,-1.5,0,1.5,3",
    directions: DirectionsFile = None,
    seeds: sample_options.Seeds = "0-3",
    latents: Latents = None,
    labels: sample_options.Labels = None,
    layers: Layers = None,
    truncation: options.Truncation = None,
    raw: options.Raw = False,
    out: Out = None,
    overwrite: options.Overwrite = False,
    backend: options.Backend = None,
    allow_plugin_mismatch: options.AllowPluginMismatch = False,
    as_json: options.Json = False,
) -> None:
    """Move samples along directions.

    A row for each sample and direction, from left to right.
    """
    options.require_mutually_exclusive(latents=latents, labels=labels)
    options.require_mutually_exclusive(latents=latents, truncation=truncation)
    chosen = options.parse_classes("--along", along) or []
    far = options.parse_numbers("--amounts", amounts, minimum=-99.0)
    which = options.parse_integers("--seeds", seeds)
    moved = options.parse_integers("--layers", layers)
    classes = options.parse_classes("--labels", labels)
    silence_frameworks()
    from ganzoo.cli.support.reporters import report_events
    from ganzoo.jobs.latents.edit import edit as job

    with report_events() as events:
        written = job(
            source,
            along=[str(one) for one in chosen],
            amounts=far if isinstance(far, list) else [far or 0.0],
            directions=directions,
            seeds=which or (),
            latents=latents,
            labels=classes,
            layers=moved,
            truncation=truncation,
            raw=raw,
            out=out,
            overwrite=overwrite,
            backend=backend,
            allow_plugin_mismatch=allow_plugin_mismatch,
            events=events,
        )
    print_files([written], as_json=as_json)
