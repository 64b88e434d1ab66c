"""Numbers of a step that follow a schedule: pure functions of how far the training is.

Nothing is kept but the counters of steps and images, which a GAN has anyway. So a training that
is resumed goes on with the same numbers, to the bit.
"""

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from keras import ops

from ganzoo.backend import Tensor
from ganzoo.config.schedules import Bursts, Piecewise, Schedule

# The way from the first value to the last one, by the share of it that has passed
_RAMPS: dict[str, Callable[[float, float, Tensor], Tensor]] = {
    "linear": lambda a, b, share: a + (b - a) * share,
    # (1 - cos x) / 2 = sin(x / 2)^2, which is exact near 0
    "cosine": lambda a, b, share: a + (b - a) * ops.square(ops.sin(0.5 * math.pi * share)),
    "exponential": lambda a, b, share: a * ops.exp(math.log(b / a) * share),
}


class Schedules:
    """The numbers of a GAN's parts that follow schedules.

    Args:
        owners: By a prefix for the log: an object, and the schedules of its attributes.
    """

    def __init__(self, owners: Mapping[str, tuple[Any, Mapping[str, Schedule]]]):
        self.numbers = {
            f"{prefix}_{attribute}".removeprefix("_"): (owner, attribute, schedule)
            for prefix, (owner, schedules) in owners.items()
            for attribute, schedule in schedules.items()
        }

    @contextlib.contextmanager
    def applied(self, steps: Tensor, images: Tensor) -> Iterator[dict[str, Tensor]]:
        """Inside, the attributes have their values of this step; those are given by name.

        Args:
            steps: Steps before this one, an int32 scalar.
            images: Real images before this step, an int32 scalar.
        """
        values, before = {}, []
        try:
            for name, (owner, attribute, schedule) in self.numbers.items():
                values[name] = value_at(schedule, steps, images)
                if attribute in vars(owner):  # a learning rate is not: a variable keeps it
                    before.append((owner, attribute, getattr(owner, attribute)))
                setattr(owner, attribute, values[name])
            yield values
        finally:
            for owner, attribute, value in before:
                setattr(owner, attribute, value)


def schedules_of(owner: Any) -> dict[str, Schedule]:
    """The attributes of an object that are schedules."""
    return {name: value for name, value in vars(owner).items() if isinstance(value, Schedule)}


def value_at(schedule: Schedule, steps: Tensor, images: Tensor) -> Tensor:
    """The value of a schedule, a float32 scalar.

    Args:
        schedule: A schedule over steps or images.
        steps: Steps so far, an int32 scalar.
        images: Real images so far, an int32 scalar.
    """
    table = cast(Any, schedule)
    count = steps if table.steps is not None else images
    if isinstance(schedule, Bursts):
        bursting = (count < table.steps) | (ops.mod(count, table.every) == 0)
        return ops.where(bursting, ops.cast(table.burst, "float32"), table.value)
    if isinstance(schedule, Piecewise):
        value = ops.convert_to_tensor(schedule.values[0], "float32")
        for jump, following in zip(table.steps or table.images, schedule.values[1:], strict=True):
            value = ops.where(count >= jump, ops.cast(following, "float32"), value)
        return value
    share = ops.cast(count - table.begin, "float32") / (table.steps or table.images)
    return _RAMPS[table.schedule](table.initial, table.final, ops.clip(share, 0.0, 1.0))
