"""Running means of everything a step logs, in two variables instead of two per name."""

import keras
from keras import ops

from ganzoo.errors import PluginError

_CAPACITY = 64  # names
_FIRST = ("d_loss", "g_loss")  # then by name, since JAX keeps no order of a dictionary


class StepMetrics(keras.metrics.Metric):
    """Means over the steps since the last reset; they stay on the device until read.

    The names are those that the first step logs; every later one must log the same.
    """

    def __init__(self):
        super().__init__(name="metrics", dtype="float32")
        self.names: tuple[str, ...] = ()
        self.total = self.add_variable((_CAPACITY,), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, logs: dict) -> None:
        """Add one step's values.

        Raises:
            PluginError: a step logs other names than the first one, or too many.
        """
        names = tuple(sorted(logs, key=lambda name: (name not in _FIRST, name)))
        if not self.names:
            self.names = names
        if names != self.names or len(names) > _CAPACITY:
            raise PluginError(
                f"Every step must log the same names, at most {_CAPACITY}. "
                f"Expected: {', '.join(self.names)}. Received: {', '.join(names)}."
            )
        values = [ops.cast(logs[name], "float32") for name in names]
        rest = ops.zeros((_CAPACITY - len(values),), "float32")
        self.total.assign(self.total.value + ops.concatenate([ops.stack(values), rest]))
        self.count.assign(self.count.value + 1.0)

    def result(self) -> dict:
        """Return the means by name; nothing before the first step."""
        means = self.total / ops.maximum(self.count, 1.0)
        return {name: means[i] for i, name in enumerate(self.names)}
