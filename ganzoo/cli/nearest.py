"""`ganzoo nearest`: samples beside the training images nearest to them."""

from typing import Annotated

import typer

from ganzoo.cli.support import options, sample_options
from ganzoo.cli.support.printing import print_data, print_json
from ganzoo.cli.support.quiet import silence_frameworks

Count = Annotated[int, typer.Option("-n", metavar="N", min=1, max=256, help="Samples: rows.")]
Neighbors = Annotated[
    int, typer.Option(metavar="N", min=1, max=64, help="Training images beside each sample.")
]
Features = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Features.  [default: the data set's own, else photo]"),
]


def nearest(
    source: options.Source,
    n: Count = 8,
    seed: sample_options.Seed = 0,
    neighbors: Neighbors = 5,
    features: Features = None,
    data: options.Data = None,
    truncation: options.Truncation = None,
    out: sample_options.Image = None,
    overwrite: options.Overwrite = False,
    backend: options.Backend = None,
    allow_plugin_mismatch: options.AllowPluginMismatch = False,
    as_json: options.Json = False,
) -> None:
    """Show samples beside the training images nearest to them.

    A row for each sample, the sample first, then its neighbors, the nearest first. Are they
    copies? `ganzoo evaluate --metrics memorization` counts.
    """
    from ganzoo.cli.support.recipe_arguments import absolute_path

    silence_frameworks()
    from ganzoo.cli.support.reporters import report_events
    from ganzoo.jobs.evaluation.nearest import nearest as job

    with report_events() as events:
        found = job(
            source,
            n=n,
            seed=seed,
            neighbors=neighbors,
            features=features,
            data=absolute_path(data),
            truncation=truncation,
            out=out,
            overwrite=overwrite,
            backend=backend,
            allow_plugin_mismatch=allow_plugin_mismatch,
            events=events,
        )
    if as_json:
        print_json(found)
    else:
        print_data(found["file"])
