"""A training session: everything that one training works with."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.recipe.length import TrainingLength, training_length
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.runs import Run
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import Feed
from ganzoo.jobs.training.evaluation import PeriodicEvaluation
from ganzoo.jobs.training.signals import Stop

if TYPE_CHECKING:
    from ganzoo.backend.devices import Group
    from ganzoo.gan.gan import GAN

Events = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, kw_only=True)
class Session:
    """Everything that one training works with.

    Args:
        gan: The compiled GAN, its state that of step `start`.
        recipe: The recipe that is trained.
        dataset: The real samples.
        run: The run's folder, locked by us.
        events: Function called with each event.
        stop: The request to stop.
        evaluation: The evaluation while it is trained.
        group: The devices that train together.
        start: The step to go on from; 0 for a new run.
    """

    gan: "GAN"
    recipe: Recipe
    dataset: Dataset
    run: Run
    events: Events
    stop: Stop
    evaluation: PeriodicEvaluation
    group: "Group"
    start: int = 0

    def stop_requested(self) -> bool:
        """Return whether a signal asked any of the processes to stop. All of them have to ask."""
        stop = self.stop
        stop.signal = next(filter(None, map(int, self.group.gather(stop.signal or 0))), stop.signal)
        return stop.signal is not None

    @functools.cached_property
    def length(self) -> TrainingLength:
        """The length of the recipe's training on the data set."""
        return training_length(self.recipe, len(self.dataset))

    @functools.cached_property
    def feed(self) -> Feed:
        """The batches from `start` to the end, cut where a callback is due."""
        training, fused = self.recipe.training, self.gan.steps_per_dispatch
        # multiples of the dispatch as well: so the cuts do not depend on where a run stopped
        marks = (training.log_every, training.sample_every, training.checkpoint_every, fused)
        return Feed(
            self.dataset,
            batch=training.batch,
            n_critic=self.recipe.gan.critic_updates,
            seed=training.seed,
            start_step=self.start,
            stop_step=max(self.start, self.length.steps),
            steps_per_dispatch=fused,
            value_range=self.gan.value_range,
            share=(self.group.rank, self.group.count),
            microbatches=training.gradient_accumulation_steps,
            boundaries=lambda step: min((step // every + 1) * every for every in marks),
        )
