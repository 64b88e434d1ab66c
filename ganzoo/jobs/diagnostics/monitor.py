"""Monitor of a training: gathers evidence at its cadences, and reports illnesses.

Nothing of it changes the training: it reads means that are logged anyway, and draws samples from
a fixed seed.
"""

import functools
from collections import deque
from collections.abc import Mapping

import numpy as np

from ganzoo.config.loss_names import LOSSES
from ganzoo.jobs.diagnostics.diagnoses import warning_of
from ganzoo.jobs.diagnostics.evidence import (
    Evidence,
    evidence_of_log,
    evidence_of_samples,
    shrink,
)
from ganzoo.jobs.diagnostics.tracker import Tracker
from ganzoo.jobs.training.session import Session
from ganzoo.modalities import IMAGES

_SAMPLES = 64
_MAX_VALUES = 2**24  # in the samples of a check: of large images there are fewer
_MIN_SAMPLES = 16
_MIN_REAL = 8  # real samples: with fewer there is nothing to compare
_REFERENCES = 512  # real samples among which copies are looked for
_WINDOW = 4  # intervals of the log
_MIN_STEPS = 150  # every generator begins gray
_YOUTH = 0.1  # of the training


class Monitor:
    """Diagnoses of a training, as events and in its log.

    Args:
        session: The training.
    """

    def __init__(self, session: Session) -> None:
        self.session, self.gan = session, session.gan
        self.tracker = Tracker(entry["illness"] for entry in session.run.warnings())
        self._window: deque[Mapping[str, float]] = deque(maxlen=_WINDOW)

    def check_log(self, step: int, means: Mapping[str, float]) -> None:
        """Look at the newest intervals of the log.

        Args:
            step: The step now.
            means: Means of the logged values since the last check, by name.
        """
        self._window.append(means)
        if len(self._window) < _WINDOW or self._is_young(step):
            return
        loss = self.gan.config.loss
        evidence = evidence_of_log(
            self._window,
            equilibrium=self._equilibrium,
            has_threshold=loss in LOSSES and LOSSES[loss].has_threshold,
            penalties=self._active_penalties(step, means),
        )
        evidence["epochs"] = step * self.session.length.per_step / len(self.session.dataset)
        self._report(step, evidence)

    def check_samples(self, step: int) -> None:
        """Look at samples of the generator, and at those of its average.

        Args:
            step: The step now.
        """
        if self._is_young(step) or len(self.session.dataset) < _MIN_REAL:
            return
        labels = self._labels()
        n = self._count if labels is None else len(labels)
        draw = functools.partial(
            self.gan.sample, n, seed=self.session.recipe.training.seed, labels=labels
        )
        averaged = None if self.gan.ema is None else draw()
        self._report(step, evidence_of_samples(draw(use_ema=False), averaged, *self._real))

    def _is_young(self, step: int) -> bool:
        return step < max(_MIN_STEPS, _YOUTH * self.session.length.steps)

    def _active_penalties(self, step: int, means: Mapping[str, float]) -> dict[str, float]:
        """Weights of the penalties that each interval of the window has computed."""
        oldest = step - (_WINDOW + 1) * self.session.recipe.training.log_every
        return {
            regularizer.name: regularizer.weight
            for regularizer in self.gan.regularizers
            if isinstance(regularizer.weight, float | int)  # no schedule
            and regularizer.weight
            and regularizer.name in means
            and getattr(regularizer, "start", 0) <= oldest
            and getattr(regularizer, "every", 1) <= self.session.recipe.training.log_every
        }

    @functools.cached_property
    def _equilibrium(self) -> float:
        """The discriminator's loss of logits that say neither real nor generated."""
        import keras

        loss = self.gan.adversarial_loss
        logits = keras.ops.full((1,), loss.boundary)
        return float(keras.ops.convert_to_numpy(loss.discriminator(logits, logits))[0])

    @property
    def _count(self) -> int:
        return self._affordable(_SAMPLES)

    def _affordable(self, count: int) -> int:
        """So many samples, or fewer if they are large."""
        shape = self.gan.sampler.image_shape
        size = int(np.prod(self.session.dataset.image_shape if None in shape else shape))
        return min(count, max(_MIN_SAMPLES, _MAX_VALUES // size))

    @functools.cached_property
    def _real(self) -> tuple[np.ndarray, np.ndarray]:
        """As many real samples as generated ones, and those among which copies are looked for."""
        dataset = self.session.dataset
        reference = dataset.batch(_evenly(len(dataset), self._affordable(_REFERENCES)))[0]
        return shrink(reference[_evenly(len(reference), self._count)]), shrink(reference)

    def _labels(self) -> np.ndarray | None:
        """Labels of the samples as the data has them."""
        dataset = self.session.dataset
        if not self.gan.sampler.conditional:
            return None
        return dataset.batch(_evenly(len(dataset), self._count))[1]

    def _report(self, step: int, evidence: Evidence) -> None:
        augmentable = len(self.gan.sampler.image_shape) == IMAGES.rank
        evidence |= {"step": step, "augmentable": augmentable}
        for diagnosis in self.tracker.update(evidence):
            entry = warning_of(diagnosis, self.session.recipe.tables(), evidence)
            self.session.run.append_log(entry)
            self.session.events(entry)


def _evenly(length: int, count: int) -> np.ndarray:
    """At most so many indices, evenly over a length."""
    return np.unique(np.linspace(0, length - 1, min(length, count)).round().astype(int))
