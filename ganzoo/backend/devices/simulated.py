"""Several devices in one process, of which one computes at a time: for checks."""

import functools
import operator
import threading
from collections.abc import Callable, Sequence
from typing import Any

import keras

from ganzoo.backend import devices
from ganzoo.backend.tensor import Tensor


def simulate(functions: Sequence[Callable[[], Any]]) -> list:
    """Return what each function returns, each as a device of a group in a step of training.

    For PyTorch and TensorFlow, eagerly: each has a thread of its own, and the next one goes on
    when one waits for the others.

    Args:
        functions: One for each device. All have to ask for the same of the group.

    Raises:
        RuntimeError: They do not.
    """
    meeting = _Meeting(len(functions))
    results: list = [None] * len(functions)

    def run(rank: int) -> None:
        meeting.wait_until_active(rank)
        try:
            with devices.in_step(_Simulated(rank, meeting)):
                results[rank] = functions[rank]()
        except BaseException as error:
            meeting.errors.append(error)
        meeting.end(rank)

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if meeting.errors:
        raise meeting.errors[0]
    return results


class _Simulated(devices.Group):
    def __init__(self, rank: int, meeting: "_Meeting"):
        super().__init__(rank, meeting.count)
        self._meeting = meeting

    def total(self, x: Tensor) -> Tensor:
        add_up = functools.partial(self._meeting.add_up, self.rank)
        if keras.backend.backend() == "torch":
            from ganzoo.backend.devices.torch_group import Total

            return Total.apply(x, add_up)
        from ganzoo.backend.devices.tensorflow_group import total

        return total(x, add_up)


class _Meeting:
    """Threads of which one runs at a time, and which add up tensors when each has brought one."""

    def __init__(self, count: int):
        self.count = count
        self.errors: list[BaseException] = []
        self._active, self._ended = 0, set()
        self._changed = threading.Condition()
        self._given: list[Tensor] = []
        self._sums = 0
        self._sum: Tensor = None

    def wait_until_active(self, rank: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._active == rank)

    def end(self, rank: int) -> None:
        self._ended.add(rank)
        self._pass_on(rank)

    def add_up(self, rank: int, x: Tensor) -> Tensor:
        sums = self._sums
        self._given.append(x)
        if len(self._given) == self.count:
            self._sum, self._given = functools.reduce(operator.add, self._given), []
            self._sums += 1
        random = _random_state()
        self._pass_on(rank)
        self.wait_until_active(rank)
        _set_random_state(random)
        if self._sums == sums:
            raise RuntimeError("The devices do not ask for the same sums in the same order.")
        return self._sum

    def _pass_on(self, rank: int) -> None:
        others = [(rank + i) % self.count for i in range(1, self.count + 1)]
        with self._changed:
            self._active = next((other for other in others if other not in self._ended), -1)
            self._changed.notify_all()


def _random_state() -> Any:
    """The state that PyTorch's threads share, where it is in use."""
    if keras.backend.backend() != "torch":
        return None
    from ganzoo.backend.devices.torch_group import random_state

    return random_state()


def _set_random_state(state: Any) -> None:
    if state is not None:
        from ganzoo.backend.devices.torch_group import set_random_state

        set_random_state(state)
