"""`ganzoo project`: the latents of given images."""

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.support import options, sample_options
from ganzoo.cli.support.printing import print_data, print_json, print_note
from ganzoo.cli.support.quiet import silence_frameworks

Images = Annotated[
    Path, typer.Argument(metavar="IMAGES", help="A folder, a zip archive or one image.")
]
Count = Annotated[int, typer.Option("-n", metavar="N", min=1, max=10_000, help="The most images.")]
Space = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Space to search: z; of a style-based model also w, a style for all layers, or w+,"
        " one for each.  [default: w where there is one]",
    ),
]
Steps = Annotated[
    int, typer.Option(metavar="N", min=1, max=100_000, help="Steps of gradient descent.")
]
Starts = Annotated[
    int, typer.Option(metavar="N", min=1, max=1024, help="Random starts of each search.")
]
FeatureWeight = Annotated[
    float,
    typer.Option(
        metavar="X", min=0, max=1000, callback=options.require_number,
        help="Weight of the distance in features of the data set, where it has some; pixels: 1.",
    ),
]  # fmt: skip


def project(
    source: options.Source,
    images: Images,
    n: Count = 64,
    space: Space = None,
    steps: Steps = 400,
    starts: Starts = 16,
    seed: sample_options.Seed = 0,
    labels: sample_options.Labels = None,
    feature_weight: FeatureWeight = 0.1,
    raw: options.Raw = False,
    out: sample_options.Folder = None,
    backend: options.Backend = None,
    allow_plugin_mismatch: options.AllowPluginMismatch = False,
    as_json: options.Json = False,
) -> None:
    """Find latents of images: what does the generator know of them?

    Writes a folder: the images beside what the generator makes of them, the error of each as a
    share of the variance of samples, and latents.safetensors for `sample --latents`.
    """
    classes = options.parse_classes("--labels", labels)
    silence_frameworks()
    from ganzoo.cli.support.reporters import report_events
    from ganzoo.jobs.latents.project import project as job

    with report_events() as events:
        done = job(
            source,
            images,
            n=n,
            space=space,
            steps=steps,
            starts=starts,
            seed=seed,
            labels=classes,
            feature_weight=feature_weight,
            raw=raw,
            out=out,
            backend=backend,
            allow_plugin_mismatch=allow_plugin_mismatch,
            events=events,
        )
    if as_json:
        print_json(done)
        return
    errors = sorted(one["error"] for one in done["images"])
    print_data(done["folder"])
    print_note(
        f"error of {len(errors)} images: median {errors[len(errors) // 2]:.3g} of the variance"
    )
