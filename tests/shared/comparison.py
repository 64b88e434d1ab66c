"""Arrays by their names, compared bit by bit; and those of short trainings."""

import numpy as np
from lazy_keras import Lazy

weights = Lazy("ganzoo.jobs.models.weights")


def differing(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> set[str]:
    """Names of the arrays that are not equal."""
    assert one.keys() == other.keys()
    return {name for name in one if one[name].tobytes() != other[name].tobytes()}


def states_of_training(gan, images, steps, first=None):
    """The state before and after some steps, from given arrays if any, and the last one's logs."""
    if first is not None:
        weights.assign_arrays(gan.state(), first, "one")
    first = weights.state_arrays(gan)
    for _ in range(steps):
        gan.reset_metrics()
        logs = gan.train_on_batch(images, return_dict=True)
    return first, weights.state_arrays(gan), logs
