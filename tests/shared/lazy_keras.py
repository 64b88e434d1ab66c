"""Keras for tests, imported when one first uses it: collecting them imports no framework."""

import gc
import importlib
import math
import os
import sys
from typing import Any

import numpy as np
import pytest

# What the layers are, of which shapes, and what is refused: the same code on every backend.
on_torch = pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND") != "torch", reason="of no backend: where it is fastest"
)
MAPS, MANY_MAPS = "/proc/self/maps", 20_000


def takes_turn(number: int) -> bool:
    """Whether this backend runs the case of this number of those that take long to compile.

    PyTorch, which compiles nothing, runs all of them, each of the others every second one, and
    all with `GANZOO_TEST_ROUNDS`, which `tests/faults.py` sets.
    """
    turns = {"jax": 0, "tensorflow": 1}
    mine = turns.get(os.environ.get("KERAS_BACKEND", ""), number % 2)
    return number % 2 == mine or "GANZOO_TEST_ROUNDS" in os.environ


class Lazy:
    """A module by its name, imported when an attribute is read: `Lazy("ganzoo_media.vgan")`."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        # `_` is what pytest asks of everything that it collects
        if attribute.startswith("_") and attribute != "__version__":
            raise AttributeError(attribute)
        return getattr(importlib.import_module(self._name), attribute)


keras, layers, ops = (Lazy(name) for name in ("keras", "keras.layers", "keras.ops"))


def tensor(x: Any, dtype: str = "float32") -> Any:
    return ops.convert_to_tensor(np.asarray(x, dtype))


def to_numpy(x: Any) -> np.ndarray:
    """A tensor or variable as a copy in NumPy."""
    return np.array(ops.convert_to_numpy(ops.stop_gradient(ops.convert_to_tensor(x))))


def trained_weights(network: Any) -> int:
    """The number of a network's weights that are trained."""
    return sum(math.prod(weight.shape) for weight in network.trainable_variables)


def let_programs_go():
    """Clear JAX' caches where they are large: it maps several parts of memory for each program.

    A process may map 65,530, which Linux counts; elsewhere they are cleared each time.
    """
    if "jax" not in sys.modules or os.environ.get("KERAS_BACKEND") != "jax":
        return
    if os.path.exists(MAPS):
        with open(MAPS, "rb") as file:
            if sum(1 for _ in file) < MANY_MAPS:
                return
    gc.collect()
    sys.modules["jax"].clear_caches()
