"""The moving average of a network's weights. Yazici et al. 2018, https://arxiv.org/abs/1806.04498.

A generator that plays against a moving opponent circles around its target; the average of
its weights is closer to it. The average is a list of arrays, not a second network: it is
evaluated by calling the network with other values.
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from ganzoo import backend


class Average:
    """An average of every float weight of `network`, statistics of batch norm included.

    Args:
        network: A built Keras model.
        decay: The average keeps this share of itself at each step, in [0, 1).
        add_weight: `add_weight` of the layer that shall own the averages.
    """

    def __init__(self, network: keras.Model, decay: float, add_weight: Callable):
        self.decay = decay
        self.sources = [weight for weight in network.weights if "float" in weight.dtype]
        self.weights = [
            add_weight(
                shape=source.shape,
                dtype=source.dtype,
                initializer=_copy_of(source),
                trainable=False,
                autocast=False,
                name="average_" + source.path.replace("/", "_"),
            )
            for source in self.sources
        ]
        self._average_of = dict(zip(map(id, self.sources), self.weights, strict=True))

    def update(self) -> None:
        """Move the average toward the network's weights: once per step."""
        backend.blend(self.weights, self.sources, 1.0 - self.decay)

    def of(self, variable: keras.Variable) -> keras.Variable:
        """The average of `variable`, or the variable itself if it is not averaged (a seed)."""
        return self._average_of.get(id(variable), variable)


def _copy_of(source: keras.Variable) -> Callable:
    # through NumPy: of a buffer that two variables share, JAX would donate one half
    value = np.array(ops.convert_to_numpy(source.value))
    return lambda shape, dtype: ops.convert_to_tensor(value, dtype)
