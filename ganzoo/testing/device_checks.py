"""A step of training on two devices, which are simulated in one process."""

import functools

import keras
import numpy as np
from keras import ops

from ganzoo.backend.devices.simulated import simulate
from ganzoo.gan.gan import GAN
from ganzoo.jobs.models.weights import state_arrays
from ganzoo.testing.architecture_case import BATCH, SEED, ArchitectureCase
from ganzoo.testing.check_report import NotRun, require
from ganzoo.testing.update_trace import NETWORKS, first_names

_RATE = 0.01  # of SGD, so that a weight changes by its gradient, and rounding stays small
_TOLERANCE = 1e-3  # of the largest change in a network; what is wrong is wrong by far more
_ROUNDING = 1e-4  # of everything else, relative to it


def check_devices(case: ArchitectureCase) -> None:
    """A step on two devices is what it is on one: what is no mean per sample is of the whole batch.

    On JAX that is so by itself, and TensorFlow computes the same as PyTorch, on which it is tried.
    """
    if keras.backend.backend() != "torch":
        raise NotRun("runs on PyTorch")
    one, *several = (_trained_by_sgd(case) for _ in range(3))
    before = state_arrays(one)
    data = [ops.convert_to_tensor(part) for part in case.batch(0)]
    one.train_step(tuple(data))
    rows = BATCH // len(several)
    simulate([
        functools.partial(gan.train_step, tuple(x[i * rows : (i + 1) * rows] for x in data))
        for i, gan in enumerate(several)
    ])  # fmt: skip
    expected, received, other = (state_arrays(gan) for gan in (one, *several))
    differing = {n for n in received if received[n].tobytes() != other[n].tobytes()}
    require(not differing, f"Devices go apart in {first_names(differing)}. {_ADVICE}")
    wrong = _differing(before, expected, received)
    require(not wrong, f"Two devices train {first_names(wrong)} otherwise than one. {_ADVICE}")


_ADVICE = (
    "What is not a mean over samples goes through ganzoo.backend.devices: mean, total or whole; "
    "random numbers of samples come from batch.rng, dropout and batch norm from ganzoo.layers."
)


def _trained_by_sgd(case: ArchitectureCase) -> GAN:
    gan = case.build()
    gan.compile(*(keras.optimizers.SGD(_RATE) for _ in NETWORKS), seed=SEED, **case.config)
    return gan


def _differing(before: dict, expected: dict, received: dict) -> list[str]:
    """Names of the arrays that are not equal up to rounding."""
    change = {
        name: max(_largest(expected[n] - before[n]) for n in before if n.startswith(f"{name}/"))
        for name in NETWORKS
    }
    found = []
    for name, array in expected.items():
        tolerance = _TOLERANCE * change.get(name.partition("/")[0], 0.0)
        tolerance += _ROUNDING * (_largest(array) if not tolerance else 0.0) + 1e-6
        if _largest(array - received[name]) > tolerance:
            found.append(name)
    return found


def _largest(array: np.ndarray) -> float:
    return float(np.abs(array).max(initial=0))
