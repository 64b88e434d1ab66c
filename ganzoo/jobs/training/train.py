"""Training: `fit`, with callbacks that look at the weights at the edges between dispatches."""

import contextlib
import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.recipe.overrides import apply_settings, with_data_from
from ganzoo.catalog.recipe.plugin_locks import check_plugin_locks
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.runs import Run
from ganzoo.data.feed import Feed
from ganzoo.data.progress import reporting
from ganzoo.errors import Diverged, GanzooError, Interrupted, InvalidInput, UsageError
from ganzoo.files import checkpoints, safetensors
from ganzoo.files.leftovers import reclaim
from ganzoo.files.publish import publish_text
from ganzoo.files.text import quote
from ganzoo.jobs.best import recorded
from ganzoo.jobs.models import environment
from ganzoo.jobs.models.build import build, dataset_for, length_of
from ganzoo.jobs.models.weights import STATE, assign
from ganzoo.jobs.training import provenance
from ganzoo.jobs.training.evaluation import Judge
from ganzoo.jobs.training.finish import conclude, finish
from ganzoo.jobs.training.signals import Stop

if TYPE_CHECKING:
    from ganzoo.data.dataset import Dataset
    from ganzoo.gan.gan import GAN

Events = Callable[[dict[str, Any]], None]

# What a resumed run may change: nothing of this moves a weight.
_FREE = {
    "training.steps", "training.images", "training.epochs", "training.log_every",
    "training.sample_every", "training.checkpoint_every", "training.keep_checkpoints",
    "training.evaluate_every", "training.evaluate_samples", "training.evaluate_features",
    "dataset.data",
}  # fmt: skip


def train(
    recipe: Recipe,
    *,
    model: str | None = None,
    run: Path | None = None,
    runs: Path = Path("runs"),
    backend: str | None = None,
    argv: Sequence[str] = (),
    events: Events = lambda event: None,
) -> Run:
    """Train a recipe into a new run folder.

    Args:
        recipe: What to train.
        model: The model's name in a registry, if it has one.
        run: The run's own folder, new or empty; by default the next number in `runs`.
        runs: Where runs are numbered.
        backend: "jax", "torch" or "tensorflow".
        argv: The command line, for the manifest.
        events: Called with what happens, as it happens.

    Raises:
        Diverged: a loss or a weight is no longer finite.
        Interrupted: a signal asked to stop; the state is saved.
    """
    if run is not None and os.path.lexists(run):
        Run.at(run)  # refused before anything takes long
    recipe = with_data_from(recipe, Path.cwd())
    with Stop() as stop:
        environment.begin(backend)  # before the data: some data sets come through Keras
        with reporting(_unless(stop, events)):
            dataset = dataset_for(recipe)
        stop.hold()
        gan = build(recipe, dataset)
        with reporting(_unless(stop, events)):
            judge = Judge(recipe, gan, dataset)
        stop.check()
        name = provenance.run_name(recipe, model)
        opened = Run.at(run) if run is not None else Run.create(Path(runs), name)
        with opened.lock():
            manifest = provenance.manifest(gan, recipe, dataset, model, argv)
            provenance.write_manifest(opened, manifest | _evaluation(judge))
            publish_text(opened.card_path, provenance.card(recipe, dataset, model, name).toml())
            publish_text(opened.recipe_path, recipe.toml())  # last: it makes the folder a run
            _play(gan, recipe, dataset, opened, events, stop, judge, start=0)
    return opened


def resume(
    run: str | Path,
    *,
    settings: Sequence[str] = (),
    allow_plugin_mismatch: bool = False,
    argv: Sequence[str] = (),
    events: Events = lambda event: None,
) -> Run:
    """Go on with a run from its newest valid checkpoint, bit for bit as if it had not stopped.

    Args:
        run: The run's folder or its number.
        settings: Settings of keys that move no weight, such as `training.steps=9000`.
        allow_plugin_mismatch: Whether architecture and data set may be those of other
            distributions or versions than before; the manifest and the card say so then.
        argv: The command line, for the manifest.
        events: Called with what happens, as it happens.

    Raises:
        UsageError: a setting would change the game.
        PluginError: the architecture or the data set comes of another plugin.
        InvalidInput: the data or the checkpoints are not what they were.
    """
    opened = Run.open(run)
    with Stop() as stop, opened.lock():
        manifest = provenance.read_manifest(opened)
        before = with_data_from(opened.recipe(), opened.path)
        recipe = with_data_from(apply_settings(before, list(settings)), Path.cwd())
        _check_same_game(before, recipe)
        others = check_plugin_locks(
            manifest.get("plugins"),
            recipe,
            opened.path,
            kinds=provenance.KINDS,
            allowed=allow_plugin_mismatch,
        )
        environment.begin(manifest["backend"])
        reclaim(opened.path)
        with reporting(_unless(stop, events)):
            dataset = dataset_for(recipe)
        _check_same_data(manifest["data"], dataset)
        newest = checkpoints.newest(
            opened.checkpoints, report=lambda text: events({"event": "warning", "message": text})
        )
        start = newest.step if newest else 0
        steps = length_of(recipe, len(dataset)).steps
        if steps < start:
            raise UsageError(
                f"The run is at step {start} already. Expected: at least as many steps. "
                f"Received: {steps}."
            )
        if start == steps and manifest["state"] == "finished":
            events({"event": "warning", "message": "The run is finished; nothing is left to do."})
            return opened
        if newest is not None:
            _check_same_game(
                provenance.recipe_of(newest), recipe
            )  # recipe.toml may have been edited
        best = recorded(newest)
        stop.hold()
        gan = build(recipe, dataset)
        if newest is not None:
            assign(gan.state(), safetensors.load(newest.read(STATE)), str(newest.path))
            del newest  # its bytes would stay in memory
        with reporting(_unless(stop, events)):
            judge = Judge(recipe, gan, dataset, best=best)
        log = [entry for entry in opened.log() if entry.get("step", 0) <= start]
        judge.check_same(manifest.get("evaluation"), log)
        for text in environment.differences(manifest):
            events({"event": "warning", "message": text})
        stop.check()
        opened.rewind(start)
        if recipe != before:
            publish_text(opened.recipe_path, recipe.toml(), overwrite=True)
        if others:
            told = [f"From step {start} on: {one}" for one in others]
            provenance.record_plugins(opened, manifest, recipe, told)
        manifest["resumed"] = [*manifest.get("resumed", []), {"step": start, "argv": list(argv)}]
        manifest |= {"state": "running", "recipe_digest": recipe.digest()} | _evaluation(judge)
        provenance.write_manifest(opened, manifest)
        _play(gan, recipe, dataset, opened, events, stop, judge, start=start)
    return opened


