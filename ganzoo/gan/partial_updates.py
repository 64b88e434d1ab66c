"""Updates that are due in some steps only."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import keras
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor
from ganzoo.gan.scheduled_numbers import value_at


@contextlib.contextmanager
def changed_only_if(due: Tensor, variables: Iterable[keras.Variable]) -> Iterator[None]:
    """Undo what happens to the variables inside, unless `due`, a boolean scalar.

    Steps of both kinds are one compiled program, which a checkpoint can interrupt anywhere.
    """
    held = [(variable, ops.copy(variable.value)) for variable in variables]
    yield
    for variable, before in held:
        variable.assign(ops.where(due, variable.value, before))


def penalty_update(
    gan: Any, name: str, every: int, loss_fn: Callable, otherwise: Mapping[str, Any]
) -> dict:
    """Update a network by a penalty alone, at every `every` steps. Karras et al. 2020 (StyleGAN2),
    https://arxiv.org/abs/1912.04958, appendix B.

    Args:
        gan: A compiled `GAN`.
        name: `"generator"` or `"discriminator"`.
        every: Interval in steps.
        loss_fn: `() -> (loss, logs)`; what it writes is dropped.
        otherwise: Logs of the other steps, scalars by the same names.
    """
    optimizer, weights = getattr(gan.optimizer, name), getattr(gan, name).trainable_variables

    def penalized() -> dict:
        result = backend.gradients(loss_fn, weights, optimizer.scale_loss, gan.accumulation_steps)
        backend.apply(optimizer, result.gradients, weights)
        return {key: result.logs[key] for key in otherwise}

    def unchanged() -> dict:
        return {key: ops.convert_to_tensor(value, "float32") for key, value in otherwise.items()}

    due = backend.is_due(gan.steps, every)
    return backend.update_if(due, penalized, unchanged, [*weights, *optimizer.variables])


class GeneratorWait:
    """When the generator learns, where `n_critic` follows a schedule.

    The steps of the training are all alike; in some the generator's update is undone.

    Args:
        add_weight: `add_weight` of the GAN.
    """

    def __init__(self, add_weight: Callable):
        count = {"shape": (), "dtype": "int32", "initializer": "zeros", "trainable": False}
        self.taken = add_weight(name="generator_updates", **count)
        self.waited = add_weight(name="waited_updates", **count)  # of the discriminator

    def update(self, gan: Any, update_generator: Callable) -> dict:
        """Update the generator, if the discriminator had its updates; return scalars to log.

        Args:
            gan: A compiled `GAN`, whose discriminator was updated in this step.
            update_generator: `() -> logs`, which changes the generator and its optimizer.
        """
        n_critic = value_at(gan.config.n_critic, self.taken, self.taken)
        waited = self.waited + gan.config.critic_updates
        due = waited >= ops.cast(n_critic, "int32")
        learning = [*gan.generator.variables, *gan.optimizer.generator.variables]
        with changed_only_if(due, learning):
            logs = update_generator()
        self.taken.assign(self.taken + ops.cast(due, "int32"))
        self.waited.assign(ops.where(due, 0, waited))
        return {**logs, "n_critic": n_critic}
