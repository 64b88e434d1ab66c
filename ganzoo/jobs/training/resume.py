"""Resuming a run from its newest checkpoint, exactly as if it had not stopped."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog import run_manifest
from ganzoo.catalog.recipe.length import training_length
from ganzoo.catalog.recipe.overrides import apply_settings, with_data_from
from ganzoo.catalog.recipe.plugin_locks import check_plugin_locks
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.runs import Run, no_checkpoint, recorded_best
from ganzoo.data.dataset import Dataset
from ganzoo.data.progress import reporting
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.checkpoints import Checkpoint
from ganzoo.files.publish import publish, publish_text
from ganzoo.files.text import quote
from ganzoo.jobs.devices.joining import alone, joined_devices, silent
from ganzoo.jobs.devices.surroundings import find_process
from ganzoo.jobs.loggers import logging_to
from ganzoo.jobs.models import environment
from ganzoo.jobs.models.build import build_gan
from ganzoo.jobs.models.open_dataset import open_recipe_dataset
from ganzoo.jobs.monitoring.saving import check_space, checkpoint_size
from ganzoo.jobs.training import provenance
from ganzoo.jobs.training.evaluation import PeriodicEvaluation
from ganzoo.jobs.training.loop import restore_state, run_session
from ganzoo.jobs.training.session import Events, Session
from ganzoo.jobs.training.signals import Stop

if TYPE_CHECKING:
    from ganzoo.backend.devices import Group

# Keys that a resumed run may change: none of them changes a weight.
_FREE_KEYS = {
    "training.steps", "training.images", "training.epochs", "training.log_every",
    "training.sample_every", "training.checkpoint_every", "training.keep_checkpoints",
    "training.rollback",
    "training.evaluate_every", "training.evaluate_samples", "training.evaluate_features",
    "dataset.data",
}  # fmt: skip


def resume(
    run: str | Path,
    *,
    settings: Sequence[str] = (),
    allow_plugin_mismatch: bool = False,
    allow_data_change: bool = False,
    convert: str | None = None,
    argv: Sequence[str] = (),
    log_to: Sequence[str] = (),
    events: Events = lambda event: None,
    devices: int | str | None = None,
    command: Sequence[str] = (),
) -> Run:
    """Go on with a run from its newest valid checkpoint, bit for bit as if it had not stopped.

    Args:
        run: The run's folder or its number.
        settings: Settings of keys that change no weight, such as `training.steps=9000`.
        allow_plugin_mismatch: Accept an architecture and a data set of other distributions or
            versions than before; the manifest and the card say so then.
        allow_data_change: Go on with other data of the same shape and classes; the manifest says
            so then.
        convert: A backend to go on with in place of the run's own: weights, averages and moments
            are the same to the bit, what follows up to rounding.
        argv: The command line, for the manifest.
        log_to: Loggers that are given the events, too; see
            `ganzoo.jobs.loggers.logging_to`.
        events: Function called with each event, as it happens.
        devices: How many devices share each step; `"all"` of this host; None: as many as
            before.
        command: Arguments of `ganzoo` by which another process does the same; by default those
            of `argv`.

    Returns:
        The run.

    Raises:
        UsageError: A setting would change the weights, or there is no checkpoint.
        PluginError: The architecture or the data set comes from another plugin.
        InvalidInput: The data or the checkpoints are not what they were.
    """
    opened = Run.open(run)
    manifest = provenance.read_manifest(opened)
    before = with_data_from(opened.recipe(), opened.path)
    recipe = with_data_from(apply_settings(before, list(settings)), Path.cwd())
    _check_same_recipe(before, recipe)
    locks, kinds = manifest.get("plugins"), provenance.KINDS
    mismatches = check_plugin_locks(
        locks, recipe, opened.path, kinds=kinds, allowed=allow_plugin_mismatch
    )
    backend = environment.prepare_environment(_choose_backend(manifest, convert))
    process = find_process(devices, backend)
    if devices is None and process.launcher is None:
        process = find_process(manifest.get("devices", 1), backend)
    if process.rank:
        events, log_to = silent, ()
    with (
        logging_to(log_to, events) as events,
        Stop() as stop,
        contextlib.nullcontext() if process.rank else opened.lock(),
        joined_devices(process, backend, recipe, command or argv[1:]) as group,
    ):
        if not group.rank:
            manifest = provenance.read_manifest(opened)  # of the time since it is locked
        with reporting(stop.interrupting(events)):
            dataset = open_recipe_dataset(recipe)
            facts = manifest["data"]
            changed = _check_same_data(opened, facts, dataset, group, allowed=allow_data_change)
        newest = opened.newest_checkpoint(lambda text: _emit_warning(events, text))
        if newest is None:
            raise no_checkpoint(opened)
        start = newest.step
        if not _steps_left(recipe, dataset, start) and manifest["state"] == "finished":
            _emit_warning(events, "The run is finished; nothing is left to do.")
            return opened
        stop.hold()
        session = _restore_session(opened, recipe, dataset, newest, events, stop, group)
        if not group.rank:
            log = _log_until(opened, start, events)
            session.evaluation.check_protocol(manifest.get("evaluation"), log)
            for text in environment.environment_differences(manifest, group.devices) + changed:
                _emit_warning(events, text)
            stop.check()
            check_space(opened.path, checkpoint_size(session.gan), 1)
            _record_changes(session, manifest, backend, changed)
            _record_resumption(session, manifest, mismatches, argv)
        run_session(session)
    return opened


def _choose_backend(manifest: Mapping[str, Any], convert: str | None) -> str:
    if convert == manifest["backend"]:
        raise UsageError(f"The run is trained with that backend already. Received: {convert!r}.")
    return convert or manifest["backend"]


def _record_changes(
    session: Session, manifest: dict[str, Any], backend: str, changed: Sequence[str]
) -> None:
    """Write another backend and other data into the manifest."""
    before, start = manifest["backend"], session.start
    if backend != before:
        text = (
            f"From step {start} on {backend} trains instead of {before}, up to rounding the same."
        )
        _emit_warning(session.events, text)
        change = {"step": start, "from": before, "to": backend}
        manifest["converted"] = [*manifest.get("converted", []), change]
        manifest["backend"] = backend
    if changed:
        change = {"step": start, "from": manifest["data"]["fingerprint"]}
        manifest["data_changes"] = [*manifest.get("data_changes", []), change]
        manifest["data"] = session.dataset.describe()


def _restore_session(
    run: Run,
    recipe: Recipe,
    dataset: Dataset,
    newest: Checkpoint,
    events: Events,
    stop: Stop,
    group: "Group",
) -> Session:
    """The session at its newest checkpoint."""
    _check_same_recipe(provenance.checkpoint_recipe(newest), recipe)  # it may have been edited
    gan, manifest = build_gan(recipe, dataset), run.manifest()
    provenance.check_frozen_networks(gan, manifest)
    restore_state(gan, newest, manifest)
    with reporting(stop.interrupting(events)):
        evaluation = PeriodicEvaluation(
            alone(recipe, group), gan, dataset, best=recorded_best(newest)
        )
    return Session(
        gan=gan,
        recipe=recipe,
        dataset=dataset,
        run=run,
        events=events,
        stop=stop,
        evaluation=evaluation,
        group=group,
        start=newest.step,
    )


def _record_resumption(
    session: Session, manifest: dict[str, Any], mismatches: Sequence[str], argv: Sequence[str]
) -> None:
    """Rewind the run to the session's step, and write what is new about it."""
    run, recipe, start = session.run, session.recipe, session.start
    items = None
    if any(change["step"] == start for change in manifest.get("data_changes", ())):
        with reporting(session.stop.interrupting(session.events)):  # while nothing is changed
            items = provenance.item_digests(session.dataset)
    manifest = run_manifest.forget_after(run.path, manifest | {"state": "running"}, start)
    run.rewind(start)
    if recipe != with_data_from(run.recipe(), run.path):
        publish_text(run.recipe_path, recipe.toml(), overwrite=True)
    if items is not None:
        publish(run.path / provenance.ITEMS, items, overwrite=True)
    if mismatches:
        sentences = [f"From step {start} on: {sentence}" for sentence in mismatches]
        provenance.record_plugins(run, manifest, recipe, sentences)
    manifest["resumed"] = [*manifest.get("resumed", []), {"step": start, "argv": list(argv)}]
    manifest |= {"recipe_digest": recipe.digest(), run_manifest.CHECKPOINT: start}
    manifest["devices"] = session.group.devices
    provenance.write_manifest(run, manifest | session.evaluation.manifest())


