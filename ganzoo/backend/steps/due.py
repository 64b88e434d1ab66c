"""Conditions for what is due at some steps only.

Which steps these are depends on their number, a variable. Where a number is known while a step is
traced, the program has the work of a due step, or none of it, and no condition.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from ganzoo.backend.tensor import Tensor


class KnownStep:
    """A step whose number is known, and the answers that its program was made for.

    Args:
        steps: The variable that counts steps.
        number: Its value before the step.
    """

    def __init__(self, steps: Any, number: int):
        self.steps, self._number = steps, number
        self._answers: dict[int, bool] = {}

    def is_due(self, every: int) -> bool:
        """Return whether the number is a multiple of `every`, and keep that the program asked."""
        return self._answers.setdefault(every, self._number % every == 0)

    def has_program_of(self, number: int) -> bool:
        """Return True if the step of another number would get the same answers."""
        return all(due == (number % every == 0) for every, due in self._answers.items())


class _OfThread(threading.local):
    step: KnownStep | None = None
    value: Any = None  # of the counter, as a tensor


_now = _OfThread()


@contextlib.contextmanager
def known(step: KnownStep | None) -> Iterator[None]:
    """Inside, this step is traced."""
    before = _now.step, _now.value
    _now.step, _now.value = step, step and step.steps.value
    try:
        yield
    finally:
        _now.step, _now.value = before


def is_due(steps: Any, every: int) -> Tensor | bool:
    """Return whether a number of steps, a variable or a tensor, is a multiple of `every`.

    It is a bool where the number is known and a boolean scalar elsewhere: a condition for
    `lazy_cond`, `update_if` or `keras.ops`, not for `if` or `~`.
    """
    step = _now.step
    if step is not None and step.steps is steps and steps.value is _now.value:  # still as it was
        return step.is_due(every)
    from keras import ops

    return ops.equal(ops.mod(steps, every), 0)