def _unless(stop: Stop, events: Events) -> Events:
    """The events of a long preparation, which a signal ends before anything is written."""

    def heard(event: dict[str, Any]) -> None:
        stop.check()
        events(event)

    return heard


def _evaluation(judge: Judge) -> dict[str, Any]:
    """What a manifest says of the evaluation, if there is one."""
    return {} if judge.protocol is None else {"evaluation": judge.protocol}


def _check_same_game(before: Recipe, after: Recipe) -> None:
    old, new = (_flat(one.tables()) for one in (before, after))
    differing = sorted(k for k in old.keys() | new.keys() if old.get(k) != new.get(k))
    fixed = [key for key in differing if key not in _FREE]
    if fixed:
        was, now = (", ".join(str(table.get(key)) for key in fixed) for table in (old, new))
        raise UsageError(
            f"A resumed run goes on with the same game, so {', '.join(fixed)} cannot change. "
            f"Expected: {was}. Received: {now}.",
            hint=f"Free to change: {', '.join(sorted(_FREE))}. Or begin a new run.",
        )


def _check_same_data(before: dict[str, Any], dataset: "Dataset") -> None:
    now = dataset.describe()
    if now["fingerprint"] == before["fingerprint"]:
        return
    differing = [key for key in ("count", "image_shape", "classes", "source")
                 if before.get(key) != now[key]] or ["fingerprint"]  # fmt: skip
    was, received = (
        ", ".join(f"{key} {quote(facts.get(key))}" for key in differing) for facts in (before, now)
    )
    raise InvalidInput(
        f"The data set {dataset.name!r} is not what the run began with. "
        f"Expected: {was}. Received: {received}.",
        hint="Restore the data, or begin a new run.",
    )


def _flat(tables: dict[str, dict]) -> dict[str, Any]:
    return {f"{table}.{key}": v for table, keys in tables.items() for key, v in keys.items()}


def _play(
    gan: "GAN", recipe: Recipe, dataset: "Dataset", run: Run, events: Events, stop: Stop,
    judge: Judge, *, start: int,
) -> None:  # fmt: skip
    from ganzoo import backend
    from ganzoo.jobs.training.callbacks import Recorder
    from ganzoo.jobs.training.unread import UnreadLogs

    training = recipe.training
    length = length_of(recipe, len(dataset))
    cadences = (training.log_every, training.sample_every, training.checkpoint_every)

    def edge(step: int) -> int:
        # multiples of the dispatch as well: so the cuts do not depend on where a run stopped
        marks = [*cadences, gan.steps_per_dispatch]
        return min((step // every + 1) * every for every in marks)

    feed = Feed(
        dataset,
        batch=training.batch,
        n_critic=recipe.gan.n_critic,
        seed=training.seed,
        start_step=start,
        stop_step=max(start, length.steps),
        steps_per_dispatch=gan.steps_per_dispatch,
        boundaries=edge,
    )
    events({
        "event": "start", "model": run.manifest()["model"], "run": str(run.path),
        "backend": run.manifest()["backend"], "step": start, "steps": length.steps,
        "images": length.steps * length.per_step, "dataset": dataset.name,
        "parameters": run.manifest()["parameters"],
    })  # fmt: skip
    recorder = Recorder(gan, recipe, dataset, run, feed, length, events, stop, judge)
    try:
        if len(feed) and not stop.signal:
            gan.fit(
                backend.feed(feed), steps_per_epoch=len(feed), epochs=1, verbose=0,
                shuffle=False, callbacks=UnreadLogs([recorder], add_history=True, model=gan),
            )  # fmt: skip
        recorder.close()
        if not stop.signal or recorder.step >= length.steps:
            finish(gan, run, recorder.about, events, seconds=recorder.seconds, step=recorder.step)
            return
    except BaseException as error:
        state = "diverged" if isinstance(error, Diverged) else "failed"
        with contextlib.suppress(OSError, GanzooError):  # what went wrong matters more
            conclude(run, state, reason=str(error))
        raise
    conclude(run, "interrupted", step=recorder.step)
    raise Interrupted(
        f"Stopped after step {recorder.step} of {length.steps}; everything is saved.",
        signal_number=stop.signal,
        hint=f"Go on with: ganzoo resume {shlex.quote(str(run.path))}",
    )
