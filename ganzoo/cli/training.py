"""`ganzoo train` and `resume`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ganzoo.backend import select
from ganzoo.cli import noise
from ganzoo.cli.options import AllowPluginMismatch, Backend, Data, Json, Settings, at_most_one
from ganzoo.cli.output import columns, emit, emit_json, fields, readable
from ganzoo.cli.progress import reporter

Model = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A model (name, name@2, hf://org/repo), or a recipe.toml."),
]
EvaluateEvery = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=0, help="Judge every N steps, and keep the best checkpoint; 0: never."
    ),
]
Features = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Who looks at the images then.  [default: the data set's own]"
    ),
]
Run = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or its number in runs/.")]


def train(
    context: typer.Context,
    name: Model,
    settings: Settings = None,
    data: Data = None,
    images: Annotated[
        int | None, typer.Option(metavar="N", help="How long: images shown to the discriminator.")
    ] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", help="How long: steps.")] = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", help="How long: passes over the data.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option(metavar="N", help="Real images per discriminator update.")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="The seed of everything.")] = None,
    precision: Annotated[
        str | None, typer.Option(metavar="NAME", help="float32, mixed_float16, mixed_bfloat16.")
    ] = None,
    evaluate_every: EvaluateEvery = None,
    features: Features = None,
    run: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The run's own, new, unnumbered folder.")
    ] = None,
    runs: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where runs are numbered.  [default: runs]"),
    ] = None,
    backend: Backend = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Build, print shapes, parameters, memory and steps; stop. Downloads nothing.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Train a model, or a recipe of your own, into a new run folder."""
    at_most_one(images=images, steps=steps, epochs=epochs)
    at_most_one(run=run, runs=runs)
    from ganzoo.catalog.runs import RUNS
    from ganzoo.cli.recipes import recipe_for

    asked = recipe_for(
        name,
        settings=settings or [],
        flags={
            "dataset.data": data,
            "training.images": images,
            "training.steps": steps,
            "training.epochs": epochs,
            "training.batch": batch,
            "training.seed": seed,
            "training.precision": precision,
            "training.evaluate_every": evaluate_every,
            "training.evaluate_features": features,
        },
    )
    select.choose(backend)  # before any data is read or fetched
    noise.quieten()
    if dry_run:
        from ganzoo.jobs.training.plan import plan

        found = plan(asked.recipe, backend=backend)
        if as_json:
            emit_json(found)
        else:
            emit(_plan(found))
        return
    from ganzoo.jobs.training.train import train as job

    with reporter(as_json=as_json) as events:
        done = job(
            asked.recipe,
            model=asked.model,
            run=run,
            runs=runs or RUNS,
            backend=backend,
            argv=["ganzoo", *context.obj],
            events=events,
        )
    _show_run(done, as_json=as_json)


def resume(
    context: typer.Context,
    run: Run,
    settings: Settings = None,
    data: Data = None,
    evaluate_every: EvaluateEvery = None,
    features: Features = None,
    allow_plugin_mismatch: AllowPluginMismatch = False,
    as_json: Json = False,
) -> None:
    """Go on with a run, exactly as if it had not stopped.

    It starts from the newest checkpoint that is whole, on the run's own backend. Ctrl-C saves
    one; after a crash the steps since the newest are played again. Only keys that move no
    weight can be set: how long it lasts (steps, images, epochs), and how often it logs,
    samples, saves and judges (log_every, sample_every, checkpoint_every, evaluate_every).
    """
    from ganzoo.cli.recipes import flag_settings

    flags = {
        "dataset.data": data,
        "training.evaluate_every": evaluate_every,
        "training.evaluate_features": features,
    }
    changes = [*(settings or []), *flag_settings(settings or [], flags)]
    noise.quieten()
    from ganzoo.jobs.training.train import resume as job

    with reporter(as_json=as_json) as events:
        done = job(
            run,
            settings=changes,
            allow_plugin_mismatch=allow_plugin_mismatch,
            argv=["ganzoo", *context.obj],
            events=events,
        )
    _show_run(done, as_json=as_json)


def _plan(found: dict[str, Any]) -> str:
    """What a dry run found: facts, then a table of layers for each network."""
    memory = {part: f"{size / 2**20:,.1f} MiB" for part, size in found["memory"].items()}
    facts = {key: value for key, value in found.items() if key != "layers"}
    blocks = [fields(facts | {"memory": memory})]
    for network, layers in found["layers"].items():
        rows = [
            (
                layer["name"],
                layer["kind"],
                readable(layer["shape"], by=" x "),
                readable(layer["parameters"]),
            )
            for layer in layers
        ]
        blocks.append(f"{network}\n{columns(rows)}")
    return "\n\n".join(blocks)


def _show_run(run: Any, *, as_json: bool) -> None:
    """Says where the results are; as JSON the last event has said so."""
    if as_json:
        return
    places = {
        "run": run.path,
        "report": run.report_path,
        "samples": run.samples,
        "weights": run.weights_path,
    }
    emit(fields(places))
