"""Several devices on JAX: one program for all, in which every batch is cut among them.

`keras.distribution.DataParallel` keeps a copy of each variable on each device, and XLA adds the
reductions wherever rows meet. So what a program computes does not depend on the number of devices.
"""

from typing import Any

import jax
import keras

from ganzoo.backend.devices import Group
from ganzoo.backend.tensor import Tensor
from ganzoo.errors import EnvironmentProblem


class RowsParallel(keras.distribution.DataParallel):
    """Keras' data parallelism, with the axis of the batch after that of fused steps.

    Args:
        devices: Names of devices.
    """

    #: The axis of the batch in what `fit` is given.
    batch_axis = 0

    def __init__(self, devices: list[str]):
        super().__init__(devices=devices, auto_shard_dataset=False)

    def get_data_layout(self, data_shape: Any) -> keras.distribution.TensorLayout:
        """Return the layout of an array of a batch."""
        axes: list[str | None] = [None] * len(data_shape)
        axes[self.batch_axis] = self.batch_dim_name
        return keras.distribution.TensorLayout(axes, self.device_mesh)


class Mesh(Group):
    """All devices of this process, in one program.

    Args:
        number: How many devices; None: all.

    Raises:
        EnvironmentProblem: There are fewer.
    """

    def __init__(self, number: int | None):
        found = keras.distribution.list_devices()
        if number is not None and number > len(found):
            raise EnvironmentProblem(
                f"JAX has fewer devices here than {number}. Received: {len(found)}.",
                hint="A CPU counts as several with "
                f"XLA_FLAGS=--xla_force_host_platform_device_count={number}."
                if jax.default_backend() == "cpu" else None,
            )  # fmt: skip
        chosen = found if number is None else found[:number]
        super().__init__(devices=len(chosen))
        self._before = keras.distribution.distribution()
        self.distribution = RowsParallel(chosen)
        keras.distribution.set_distribution(self.distribution)

    def shard(self, x: Tensor, axis: int) -> Tensor:
        """All rows, of which each device makes its own."""
        if x.shape[axis] % self.devices:
            return x  # too few to be divided
        axes: list[str | None] = [None] * len(x.shape)
        axes[axis] = self.distribution.batch_dim_name
        layout = keras.distribution.TensorLayout(axes, self.distribution.device_mesh)
        return keras.distribution.distribute_tensor(x, layout)

    def leave(self) -> None:
        """Give back the distribution that there was."""
        keras.distribution.set_distribution(self._before)


def set_batch_axis(axis: int) -> None:
    """Set the axis of the batch in what `fit` is given: behind that of fused steps."""
    distribution = keras.distribution.distribution()
    if isinstance(distribution, RowsParallel):
        distribution.batch_axis = axis
