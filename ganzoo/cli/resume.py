"""`ganzoo resume`: the continuation of a run."""

from typing import Annotated

import typer

from ganzoo.cli.support import options
from ganzoo.cli.support.printing import print_run
from ganzoo.cli.support.quiet import silence_frameworks
from ganzoo.cli.support.reporters import report_events

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or its number in runs/.")]
AllowDataChange = Annotated[
    bool,
    typer.Option(
        "--allow-data-change", help="Go on with other data of the same shape and classes."
    ),
]
Convert = Annotated[
    str | None,
    typer.Option(metavar="BACKEND", help="Go on with another backend: jax, torch or tensorflow."),
]
Devices = Annotated[
    str | None,
    typer.Option(
        metavar="N",
        help="Devices that share each step: a number, or all of this host.  [default: as before]",
    ),
]


def resume(
    context: typer.Context,
    run: Run,
    settings: options.Settings = None,
    data: options.Data = None,
    evaluate_every: options.EvaluateEvery = None,
    features: options.EvaluateFeatures = None,
    log_to: options.LogTo = None,
    devices: Devices = None,
    convert: Convert = None,
    allow_data_change: AllowDataChange = False,
    allow_plugin_mismatch: options.AllowPluginMismatch = False,
    as_json: options.Json = False,
) -> None:
    """Continue a run, exactly as if it had not stopped.

    Training starts from the newest intact checkpoint, on the run's own backend. Ctrl-C saves
    one; after a crash the steps since the newest are trained again. Only keys that change no
    weight can be set: the length (steps, images, epochs), how often the run is logged, sampled,
    saved and evaluated (log_every, sample_every, checkpoint_every, evaluate_every), with how many
    samples (evaluate_samples), how many checkpoints stay (keep_checkpoints), and how often it
    rolls back when it diverges (rollback).
    """
    from ganzoo.cli.support.recipe_arguments import combined_settings

    keys = {
        "dataset.data": data,
        "training.evaluate_every": evaluate_every,
        "training.evaluate_features": features,
    }
    changes = combined_settings(settings, keys)
    silence_frameworks()
    from ganzoo.jobs.devices.surroundings import parse_devices, writes_run
    from ganzoo.jobs.training.resume import resume as job

    number = parse_devices(devices)
    with report_events(as_json=as_json) as events:
        finished = job(
            run,
            settings=changes,
            allow_plugin_mismatch=allow_plugin_mismatch,
            allow_data_change=allow_data_change,
            convert=convert,
            argv=["ganzoo", *context.obj],
            log_to=log_to or (),
            events=events,
            devices=number,
        )
    if not as_json and writes_run(number):  # its last event names the same files
        print_run(finished)
