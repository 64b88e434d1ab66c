"""Callbacks between the steps: log, sample images, checkpoints, and a guard over them."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ganzoo import rendering
from ganzoo.catalog.run_manifest import CHECKPOINT
from ganzoo.catalog.runs import BEST
from ganzoo.files import checkpoints, safetensors
from ganzoo.files.publish import make_folder, publish
from ganzoo.jobs.diagnostics.monitor import Monitor
from ganzoo.jobs.models.weights import STATE, state_arrays
from ganzoo.jobs.monitoring.guard import Guard
from ganzoo.jobs.monitoring.live_report import LiveReport
from ganzoo.jobs.monitoring.observer import Observer
from ganzoo.jobs.monitoring.saving import Saving
from ganzoo.jobs.training import provenance
from ganzoo.jobs.training.evaluation import SCORES
from ganzoo.jobs.training.session import Session

_MAX_SAMPLES = 100  # with full rows of many classes
_MAX_SOURCES = 8  # images to translate, one below the other
_PROGRESS_SECONDS = 0.5  # between two progress events


class CallbacksWithDeviceLogs(keras.callbacks.CallbackList):
    """Keras' list of callbacks, with the logs of a dispatch as they lie on the device.

    Keras' own list turns them into Python floats after every dispatch, for which the host waits
    until the device has computed it, and only then prepares the next. The callbacks of a training
    read them when they are due.
    """

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Report to every callback that a dispatch was given to the device."""
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs)


