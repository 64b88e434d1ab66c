"""Length of a training: its steps on a data set, and the time that is left."""

from dataclasses import dataclass

from ganzoo.catalog.recipe.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class TrainingLength:
    """Length of a training.

    Args:
        steps: Number of steps.
        per_step: Real images in one step.
        per_epoch: Steps in one pass over the data.
    """

    steps: int
    per_step: int
    per_epoch: int

    def seconds_left(self, step: int, images_per_second: float) -> float:
        """Return the seconds from a step to the end at a speed above 0."""
        return max(self.steps - step, 0) * self.per_step / images_per_second


def training_length(recipe: Recipe, images: int) -> TrainingLength:
    """Return how long a recipe trains on a data set of that many images."""
    training = recipe.training
    per_step = training.batch * recipe.gan.critic_updates
    per_epoch = images // per_step
    if training.steps is not None:
        steps = training.steps
    elif training.epochs is not None:
        steps = training.epochs * per_epoch
    else:
        steps = -(-(training.images or 0) // per_step)
    return TrainingLength(steps=steps, per_step=per_step, per_epoch=per_epoch)
