"""`ganzoo train`: a new run of a model or a recipe."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.backend import select
from ganzoo.cli.support import options
from ganzoo.cli.support.event_text import format_start_from
from ganzoo.cli.support.printing import (
    format_columns,
    format_fields,
    humanize,
    print_data,
    print_json,
    print_note,
    print_run,
)
from ganzoo.cli.support.quiet import silence_frameworks
from ganzoo.cli.support.reporters import report_events

Model = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        autocompletion=options.complete_model,
        show_default=False,
        help="A model (name, name@2, hf://org/repo), a recipe.toml, or an architecture and --data.",
    ),
]
Images = Annotated[
    int | None,
    typer.Option(metavar="N", help="Length in real images shown to the discriminator."),
]
Steps = Annotated[int | None, typer.Option(metavar="N", help="Length in steps.")]
Epochs = Annotated[int | None, typer.Option(metavar="N", help="Length in passes over the data.")]
Batch = Annotated[
    int | None, typer.Option(metavar="N", help="Real images per discriminator update.")
]
Seed = Annotated[
    int | None, typer.Option(metavar="N", help="Seed of weights, data order and latents.")
]
Precision = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="float32, mixed_float16, mixed_bfloat16 or auto: the faster."
    ),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="SOURCE",
        help="A model, run or weights file, whose weights are taken where they fit.",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Print shapes, parameters, steps and the memory of two of them, and stop. "
        "Downloads nothing.",
    ),
]


def train(
    context: typer.Context,
    name: Model = None,
    settings: options.Settings = None,
    data: options.Data = None,
    images: Images = None,
    steps: Steps = None,
    epochs: Epochs = None,
    batch: Batch = None,
    seed: Seed = None,
    precision: Precision = None,
    source: From = None,
    evaluate_every: options.EvaluateEvery = None,
    features: options.EvaluateFeatures = None,
    log_to: options.LogTo = None,
    run: options.RunFolder = None,
    runs: options.RunsFolder = None,
    backend: options.Backend = None,
    devices: options.Devices = None,
    dry_run: DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Train a model, or a recipe of your own, into a new run folder.

    With --data alone, or with an architecture and --data, a recipe is proposed that suits the
    images in that folder or zip archive, and trained; with --data and --from it is that of the
    model to start from.
    """
    options.require_mutually_exclusive(images=images, steps=steps, epochs=epochs)
    options.require_mutually_exclusive(run=run, runs=runs)
    keys = {
        "dataset.data": data,
        "training.images": images,
        "training.steps": steps,
        "training.epochs": epochs,
        "training.batch": batch,
        "training.seed": seed,
        "training.precision": precision,
        "training.evaluate_every": evaluate_every,
        "training.evaluate_features": features,
    }
    resolved = _resolve(name, data, backend, source, settings=settings, options=keys)
    if dry_run:
        _print_plan(resolved.recipe, backend, source, as_json=as_json)
        return
    from ganzoo.catalog.runs import RUNS
    from ganzoo.jobs.devices.surroundings import parse_devices, writes_run
    from ganzoo.jobs.training.train import train as job

    number = parse_devices(devices)
    with report_events(as_json=as_json) as events:
        finished = job(
            resolved.recipe,
            model=resolved.model,
            run=run,
            runs=runs or RUNS,
            backend=backend,
            argv=["ganzoo", *context.obj],
            log_to=log_to or (),
            events=events,
            source=source,
            devices=number,
        )
    if not as_json and writes_run(number):  # its last event names the same files
        print_run(finished)


def _resolve(
    name: str | None, data: Path | None, backend: str | None, source: str | None, **changes: Any
) -> Any:
    """Return the recipe that is named, or else proposed for images, and choose the backend."""
    from ganzoo.cli.support.recipe_arguments import (
        images_to_propose_for,
        resolve_proposal,
        resolve_recipe,
    )

    images = images_to_propose_for(name, data)
    resolved = None if images else resolve_recipe(name or "", **changes)
    select.choose(backend)  # before any data is read or downloaded
    silence_frameworks()
    if images:
        resolved, reasons = resolve_proposal(
            name, images, backend=backend, source=source, **changes
        )
        print_note("\n".join(reasons))
    return resolved


def _print_plan(recipe: Any, backend: str | None, source: str | None, *, as_json: bool) -> None:
    """Print shapes, parameters and length of a training, and then the memory, which is measured."""
    from ganzoo.jobs.memory import measure_memory
    from ganzoo.jobs.training.plan import plan

    content = plan(recipe, backend=backend, source=source)
    if as_json:
        content["memory"] |= measure_memory(recipe, backend)
        print_json(content)
        return
    facts = {key: x for key, x in content.items() if key not in ("layers", "memory", "start")}
    blocks = [format_fields(facts)]
    if "start" in content:
        blocks.append(format_start_from(content["start"]))
    for network, layers in content["layers"].items():
        rows = [
            (
                layer["name"],
                layer["kind"],
                humanize(layer["shape"], separator=" x "),
                humanize(layer["parameters"]),
            )
            for layer in layers
        ]
        blocks.append(f"{network}\n{format_columns(rows)}")
    print_data("\n\n".join(blocks) + "\n")
    sizes = content["memory"] | measure_memory(recipe, backend)
    memory = {part: f"{size / 2**20:,.1f} MiB" for part, size in sizes.items()}
    print_data(format_fields({"memory": memory}))
