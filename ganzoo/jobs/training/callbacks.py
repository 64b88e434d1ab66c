"""What happens between the steps: numbers, pictures, checkpoints, and a guard over them."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.runs import Run
from ganzoo.errors import Diverged
from ganzoo.files import checkpoints, safetensors
from ganzoo.files.publish import make_folder, publish
from ganzoo.jobs import best, rendering
from ganzoo.jobs.models.weights import STATE, arrays_of, not_finite
from ganzoo.jobs.training import provenance
from ganzoo.jobs.training.evaluation import Judge
from ganzoo.jobs.training.signals import Stop

if TYPE_CHECKING:
    from ganzoo.data.dataset import Dataset
    from ganzoo.data.feed import Feed
    from ganzoo.gan.gan import GAN
    from ganzoo.jobs.models.build import Length

_MOST_SAMPLES = 100  # with full rows of many classes
_SOURCES = 8  # to translate, one below the other
_SPOKEN = 0.5  # seconds between two progress events


class Recorder(keras.callbacks.Callback):
    """Logs, judges, samples and saves at the recipe's cadences, all at the edge of a dispatch.

    The losses are means on the device; they are read at the cadence of the log only.
    """

    def __init__(
        self, gan: "GAN", recipe: Recipe, dataset: "Dataset", run: Run, feed: "Feed",
        length: "Length", events, stop: Stop, judge: Judge,
    ):  # fmt: skip
        super().__init__()
        self.gan, self.run, self.events, self.stop = gan, run, events, stop
        self.training, self.feed, self.length = recipe.training, feed, length
        self.step = feed.start_step
        self.about = provenance.of_weights(gan, recipe, dataset, run)
        self._dataset, self._judge = dataset, judge
        self._restored = [
            np.array(keras.ops.convert_to_numpy(v.value)) for v in gan.step_metrics.variables
        ]
        log = run.log()
        self._before = log[-1]["seconds"] if log else 0.0
        self._begun = self._spoke = time.perf_counter()
        self._counted = (self._begun, self.step)
        self._sound = self.step  # the last step at which what was looked at was finite
        self._saved = self.step if self.step else None

    @property
    def seconds(self) -> float:
        """Seconds of training so far, those before a resume included."""
        return self._before + time.perf_counter() - self._begun

    def on_train_begin(self, logs=None) -> None:
        """The pictures of the untrained generator."""
        if self.step == 0:
            self._sample()
        self._begun = self._spoke = time.perf_counter()
        self._counted = (self._begun, self.step)

    def on_epoch_begin(self, epoch, logs=None) -> None:
        """Give back the means that `fit` has just reset."""
        for variable, value in zip(self.gan.step_metrics.variables, self._restored, strict=True):
            variable.assign(value)

    def on_train_batch_end(self, batch, logs=None) -> None:
        """After each dispatch: whatever is due at this step."""
        before = self.step
        self.step += self.feed.steps(batch)
        due = {
            name: self.step % getattr(self.training, name) == 0
            for name in ("log_every", "sample_every", "checkpoint_every")
        }
        scores = self._scores(before)
        if due["log_every"] or scores:
            self._log(self._numbers() | scores)
        if due["log_every"]:
            self.gan.reset_metrics()
        elif time.perf_counter() - self._spoke > _SPOKEN and before != self.step:
            self._speak({})
        if due["sample_every"]:
            self._sample()
        if due["checkpoint_every"] or self._judge.is_best(self.step):
            self._save()
        if any(due.values()) or scores:
            self._sound = self.step
        if self.stop.signal and self.step < self.length.steps:
            self.model.stop_training = True

    def close(self) -> None:
        """The last checkpoint, log line and picture, if they were not due anyway.

        The means are not reset, so that a run that is made longer goes on as if it had been
        that long from the start.
        """
        if self._saved != self.step:
            self._save()
        if self.step < self.length.steps:
            return
        if not any(entry.get("step") == self.step for entry in self.run.log()[-1:]):
            self._log(self._numbers())
        if not self._picture.exists():
            self._sample()

    def _numbers(self) -> dict[str, float]:
        """What the steps have logged since the last reset, on average.

        Raises:
            Diverged: one of them is not finite.
        """
        if hasattr(self.gan, "jax_state_sync"):
            self.gan.jax_state_sync()  # JAX's trainer holds the state outside the model
        means = self.gan.step_metrics
        total, count = (keras.ops.convert_to_numpy(v.value) for v in means.variables)
        averages = (total / np.maximum(count, 1)).tolist()  # more of them than names
        numbers = dict(zip(means.names, averages, strict=False))
        self._refuse(not_finite(numbers))
        return numbers

    def _scores(self, before: int) -> dict[str, float]:
        """What the averaged generator is worth, if that is due; its time is not the steps'."""
        if not self._judge.is_due(before, self.step, self.length.steps):
            return {}
        self._numbers()
        self._refuse(not_finite(arrays_of(self.gan)))
        begun = time.perf_counter()
        scores = self._judge.scores(self.gan, self._dataset, self.step)
        seconds = time.perf_counter() - begun
        self._counted = (self._counted[0] + seconds, self._counted[1])
        self.events({
            "event": "evaluation", "step": self.step, **scores,
            "best": self._judge.is_best(self.step), "seconds": round(seconds, 3),
        })  # fmt: skip
        return scores

    def _log(self, numbers: dict[str, float]) -> None:
        now = time.perf_counter()
        since, step = self._counted
        images = (self.step - step) * self.length.per_step
        self._counted = (now, self.step)
        entry = {
            "step": self.step,
            "images": self.step * self.length.per_step,
            "seconds": round(self.seconds, 3),
            "images_per_second": round(images / max(now - since, 1e-9), 1),
            **numbers,
        }
        self.run.append_log(entry)
        self._speak(entry)

    def _refuse(self, name: str | None) -> None:
        """Stop here if anything is not finite, before it is logged, drawn or saved."""
        if name is None:
            return
        last = checkpoints.newest(self.run.checkpoints, report=lambda text: None)
        kept = f"The last good checkpoint is {last.path}." if last else "There is no checkpoint."
        raise Diverged(
            f"Training diverged: {name} is not finite at step {self.step}; "
            f"at step {self._sound} everything was.",
            hint=f"{kept} Lower the learning rates, or add a penalty such as r1.",
        )

    def _speak(self, entry: dict[str, Any]) -> None:
        self._spoke = time.perf_counter()
        seconds = max(self._spoke - self._begun, 1e-9)
        rate = (self.step - self.feed.start_step) / seconds
        losses = {k: v for k, v in entry.items() if k not in ("step", "images", "seconds")}
        self.events({
            "event": "progress",
            "step": self.step,
            "steps": self.length.steps,
            "images": self.step * self.length.per_step,
            "images_per_second": round(rate * self.length.per_step, 1),
            "seconds_left": round((self.length.steps - self.step) / max(rate, 1e-9), 1),
            **{k: v for k, v in losses.items() if k != "images_per_second"},
        })  # fmt: skip

    @property
    def _picture(self) -> Path:
        return self.run.samples / f"step-{self.step:08d}.png"

    def _sample(self) -> None:
        self._numbers()  # no pictures of what is not finite
        renderer = rendering.renderer_for(self.gan.sampler.image_shape)
        labels = self._labels(renderer.num_samples) if self.gan.sampler.conditional else None
        n = renderer.num_samples if labels is None else len(labels)
        samples = self.gan.sample(n, seed=self.training.seed, labels=labels)
        make_folder(self.run.samples)
        drawn = self._drawn(renderer, samples, labels)
        publish(self._picture, rendering.encode_png(drawn), overwrite=True)
        if renderer.media:  # beside the pictures, the newest in place of the last
            content = renderer.encoders[renderer.media](samples, self._dataset.rate, None)
            publish(self.run.moving_path(renderer.media), content, overwrite=True)
        self.events({"event": "sample", "step": self.step, "path": str(self._picture)})

    def _drawn(self, renderer: rendering.Renderer, samples: np.ndarray, labels: np.ndarray | None):
        """The samples, beside what they were made from, or over what is real."""
        dataset = self._dataset
        if dataset.source_shape is None or renderer.side_by_side is None:
            real = np.asarray(dataset.images[: renderer.num_real]) if renderer.num_real else None
            return renderer.image(samples, real)
        targets = [np.asarray(dataset.images[: len(samples)])] if dataset.paired else []
        return renderer.side_by_side(labels, samples, *targets)

    def _labels(self, least: int) -> np.ndarray:
        """Labels for at least so many samples: the classes in turn, full rows if not too many."""
        labels, classes = self._dataset.labels, len(self._dataset.classes)
        if self._dataset.source_shape is not None:  # pictures: the first, as many as there are
            return np.asarray(labels[: min(least, _SOURCES)])
        if labels.ndim == 2:  # attributes: those of the first images
            return np.asarray(labels)[np.arange(least) % len(labels)]
        count = -(-least // classes) * classes
        return (np.arange(min(count, max(least, _MOST_SAMPLES))) % classes).astype("int32")

    def _save(self) -> None:
        self._numbers()
        arrays = arrays_of(self.gan)
        self._refuse(not_finite(arrays))
        path = checkpoints.save(
            self.run.checkpoints,
            self.step,
            {STATE: safetensors.dump(arrays, {**self.about, "step": self.step})},
            {"images": self.step * self.length.per_step}
            | ({best.KEY: self._judge.best} if self._judge.best else {}),
            keep=self.training.keep_checkpoints,
            spare=[self._judge.best["step"]] if self._judge.best else [],
        )
        self._saved = self.step
        self.events({"event": "checkpoint", "step": self.step, "path": str(path)})
