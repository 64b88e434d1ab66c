"""What a training leaves: weights, a moving picture, a report, and how it ended."""

from typing import TYPE_CHECKING, Any

from ganzoo.catalog.runs import Run
from ganzoo.files import safetensors
from ganzoo.files.publish import publish_text
from ganzoo.jobs import rendering
from ganzoo.jobs.models.weights import arrays_of, generator_of
from ganzoo.jobs.report import report_of_run
from ganzoo.jobs.training import provenance

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN


def finish(gan: "GAN", run: Run, metadata: dict[str, Any], events, *, seconds: float, step: int):
    """Write the averaged generator, `progress.gif` and `report.html`; then say so.

    Args:
        gan: The trained game.
        run: Where to.
        metadata: What the weights file says of itself.
        events: Told about the end.
        seconds: How long the training took.
        step: The last step.
    """
    arrays, kind = generator_of(arrays_of(gan))
    metadata = {**metadata, "step": step, "weights": kind}
    safetensors.save(run.weights_path, arrays, metadata, overwrite=True)
    samples = sorted(run.samples.glob("step-*.png"))
    rendering.progress_gif(samples, run.gif_path)
    conclude(run, "finished", step=step, seconds=round(seconds, 1))
    events({
        "event": "end", "run": str(run.path), "report": str(run.report_path),
        "samples": str(samples[-1]), "weights": str(run.weights_path),
        "seconds": round(seconds, 1), "step": step,
    })  # fmt: skip


def conclude(run: Run, state: str, **facts: Any) -> None:
    """Write the report, and then into the manifest how the run ended.

    Args:
        run: The run.
        state: "finished", "interrupted", "diverged" or "failed".
        **facts: What else the manifest should say about the end.
    """
    before = {key: value for key, value in run.manifest().items() if key != "reason"}
    content = {**before, "state": state, **facts}
    # the manifest last: only then does resuming find nothing left to do
    publish_text(run.report_path, report_of_run(run, manifest=content), overwrite=True)
    provenance.write_manifest(run, content)
