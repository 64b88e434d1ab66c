"""The training loop: `fit` over a session, and what a training writes at its end."""

import contextlib
import dataclasses
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo import rendering
from ganzoo.catalog import run_manifest
from ganzoo.catalog.runs import Run, recorded_best
from ganzoo.errors import Diverged, GanzooError, Interrupted
from ganzoo.files import safetensors
from ganzoo.files.checkpoints import Checkpoint
from ganzoo.files.publish import publish_text
from ganzoo.jobs.models.weights import STATE, assign_arrays, generator_arrays, state_arrays
from ganzoo.jobs.report import report_of_run
from ganzoo.jobs.tested_versions import untested_versions
from ganzoo.jobs.training import provenance
from ganzoo.jobs.training.session import Session

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN
    from ganzoo.jobs.training.callbacks import Recorder

ROLLBACKS = "rollbacks"  # in a manifest: to which step, with which seed, and why
_SEED_STRIDE = 0x9E3779B1  # far from the seeds that anybody counts up


def run_session(session: Session) -> None:
    """Train to the end of the recipe, and write what a training leaves.

    Raises:
        Diverged: A number is no longer finite, and the recipe asks for no (further) rollback.
        Interrupted: A signal asked to stop; the state is saved.
    """
    from ganzoo.jobs.training.callbacks import Recorder

    if session.group.rank:
        from ganzoo.jobs.devices.following import follow

        follow(session)
        return
    run, length = session.run, session.length
    manifest = run.manifest()
    session.events({
        "event": "start", "model": manifest["model"], "run": str(run.path),
        "backend": manifest["backend"], "step": session.start, "steps": length.steps,
        "images": length.steps * length.per_step, "dataset": session.dataset.name,
        "parameters": manifest["parameters"],
    })  # fmt: skip
    for text in untested_versions():
        session.events({"event": "warning", "message": text})
    recorder = Recorder(session)
    try:
        while True:
            try:
                _fit(session, recorder)
                break
            except Diverged as error:
                session = roll_back(session, recorder.manifest, error)
                recorder = Recorder(session)
        if not session.stop.signal or recorder.step >= length.steps:
            finish_run(session, recorder)
            return
    except BaseException as error:
        state = "diverged" if isinstance(error, Diverged) else "failed"
        with contextlib.suppress(OSError, GanzooError):  # what went wrong matters more
            conclude_run(run, recorder.manifest, state, reason=str(error))
        raise
    conclude_run(run, recorder.manifest, "interrupted", step=recorder.step)
    raise Interrupted(
        f"Stopped after step {recorder.step} of {length.steps}; everything is saved.",
        signal_number=session.stop.signal,
        hint=f"Go on with: ganzoo resume {shlex.quote(str(run.path))}",
    )


def _fit(session: Session, recorder: "Recorder") -> None:
    """Train to the end or to a signal, and save."""
    from ganzoo import backend
    from ganzoo.jobs.training.callbacks import CallbacksWithDeviceLogs

    feed = session.feed
    if not session.stop_requested() and len(feed):
        session.gan.fit(
            backend.feed(feed), steps_per_epoch=len(feed), epochs=1, verbose=0, shuffle=False,
            callbacks=CallbacksWithDeviceLogs([recorder], add_history=True, model=session.gan),
        )  # fmt: skip
    recorder.close()


def restore_state(gan: "GAN", checkpoint: Checkpoint, manifest: Mapping[str, Any]) -> None:
    """Put a compiled GAN where a run goes on from.

    Args:
        gan: The GAN.
        checkpoint: The newest checkpoint of the run.
        manifest: The run's manifest. If the run has rolled back to this checkpoint, it goes on
            with the random numbers that it took then.
    """
    content, variables = checkpoint.read(STATE), gan.state()
    arrays = safetensors.load(content)
    for name in arrays.keys() & variables.keys():  # TensorFlow's counters have 64 bits
        if arrays[name].dtype in ("int32", "int64") and variables[name].dtype in ("int32", "int64"):
            arrays[name] = arrays[name].astype(variables[name].dtype)
    assign_arrays(variables, arrays, str(checkpoint.path))
    gan.step_metrics.names = tuple(safetensors.metadata(content).get("metrics", ()))
    for rollback in manifest.get(ROLLBACKS, []):
        if rollback["to"] == checkpoint.step:
            gan.seed.assign(rollback["seed"])


def roll_back(session: Session, manifest: dict[str, Any], error: Diverged) -> Session:
    """Go back to the last good checkpoint, to go on with other random numbers.

    The manifest records it, so that the run's own rollbacks are counted over all its processes.

    Args:
        session: The training, which has diverged.
        manifest: The run's manifest.
        error: Why.

    Returns:
        The training from that checkpoint on.

    Raises:
        Diverged: `error`, if it has rolled back as often as the recipe says, or cannot.
    """
    run, past = session.run, manifest.get(ROLLBACKS, [])
    newest = run.newest_checkpoint(lambda text: None)
    if len(past) >= session.recipe.training.rollback or newest is None or session.group.count > 1:
        raise error
    seed = (session.recipe.training.seed + (len(past) + 1) * _SEED_STRIDE) % 2**31
    about = {"to": newest.step, "seed": seed, "reason": error.message}
    manifest = run_manifest.forget_after(run.path, manifest, newest.step)
    run.rewind(newest.step)
    manifest |= {ROLLBACKS: [*past, about], run_manifest.CHECKPOINT: newest.step}
    provenance.write_manifest(run, manifest)
    restore_state(session.gan, newest, manifest)
    session.evaluation.best = recorded_best(newest)
    count = f"{len(past) + 1} of {session.recipe.training.rollback}"
    text = f"Rollback {count}: from step {newest.step} on with other random numbers."
    session.events({"event": "warning", "message": f"{error.message} {text}"})
    return dataclasses.replace(session, start=newest.step)


def finish_run(session: Session, recorder: "Recorder") -> None:
    """Write the averaged generator, `progress.gif` and `report.html`; then announce the end."""
    run, seconds = session.run, round(recorder.seconds, 1)
    arrays, kind = generator_arrays(state_arrays(session.gan))
    metadata = {**recorder.about, "step": recorder.step, "weights": kind}
    safetensors.save(run.weights_path, arrays, metadata, overwrite=True)
    samples = run.sample_images()
    rendering.progress_gif(samples, run.gif_path)
    conclude_run(run, recorder.manifest, "finished", step=recorder.step, seconds=seconds)
    session.events({
        "event": "end", "run": str(run.path), "report": str(run.report_path),
        "samples": str(samples[-1]), "weights": str(run.weights_path),
        "seconds": seconds, "step": recorder.step,
    })  # fmt: skip


def conclude_run(run: Run, manifest: dict[str, Any], state: str, **facts: Any) -> None:
    """Write the report, and then into the manifest how the run ended.

    Args:
        run: The run.
        manifest: Its manifest.
        state: `"finished"`, `"interrupted"`, `"diverged"` or `"failed"`.
        **facts: Further facts about the end for the manifest.
    """
    before = {key: value for key, value in manifest.items() if key != "reason"}
    content = {**before, "state": state, **facts}
    # the manifest last: only then does resuming find nothing left to do
    publish_text(run.report_path, report_of_run(run, manifest=content), overwrite=True)
    provenance.write_manifest(run, content)
