"""The training step on JAX: a pure function of the state, which Keras compiles."""

from collections.abc import Callable
from typing import Any

import jax
import keras
import numpy as np

from ganzoo.backend import devices
from ganzoo.backend.devices.jax_mesh import set_batch_axis
from ganzoo.backend.scope import StrictScope
from ganzoo.backend.steps.due import KnownStep, known


class Stepper(keras.Model):
    """Fits `step(data)` to Keras' JAX trainer, whose `train_step` is a pure function."""

    def make_train_function(self, force=False):
        """Make Keras' function of a step, under which a step that raises leaves the model whole.

        While `fit` runs, Keras holds the values of all variables outside of the model.
        """
        set_batch_axis(int(self.steps_per_dispatch > 1))
        if self.train_function is None or force:
            super().make_train_function(force)
            function = self.train_function
            if jax.default_backend() == "cpu" and self.steps_per_dispatch == 1:
                variables = self.non_trainable_variables
                index = next(i for i, v in enumerate(variables) if v is self.steps)
                function = _ByStep(function, self.steps, index)
            self.train_function = _restoring(function, self._state_groups)

    def make_predict_function(self, force=False):
        """Make Keras' function of a prediction; see `make_train_function`."""
        if self.predict_function is None or force:
            super().make_predict_function(force)
            self.predict_function = _restoring(
                self.predict_function, lambda: self._state_groups()[:2]
            )
        return self.predict_function

    def _state_groups(self) -> tuple:
        return (
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        )

    def train_step(self, state, data):
        data, step = (data.data, data.step) if isinstance(data, _OfStep) else (data, None)
        data, groups = self.unpack(data), self._state_groups()

        def one(state, data):
            in_step = devices.in_step(microbatches=self.accumulation_steps)
            with StrictScope(_pairs(groups, state)) as scope, in_step, known(step):
                self.step(data)
                return tuple([scope.get_current_value(v) for v in group] for group in groups)

        state = tuple(list(values) for values in state)
        if self.steps_per_dispatch == 1:
            state = one(state, data)
        else:
            state, _ = jax.lax.scan(lambda state, data: (one(state, data), None), state, data)
        with StrictScope(_pairs(groups, state)):
            return self.get_metrics_result(), state


@jax.tree_util.register_pytree_node_class
class _OfStep:
    """The data of a step that is known: JAX compiles a program for each."""

    def __init__(self, data: Any, step: KnownStep):
        self.data, self.step = data, step

    def tree_flatten(self):
        return (self.data,), self.step

    @classmethod
    def tree_unflatten(cls, step: KnownStep, children: tuple):
        return cls(children[0], step)


class _ByStep:
    """Keras' function of a step, with a program for each combination of what is due at a step.

    A condition inside of one program would make convolutions ten times slower on XLA's CPU, and
    computing what is not due takes its time in every step.

    Args:
        function: `(state, iterator) -> (logs, state)`.
        steps: The variable that counts steps.
        index: Where its value is in the second part of a state.
    """

    def __init__(self, function: Callable, steps: Any, index: int):
        self._function, self._steps, self._index = function, steps, index
        self._programs: list[KnownStep] = []
        self._last: tuple[Any, int] | None = None  # the counter that came out, and its value

    def __call__(self, state: tuple, iterator: Any) -> tuple:
        data = next(iterator)
        number = self._number(state[1][self._index])
        chosen = next((p for p in self._programs if p.has_program_of(number)), None)
        step = chosen or KnownStep(self._steps, number)
        logs, state = self._function(state, iter([_OfStep(data, step)]))
        if chosen is None:
            self._programs.append(step)
        self._last = state[1][self._index], number + 1
        return logs, state

    def _number(self, value: Any) -> int:
        """The value of the counter; nothing waits for the step before where it is known."""
        if self._last is not None and self._last[0] is value:
            return self._last[1]
        return int(np.asarray(value))


def _restoring(function: Callable, groups: Callable) -> Callable:
    """The function, which gives the variables their values back when it raises."""

    def call(state, iterator):
        try:
            return function(state, iterator)
        except BaseException:
            for variable, value in _pairs(groups(), state):
                if not value.is_deleted():  # given away to a step that was under way
                    variable.assign(value)
            raise

    return call


def _pairs(groups, state) -> list:
    return [
        pair
        for group, values in zip(groups, state, strict=True)
        for pair in zip(group, values, strict=True)
    ]