class Recorder(keras.callbacks.Callback):
    """Logs, evaluates, samples and saves at the recipe's cadences, between dispatches.

    The losses are means on the device; they are read when they are logged or shown only.

    Args:
        session: The training.
    """

    def __init__(self, session: Session):
        super().__init__()
        self.session, self.gan, self.run = session, session.gan, session.run
        self.training, self.length = session.recipe.training, session.length
        self.step = session.start
        self.manifest = self.run.manifest()  # held here: it outlives a file that is torn away
        self._saving = Saving(self.run, session.events)
        self.monitor = Monitor(session)
        self._diagnosing = Observer("monitor of illnesses", session.events)
        self.about = provenance.weights_metadata(
            session.gan, session.recipe, session.dataset, session.run
        )
        self._restored_metrics = [
            np.array(keras.ops.convert_to_numpy(v.value)) for v in self.gan.step_metrics.variables
        ]
        log = self.run.log()
        self._seconds_before = log[-1]["seconds"] if log else 0.0
        self._scores = {name: one[name] for one in log for name in SCORES if name in one}
        self._live_report = LiveReport(self.run)
        self._reporting = Observer("live report", session.events)
        self._reset_clock()
        self._guard = Guard(session.gan, session.run, self.step)
        self._saved_step = self.step if self.step else None

    @property
    def seconds(self) -> float:
        """Seconds of training so far, those before a resume included."""
        return self._seconds_before + time.perf_counter() - self._begun

    def on_train_begin(self, logs: Any = None) -> None:
        """Sample the untrained generator, and show the run as one that goes on."""
        if self.step == 0 or (
            self.step % self.training.sample_every == 0 and not self._sample_path.exists()
        ):  # a process that was killed may have saved a step without its samples
            self._sample()
        else:
            self._reporting(self._live_report.update, 0)
        self._reset_clock()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Restore the means that `fit` has just reset."""
        metrics = self.gan.step_metrics.variables
        for variable, value in zip(metrics, self._restored_metrics, strict=True):
            variable.assign(value)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Do whatever is due after a dispatch."""
        before = self.step
        self.step += self.session.feed.steps(batch)
        due = {
            name: self.step % getattr(self.training, name) == 0
            for name in ("log_every", "sample_every", "checkpoint_every")
        }
        scores = self._evaluate(before)
        means = self._mean_logs() if due["log_every"] or scores else {}
        if means:
            self._log(means | scores)
        if due["log_every"]:
            self.gan.reset_metrics()
        elif time.perf_counter() - self._reported > _PROGRESS_SECONDS and before != self.step:
            self._report_progress(_read_numbers(logs or {}))
        if due["checkpoint_every"] or self.session.evaluation.is_best(self.step):
            self._save()  # before anything that only looks
        if due["log_every"]:
            self._diagnosing(self.monitor.check_log, self.step, means)
        if due["sample_every"]:
            self._sample()
        if self.step < self.length.steps and self.session.stop_requested():
            self.model.stop_training = True

    def close(self) -> None:
        """Write the last checkpoint, log line and sample image, if they were not due anyway.

        The means are not reset, so that a run that is made longer goes on as if it had been
        that long from the start.
        """
        self._saving.log(last=True)
        if self._saved_step != self.step:
            self._save(last=True)
        else:  # by a process that may have been killed before it had removed the older ones
            folder, kept = self.run.checkpoints, self._kept
            self._saving.write(lambda: checkpoints.rotate(folder, self.step, **kept))
        if self.step < self.length.steps:
            return
        if not any(entry.get("step") == self.step for entry in self.run.log()[-1:]):
            self._log(self._mean_logs(), last=True)
        if not self._sample_path.exists():
            self._sample(last=True)

    def _reset_clock(self) -> None:
        self._begun = self._reported = time.perf_counter()
        self._rate_since = (self._begun, self.step)

    def _mean_logs(self) -> dict[str, float]:
        """The means of what the steps have logged since the last reset.

        Raises:
            Diverged: One of them, or anything in the state, is not finite.
        """
        if hasattr(self.gan, "jax_state_sync"):
            self.gan.jax_state_sync()  # JAX's trainer holds the state outside the model
        metrics = self.gan.step_metrics
        total, count = (keras.ops.convert_to_numpy(v.value) for v in metrics.variables)
        averages = (total / np.maximum(count, 1)).tolist()  # more of them than names
        means = dict(zip(metrics.names, averages, strict=False))
        self._guard.check(self.step, means)
        return means

    def _evaluate(self, before: int) -> dict[str, float | None]:
        """The scores of the averaged generator, if due; their time is not the steps'."""
        session = self.session
        if not session.evaluation.is_due(before, self.step, self.length.steps):
            return {}
        self._mean_logs()  # no scores of what is not finite
        begun = time.perf_counter()
        scores = session.evaluation.evaluate(self.gan, session.dataset, self.step)
        seconds = time.perf_counter() - begun
        self._rate_since = (self._rate_since[0] + seconds, self._rate_since[1])
        self._scores |= scores
        session.events({
            "event": "evaluation", "step": self.step, **scores,
            "best": session.evaluation.is_best(self.step), "seconds": round(seconds, 3),
        })  # fmt: skip
        return scores

    def _log(self, values: dict[str, Any], *, last: bool = False) -> None:
        now = time.perf_counter()
        since, step = self._rate_since
        images = (self.step - step) * self.length.per_step
        self._rate_since = (now, self.step)
        entry = {
            "step": self.step,
            "images": self.step * self.length.per_step,
            "seconds": round(self.seconds, 3),
            "images_per_second": round(images / max(now - since, 1e-9), 1),
            **values,
        }
        self._saving.log(entry, last=last)
        self.session.events({"event": "log", **entry})
        self._report_progress(values)

    def _report_progress(self, values: dict[str, Any]) -> None:
        self._reported = time.perf_counter()
        seconds = max(self._reported - self._begun, 1e-9)
        rate = (self.step - self.session.start) / seconds
        self.session.events({
            "event": "progress",
            "step": self.step,
            "steps": self.length.steps,
            "images": self.step * self.length.per_step,
            "images_per_second": round(rate * self.length.per_step, 1),
            "seconds_left": round((self.length.steps - self.step) / max(rate, 1e-9), 1),
            **self._scores,  # the newest
            **values,
        })  # fmt: skip

    @property
    def _sample_path(self) -> Path:
        return self.run.samples / f"step-{self.step:08d}.png"

    def _sample(self, *, last: bool = False) -> None:
        self._mean_logs()  # no images of what is not finite
        renderer = rendering.renderer_for(self.gan.sampler.image_shape)
        labels = self._sample_labels(renderer.num_samples) if self.gan.sampler.conditional else None
        n = renderer.num_samples if labels is None else len(labels)
        samples = self.gan.sample(n, seed=self.training.seed, labels=labels)
        image = rendering.encode_png(self._render_samples(renderer, samples, labels))
        files = {"path": str(self._sample_path)}

        def write() -> None:
            make_folder(self.run.samples)
            publish(self._sample_path, image, overwrite=True)
            if renderer.media:  # beside the images, the newest in place of the last
                encode = renderer.encoders[renderer.media]
                content = encode(samples, self.session.dataset.rate, None)
                files["media"] = str(self.run.media_path(renderer.media))
                publish(files["media"], content, overwrite=True)

        if self._saving.write(write, last=last):
            self.session.events({"event": "sample", "step": self.step, **files})
        self._diagnosing(self.monitor.check_samples, self.step)
        if self.step < self.length.steps:  # else the end of the run writes them
            self._reporting(self._live_report.update, time.perf_counter() - self._begun)

    def _render_samples(
        self, renderer: rendering.Renderer, samples: np.ndarray, labels: np.ndarray | None
    ) -> Any:
        """The samples, beside the images they were made from, or over real ones."""
        dataset, levels = self.session.dataset, self.session.dataset.deep
        samples = samples if levels is None else levels.to_pixels(samples)
        if dataset.source_shape is None or renderer.side_by_side is None:
            real = np.asarray(dataset.images[: renderer.num_real]) if renderer.num_real else None
            return renderer.image(samples, real)
        targets = [np.asarray(dataset.images[: len(samples)])] if dataset.paired else []
        targets = targets if levels is None else [levels.to_pixels(one) for one in targets]
        return renderer.side_by_side(labels, samples, *targets)

    def _sample_labels(self, n: int) -> np.ndarray:
        """Labels of at least n samples: the classes in turn, full rows if not too many."""
        dataset = self.session.dataset
        labels, classes = np.asarray(dataset.labels), len(dataset.classes)
        if dataset.source_shape is not None:  # images: the first, as many as there are
            return labels[: min(n, _MAX_SOURCES)]
        if labels.ndim == 2:  # attributes: those of the first images
            return labels[np.arange(n) % len(labels)]
        count = -(-n // classes) * classes
        return (np.arange(min(count, max(n, _MAX_SAMPLES))) % classes).astype("int32")

    @property
    def _kept(self) -> dict[str, Any]:
        """The checkpoints that stay, as keywords of `checkpoints.save`."""
        best = self.session.evaluation.best
        return {"keep": self.training.keep_checkpoints, "spare": [best["step"]] if best else []}

    def _save(self, *, last: bool = False) -> None:
        self._mean_logs()  # nothing that is not finite is saved
        arrays, best, kept = state_arrays(self.gan), self.session.evaluation.best, self._kept
        metadata = {**self.about, "step": self.step, "metrics": list(self.gan.step_metrics.names)}
        files = {STATE: safetensors.dump(arrays, metadata)}
        about = {"images": self.step * self.length.per_step} | ({BEST: best} if best else {})

        def write() -> None:
            folder = self.run.checkpoints
            path = checkpoints.save(folder, self.step, files, about, **kept)
            known = self.manifest | {CHECKPOINT: self.step}
            self.manifest = provenance.write_manifest(self.run, known)
            self._saved_step = self.step
            self.session.events({"event": "checkpoint", "step": self.step, "path": str(path)})

        self._saving.save(write, last=last)


def _read_numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """The means that a dispatch has left on the device; for this the host waits for it."""
    return {name: float(keras.ops.convert_to_numpy(value)) for name, value in logs.items()}
