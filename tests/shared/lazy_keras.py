"""Keras for tests, imported when one first uses it: collecting them imports no framework."""

import importlib
import math
from typing import Any

import numpy as np


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
