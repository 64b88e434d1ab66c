"""Scopes in which variables can be written without being changed.

Keras' `StatelessScope` redirects every read and write of a variable. Two refinements
make it fit the training of two networks:

* `WriteCapture` reads through to the scope around it (Keras' own does not chain) and keeps
  every write together with its variable, so that an update can keep the writes to its own
  network and drop those to the other.
* `StrictScope` is strict: it threads a fixed list of variables through a pure function, and
  any other variable that is read or written inside raises, by name. Without that,
  JAX would silently bake the variable in as a constant.
"""

from collections.abc import Iterable
from typing import Any

import keras

Write = tuple[keras.Variable, Any]


class WriteCapture(keras.StatelessScope):
    """Collects the writes made inside; nothing outside changes.

    Args:
        values: Pairs of a variable and the value that it has inside.
    """

    def __init__(self, values: Iterable[Write] = ()):
        super().__init__(state_mapping=values, initialize_variables=False)
        self._written: dict[int, Write] = {}

    @property
    def writes(self) -> list[Write]:
        """Every variable written inside with its last value, in the order of first writing."""
        return list(self._written.values())

    def add_update(self, update: Write) -> None:
        super().add_update(update)
        self._written[id(update[0])] = update

    def get_current_value(self, variable: keras.Variable):
        value = super().get_current_value(variable)
        if value is None and self.original_scope is not None:
            return self.original_scope.get_current_value(variable)
        return value


class StrictScope(keras.StatelessScope):
    """Threads exactly the given variables through a pure function.

    Raises:
        RuntimeError: a variable outside the list is read or written inside.
    """

    def __init__(self, values: Iterable[Write]):
        super().__init__(state_mapping=values, initialize_variables=False)

    def add_update(self, update: Write) -> None:
        self._check(update[0], "written")
        super().add_update(update)

    def get_current_value(self, variable: keras.Variable):
        self._check(variable, "read")
        return super().get_current_value(variable)

    def _check(self, variable: keras.Variable, verb: str) -> None:
        if super().get_current_value(variable) is None:
            raise RuntimeError(
                f"The variable {variable.path!r} is {verb} in the training step, but is not part "
                "of the state that the step carries, so on JAX it would stay at its first value. "
                "Make it a weight of the GAN, of one of its networks or of their optimizers."
            )


def assign_captured(writes: Iterable[Write], owners: Iterable[keras.Variable]) -> None:
    """Assign those `writes` whose variable is one of `owners`; the others are dropped."""
    owned = {id(variable) for variable in owners}
    for variable, value in writes:
        if id(variable) in owned:
            variable.assign(value)
