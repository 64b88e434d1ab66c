"""Training a recipe into a new run folder."""

import os
from collections.abc import Sequence
from pathlib import Path

from ganzoo.catalog.recipe.overrides import with_data_from
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.run_manifest import FILES
from ganzoo.catalog.runs import RUNS, Run
from ganzoo.data.dataset import Dataset
from ganzoo.data.progress import reporting
from ganzoo.files.manifests import listing
from ganzoo.files.publish import publish
from ganzoo.jobs.devices.joining import alone, joined_devices, silent
from ganzoo.jobs.devices.surroundings import find_process
from ganzoo.jobs.loggers import logging_to
from ganzoo.jobs.models import environment
from ganzoo.jobs.models.build import build_gan
from ganzoo.jobs.models.open_dataset import open_recipe_dataset
from ganzoo.jobs.models.start import find_start, take_start
from ganzoo.jobs.monitoring.saving import check_space, checkpoint_size
from ganzoo.jobs.precision import decide_precision
from ganzoo.jobs.training import provenance
from ganzoo.jobs.training.evaluation import PeriodicEvaluation
from ganzoo.jobs.training.loop import run_session
from ganzoo.jobs.training.run_card import run_card
from ganzoo.jobs.training.session import Events, Session
from ganzoo.jobs.training.signals import Stop


def train(
    recipe: Recipe,
    *,
    model: str | None = None,
    run: Path | None = None,
    runs: Path = RUNS,
    backend: str | None = None,
    argv: Sequence[str] = (),
    log_to: Sequence[str] = (),
    events: Events = lambda event: None,
    source: str | os.PathLike | int | None = None,
    devices: int | str | None = None,
    dataset: Dataset | None = None,
    command: Sequence[str] = (),
) -> Run:
    """Train a recipe into a new run folder.

    Args:
        recipe: The recipe.
        model: The model's name in a registry, if it has one.
        run: The run's own folder, new or empty; by default the next number in `runs`.
        runs: The folder in which runs are numbered.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.
        argv: The command line, for the manifest.
        log_to: Loggers that are given the events, too; see
            `ganzoo.jobs.loggers.logging_to`.
        events: Function called with each event, as it happens.
        source: A model to start from, whose weights are taken where they fit; see
            `ganzoo.jobs.models.start`.
        devices: How many devices share each step; `"all"` of this host; None is one.
        dataset: The data set; by default the recipe's.
        command: Arguments of `ganzoo` by which another process makes the same training; by
            default those of `argv`.

    Returns:
        The run.

    Raises:
        Diverged: A loss or a weight is no longer finite.
        Interrupted: A signal asked to stop; the state is saved.
    """
    # long: the beginning of a training, in its order
    backend = environment.prepare_environment(backend)
    process = find_process(devices, backend)
    if process.rank:
        events, log_to = silent, ()
    elif run is not None and os.path.lexists(run):
        Run.create_at(run)  # refused before anything takes long
    start = None if source is None else find_start(source)
    recipe = with_data_from(recipe, Path.cwd())
    with (
        logging_to(log_to, events) as events,
        Stop() as stop,
        joined_devices(process, backend, recipe, command or argv[1:]) as group,
    ):
        with reporting(stop.interrupting(events)):
            dataset = open_recipe_dataset(recipe) if dataset is None else dataset
        stop.hold()
        recipe, decision = decide_precision(recipe, dataset, group.devices)
        gan = build_gan(recipe, dataset)
        taken = {} if start is None else take_start(gan, start, dataset)
        with reporting(stop.interrupting(events)):
            evaluation = PeriodicEvaluation(alone(recipe, group), gan, dataset)
        stop.check()
        parts = {"gan": gan, "recipe": recipe, "dataset": dataset, "evaluation": evaluation}
        parts |= {"events": events, "stop": stop, "group": group}
        if group.rank:
            opened = Run(Path(group.share("")))
            run_session(Session(run=opened, **parts))
            return opened
        with reporting(stop.interrupting(events)):
            items = provenance.item_digests(dataset)
        check_space(Path(run or runs), checkpoint_size(gan), 2)
        name = provenance.run_name(recipe, model)
        opened = Run.create_at(run) if run is not None else Run.create(Path(runs), name)
        with opened.lock():
            manifest = provenance.run_manifest(gan, recipe, dataset, model, argv, group.devices)
            if start is not None:
                manifest["start"] = start.record(taken)
                events({"event": "start_from", **manifest["start"], "weights": taken})
            texts = {
                "card.toml": run_card(recipe, manifest, name).toml().encode(),
                provenance.ITEMS: items,
                "recipe.toml": recipe.toml().encode(),  # last: it makes the folder a run
            }
            manifest |= {FILES: listing(texts)} | evaluation.manifest() | decision
            provenance.write_manifest(opened, manifest)
            for file, text in texts.items():
                publish(opened.path / file, text)
            group.share(str(opened.path))
            run_session(Session(run=opened, **parts))
    return opened
