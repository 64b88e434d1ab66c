"""Observers of a training: one that fails says so once, and is off from then on."""

from collections.abc import Callable
from typing import Any

from ganzoo.files.text import format_exception


class Observer:
    """A guard over what looks at a training, and must not end it.

    Args:
        name: Name of what looks, for the warning.
        events: Function called with the warning.
    """

    def __init__(self, name: str, events: Callable[[dict[str, Any]], None]):
        self._name, self._events = name, events
        self._on = True

    def __call__(self, look: Callable[..., None], *arguments: Any) -> None:
        """Call a function, unless one has failed before.

        Args:
            look: The function.
            *arguments: Its arguments.
        """
        if not self._on:
            return
        try:
            look(*arguments)
        except Exception as error:
            self._on = False
            text = f"The {self._name} failed and is off until the training is resumed; the "
            text += f"training goes on: {format_exception(error)}"
            self._events({"event": "warning", "message": text})
