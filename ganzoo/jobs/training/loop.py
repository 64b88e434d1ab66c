"""The training loop: `fit` over a session, and what a training writes at its end."""

import contextlib
import shlex
from typing import TYPE_CHECKING, Any

from ganzoo import rendering
from ganzoo.catalog.runs import Run
from ganzoo.errors import Diverged, GanzooError, Interrupted
from ganzoo.files import safetensors
from ganzoo.files.publish import publish_text
from ganzoo.jobs.models.weights import generator_arrays, state_arrays
from ganzoo.jobs.report import report_of_run
from ganzoo.jobs.training import provenance
from ganzoo.jobs.training.session import Session

if TYPE_CHECKING:
    from ganzoo.jobs.training.callbacks import Recorder


def run_session(session: Session) -> None:
    """Train to the end of the recipe, and write what a training leaves.

    Raises:
        Diverged: A loss or a weight is no longer finite.
        Interrupted: A signal asked to stop; the state is saved.
    """
    from ganzoo import backend
    from ganzoo.jobs.training.callbacks import CallbacksWithDeviceLogs, Recorder

    if session.group.rank:
        from ganzoo.jobs.devices.following import follow

        follow(session)
        return
    run, feed, length = session.run, session.feed, session.length
    manifest = run.manifest()
    session.events({
        "event": "start", "model": manifest["model"], "run": str(run.path),
        "backend": manifest["backend"], "step": session.start, "steps": length.steps,
        "images": length.steps * length.per_step, "dataset": session.dataset.name,
        "parameters": manifest["parameters"],
    })  # fmt: skip
    recorder = Recorder(session)
    try:
        if not session.stop_requested() and len(feed):
            session.gan.fit(
                backend.feed(feed), steps_per_epoch=len(feed), epochs=1, verbose=0, shuffle=False,
                callbacks=CallbacksWithDeviceLogs([recorder], add_history=True, model=session.gan),
            )  # fmt: skip
        recorder.close()
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
