"""Exponential moving average of a network's weights. Yazici et al. 2018,
https://arxiv.org/abs/1806.04498.

A generator that trains against a moving opponent circles around its target; the average of
its weights is closer to it. The average is a list of arrays, not a second network: it is
evaluated by calling the network with other values.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from ganzoo import backend


class EMA:
    """An average of every float weight of `network`, statistics of batch norm included.

    It is counted in images, so that its length does not depend on the batch, and it ramps up:
    early on it forgets fast, so that it never shows the untrained weights. Karras et al. 2021,
    https://arxiv.org/abs/2106.12423, appendix G.

    Args:
        network: A built Keras model.
        half_life: Images after which a weight's value counts half, above 0; or a schedule.
        rampup: The half-life is at most this share of the images shown so far; 0: no ramp.
        add_weight: `add_weight` of the layer that owns the averages.
    """

    def __init__(self, network: keras.Model, half_life: Any, rampup: float, add_weight: Callable):
        self.half_life, self.rampup = half_life, rampup
        self.sources = [weight for weight in network.weights if "float" in weight.dtype]
        self.weights = [
            add_weight(
                shape=source.shape,
                dtype=source.dtype,
                initializer=_copy_of(source),
                trainable=False,
                autocast=False,
                name="ema_" + source.path.replace("/", "_"),
            )
            for source in self.sources
        ]
        self._average_of = dict(zip(map(id, self.sources), self.weights, strict=True))

    def update(self, images, count) -> None:
        """Move the average toward the network's weights, once per step.

        Args:
            images: Real images shown before this step, a scalar.
            count: Real images of this step.
        """
        half_life = ops.cast(self.half_life, "float32")
        if self.rampup:
            half_life = ops.minimum(half_life, self.rampup * ops.cast(images, "float32"))
        share = ops.cast(count, "float32") / ops.maximum(half_life, 1e-6)
        # 1 - 2 ** -share, exact for shares near 0
        backend.ema_update(self.weights, self.sources, -ops.expm1(-math.log(2.0) * share))

    def of(self, variable: keras.Variable) -> keras.Variable:
        """Return the average of `variable`, or the variable itself if it has none (a seed)."""
        return self._average_of.get(id(variable), variable)


def _copy_of(source: keras.Variable) -> Callable:
    # through NumPy: of a buffer that two variables share, JAX would donate one half
    value = np.array(ops.convert_to_numpy(source.value))
    return lambda shape, dtype: ops.convert_to_tensor(value, dtype)
