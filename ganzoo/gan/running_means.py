"""Running means of everything a step logs, in two variables instead of two per name."""

from collections.abc import Sequence

import keras
from keras import ops

from ganzoo.errors import PluginError


class Means(keras.metrics.Metric):
    """Means over the steps since the last reset; they stay on the device until read.

    Args:
        names: What a step logs. Each must appear in every call of `update_state`.
    """

    def __init__(self, names: Sequence[str]):
        super().__init__(name="means", dtype="float32")
        self.names = tuple(names)
        self.total = self.add_variable((len(self.names),), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, logs: dict) -> None:
        """Add one step's values.

        Raises:
            PluginError: the objectives log other names than were declared.
        """
        if set(logs) != set(self.names):
            missing, extra = (
                sorted(set(self.names) - set(logs)),
                sorted(set(logs) - set(self.names)),
            )
            raise PluginError(
                "A step must log what its GAN declares in `logged`, and the accuracies. "
                f"Missing: {missing or 'nothing'}. Not declared: {extra or 'nothing'}."
            )
        values = [ops.cast(logs[name], "float32") for name in self.names]
        self.total.assign(self.total + ops.stack(values))
        self.count.assign(self.count + 1.0)

    def result(self) -> dict:
        """The mean by name; 0 before the first step."""
        means = self.total / ops.maximum(self.count, 1.0)
        return {name: means[i] for i, name in enumerate(self.names)}