def _log_until(run: Run, step: int, events: Events) -> list[dict[str, Any]]:
    """The entries of the log up to a step; none, with a warning, if somebody removed it."""
    if not run.log_path.exists():
        _emit_warning(events, f"{run.log_path} is gone; the run goes on with a new one.")
        return []
    return [entry for entry in run.log() if entry.get("step", 0) <= step]


def _steps_left(recipe: Recipe, dataset: Dataset, start: int) -> int:
    steps = training_length(recipe, len(dataset)).steps
    if steps < start:
        raise UsageError(
            f"The run is at step {start} already. Expected: at least as many steps. "
            f"Received: {steps}."
        )
    return steps - start


def _emit_warning(events: Events, text: str) -> None:
    events({"event": "warning", "message": text})


def _check_same_recipe(before: Recipe, after: Recipe) -> None:
    old, new = (_dotted_keys(one.tables()) for one in (before, after))
    differing = sorted(k for k in old.keys() | new.keys() if old.get(k) != new.get(k))
    fixed = [key for key in differing if key not in _FREE_KEYS]
    if fixed:
        expected, received = (
            ", ".join(str(table.get(key)) for key in fixed) for table in (old, new)
        )
        raise UsageError(
            f"A resumed run goes on with the same recipe, so {', '.join(fixed)} cannot change. "
            f"Expected: {expected}. Received: {received}.",
            hint=f"Free to change: {', '.join(sorted(_FREE_KEYS))}. Or begin a new run.",
        )


def _check_same_data(
    run: Run, before: dict[str, Any], dataset: Dataset, group: "Group", *, allowed: bool = False
) -> list[str]:
    """Sentences about data that have changed, if that is allowed; none if they have not."""
    now = dataset.describe()
    is_same = now["fingerprint"] == before["fingerprint"]
    only_one = not is_same and not group.rank  # reads all; the others wait, whatever theirs are
    item = group.share(provenance.first_changed_item(run, before, dataset) if only_one else "")
    if is_same:
        return []
    differing = [key for key in ("count", "image_shape", "classes", "source")
                 if before.get(key) != now[key]] or ["fingerprint"]  # fmt: skip
    expected, received = (
        ", ".join(f"{key} {quote(facts.get(key))}" for key in differing) for facts in (before, now)
    )
    message = (
        f"The data set {dataset.name!r} is not what the run began with. "
        f"Expected: {expected}. Received: {received}.{item}"
    )
    if allowed and not {"image_shape", "classes"} & set(differing):
        return [message]
    raise InvalidInput(
        message, hint="Restore the data, begin a new run, or go on with --allow-data-change."
    )


def _dotted_keys(tables: dict[str, dict]) -> dict[str, Any]:
    return {f"{table}.{key}": v for table, keys in tables.items() for key, v in keys.items()}
