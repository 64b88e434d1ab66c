"""Several devices on TensorFlow: a process for each, joined by its own cluster and collectives.

`tf.distribute.MultiWorkerMirroredStrategy` starts the cluster that TF_CONFIG describes, and is
used for nothing else: its variables and its merging of replicas fit neither Keras' state nor fused
steps. Each process has plain variables, and a sum over the processes is one collective operation.
"""

import itertools
import signal
import threading
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from ganzoo.backend.devices import Group, unreachable
from ganzoo.backend.tensor import Tensor
from ganzoo.errors import EnvironmentProblem

_DEVICES = 1  # the number of the group, among all groups of the cluster
_MAX_TEXT = 4096  # bytes


def total(x: Tensor, add_up: Callable) -> Tensor:
    """The sum over a group, by a function of one tensor; its gradient is the same sum."""

    @tf.custom_gradient
    def summed(x):
        return add_up(x), lambda gradient: total(gradient, add_up)

    return summed(x)


class TensorFlowGroup(Group):
    """The processes of a training on TensorFlow, as TF_CONFIG describes them.

    Args:
        rank: The number of this process.
        count: How many there are.
        local: The number of this process's device on its host.

    Raises:
        EnvironmentProblem: The others do not come, or TensorFlow has computed here already.
    """

    def __init__(self, rank: int, count: int, local: int):
        super().__init__(rank, count)
        self._keys = itertools.count(1)
        if gpus := tf.config.list_physical_devices("GPU"):
            tf.config.set_visible_devices(gpus[local], "GPU")
        try:
            self._cluster = tf.distribute.MultiWorkerMirroredStrategy()
        except tf.errors.OpError as error:
            raise unreachable() from error
        except (RuntimeError, ValueError) as error:
            raise EnvironmentProblem(
                "TensorFlow joins other processes once, and before it computes anything. "
                f"Received: {error}",
                hint="Begin in a new Python process, or with the command `ganzoo`.",
            ) from error
        if threading.current_thread() is threading.main_thread():
            # the cluster takes SIGTERM for itself, as a sign that a machine will be shut down
            signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM) or signal.SIG_DFL)

    def total(self, x: Tensor) -> Tensor:
        """The sum over the processes, differentiable any number of times."""
        return total(x, self._add_up)

    def _add_up(self, x: Tensor) -> Tensor:
        # all processes trace or run the same operations, and so number them alike
        return tf.raw_ops.CollectiveReduceV2(
            input=x, group_size=self.count, group_key=_DEVICES, instance_key=next(self._keys),
            merge_op="Add", final_op="Id", communication_hint="auto", timeout_seconds=0,
            ordering_token=[], max_subdivs_per_device=-1,
        )  # fmt: skip

    def gather(self, number: float) -> list[float]:
        """A number of each process, by rank."""
        numbers = np.zeros(self.count)
        numbers[self.rank] = number
        return self._add_up(tf.constant(numbers)).numpy().tolist()

    def share(self, text: str) -> str:
        """The text of the process of rank 0, of at most 4,096 bytes."""
        code = np.zeros(_MAX_TEXT)
        if not self.rank:
            content = text.encode()
            code[: len(content)] = np.frombuffer(content, np.uint8)
        code = self._add_up(tf.constant(code)).numpy().astype(np.uint8)
        return bytes(code).rstrip(b"\0").decode()

    def problem(self, error: Exception) -> Exception | None:
        """A sentence in place of TensorFlow's error of a connection or a collective."""
        kinds = (
            tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError,
            tf.errors.InternalError, tf.errors.DeadlineExceededError,
        )  # fmt: skip
        return unreachable() if isinstance(error, kinds) else None


def number_of_devices() -> int:
    """Return how many GPUs this host has; 1, its processor, without any."""
    return max(len(tf.config.list_physical_devices("GPU")), 1)
