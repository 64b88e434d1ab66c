"""What a finished training leaves: weights, a moving picture and a report."""

from typing import TYPE_CHECKING, Any

from ganzoo.catalog.runs import Run
from ganzoo.files import safetensors
from ganzoo.files.publish import publish_text
from ganzoo.jobs import about, pictures
from ganzoo.jobs.report import report_of
from ganzoo.jobs.weights import arrays_of, generator_of

if TYPE_CHECKING:
    from ganzoo.game.gan import GAN


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
    weights = generator_of(arrays_of(gan))
    safetensors.save(run.weights_path, weights, {**metadata, "step": step}, overwrite=True)
    samples = sorted(run.samples.glob("step-*.png"))
    pictures.progress_gif(samples, run.gif_path)
    about.write_manifest(
        run, {**run.manifest(), "state": "finished", "step": step, "seconds": round(seconds, 1)}
    )
    publish_text(run.report_path, report_of(run), overwrite=True)
    events({
        "event": "end", "run": str(run.path), "report": str(run.report_path),
        "samples": str(samples[-1]), "weights": str(run.weights_path),
        "seconds": round(seconds, 1), "step": step,
    })  # fmt: skip
