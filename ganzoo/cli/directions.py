"""`ganzoo directions`: what a step in latent space changes most."""

from typing import Annotated

import typer

from ganzoo.cli.support import options, sample_options
from ganzoo.cli.support.printing import format_columns, print_data, print_json
from ganzoo.cli.support.quiet import silence_frameworks

Count = Annotated[int, typer.Option("-n", metavar="N", min=1, max=64, help="The most directions.")]
Method = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="sefa (from the weights), pca (from samples) or classes (toward each class that the"
        " features know).  [default: sefa where the first layer is linear, else pca]",
    ),
]
Space = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="z or, of a style-based model, w.  [default: w]"),
]
Features = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Features that rank them.  [default: the data set's own, else pixels]"
    ),
]


def directions(
    source: options.Source,
    n: Count = 8,
    method: Method = None,
    space: Space = None,
    features: Features = None,
    seeds: sample_options.Seeds = "0,1",
    labels: sample_options.Labels = None,
    raw: options.Raw = False,
    out: sample_options.Folder = None,
    backend: options.Backend = None,
    allow_plugin_mismatch: options.AllowPluginMismatch = False,
    as_json: options.Json = False,
) -> None:
    """Find directions in latent space: what can be changed?

    Writes directions.safetensors for `edit`, and a contact sheet with samples moved along each;
    into the run's folder, from where `push` publishes them with the model, or else a new one. The
    first one changes most: the distance of a step in features is printed.
    """
    shown = options.parse_integers("--seeds", seeds)
    classes = options.parse_classes("--labels", labels)
    silence_frameworks()
    from ganzoo.cli.support.reporters import report_events
    from ganzoo.jobs.latents.directions import directions as job

    with report_events() as events:
        found = job(
            source,
            count=n,
            method=method,
            space=space,
            features=features,
            seeds=shown or (),
            labels=classes,
            raw=raw,
            out=out,
            backend=backend,
            allow_plugin_mismatch=allow_plugin_mismatch,
            events=events,
        )
    if as_json:
        print_json(found)
        return
    rows = [(one["name"], f"{one['effect']:.4g}") for one in found["directions"]]
    print_data(f"{found['folder']}\n{format_columns(rows)}")
