"""`ganzoo mix`: a grid of mixtures of samples."""

from typing import Annotated

import typer

from ganzoo.cli.support import options, sample_options
from ganzoo.cli.support.printing import print_files
from ganzoo.cli.support.quiet import silence_frameworks

Rows = Annotated[str, typer.Option(metavar="LIST", help="Seeds that begin the rows: 0,1,5-9.")]
Columns = Annotated[str, typer.Option(metavar="LIST", help="Seeds that head the columns.")]
Layers = Annotated[
    str | None,
    typer.Option(
        metavar="LIST",
        help="Layers of a style-based model that take the styles of the columns.  [default: the"
        " second half]",
    ),
]
Share = Annotated[
    float | None,
    typer.Option(
        metavar="X", min=0, max=1, callback=options.require_number,
        help="Draw what is so far on the way from row to column instead; in models without styles"
        " always.  [default: 0.5]",
    ),
]  # fmt: skip


def mix(
    source: options.Source,
    rows: Rows = "0-3",
    columns: Columns = "4-7",
    layers: Layers = None,
    share: Share = None,
    labels: sample_options.Labels = None,
    truncation: options.Truncation = None,
    raw: options.Raw = False,
    out: sample_options.Image = None,
    overwrite: options.Overwrite = False,
    backend: options.Backend = None,
    allow_plugin_mismatch: options.AllowPluginMismatch = False,
    as_json: options.Json = False,
) -> None:
    """Draw a grid of mixtures of samples.

    Of a style-based model, coarse styles of the row and fine ones of the column. Labels are
    those of the rows, then of the columns.
    """
    options.require_mutually_exclusive(layers=layers, share=share)
    first, last = (
        options.parse_integers("--rows", rows),
        options.parse_integers("--columns", columns),
    )
    mixed = options.parse_integers("--layers", layers)
    classes = options.parse_classes("--labels", labels)
    silence_frameworks()
    from ganzoo.jobs.latents.mix import mix as job

    written = job(
        source,
        rows=first or (),
        columns=last or (),
        layers=mixed,
        share=share,
        labels=classes,
        truncation=truncation,
        raw=raw,
        out=out,
        overwrite=overwrite,
        backend=backend,
        allow_plugin_mismatch=allow_plugin_mismatch,
    )
    print_files([written], as_json=as_json)
