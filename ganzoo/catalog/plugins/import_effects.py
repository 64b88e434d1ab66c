"""Effects of a stranger's import on everybody in the process: said, not undone."""

import contextlib
import logging
import random
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any

SLOW = 5.0  # seconds of an import that are worth a word
# Their own imports may draw random numbers, as TensorFlow's does; a plugin is not blamed for it.
_FRAMEWORKS = {"jax", "keras", "tensorflow", "torch"}
_RANDOM = ("Python's random numbers", "NumPy's random numbers")


@contextlib.contextmanager
def effects_reported(label: str, *, trusted: bool = False) -> Iterator[None]:
    """Warn after an import of what it has changed in the process, and if it took long.

    Args:
        label: The plugin, for the warning.
        trusted: Whether it may change what it likes; then only its time is looked at.
    """
    before, begun = {} if trusted else _process_state(), time.monotonic()
    frameworks = _FRAMEWORKS & sys.modules.keys()
    yield
    seconds = time.monotonic() - begun
    if seconds > SLOW:
        warnings.warn(f"{label} took {seconds:.0f} seconds to be imported.", stacklevel=3)
    after = _process_state() if before else {}
    # what was not there before came with the framework that sets it up
    changed = [n for n, value in before.items() if value is not None and after[n] != value]
    if frameworks != _FRAMEWORKS & sys.modules.keys():
        changed = [name for name in changed if name not in _RANDOM]
    if changed:
        warnings.warn(
            f"{label} has changed on import, for the whole process: {', '.join(changed)}.",
            stacklevel=3,
        )


def _process_state() -> dict[str, Any]:
    """Settings of the process by the words for them; of frameworks only if they are there."""
    state: dict[str, Any] = {
        f"the handler of {number.name}": signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM, *_named("SIGHUP", "SIGUSR1", "SIGUSR2"))
    }
    state["Python's random numbers"] = random.getstate()
    numpy, keras = sys.modules.get("numpy"), sys.modules.get("keras")
    state["NumPy's random numbers"] = _numpy_state(numpy) if numpy else None
    if keras is None:
        return state
    state["Keras' settings"] = (
        keras.config.floatx(),
        keras.config.epsilon(),
        keras.config.image_data_format(),
        keras.config.dtype_policy().name,
    )
    state["the log's level"] = logging.root.level
    state["the log's handlers"] = tuple(map(id, logging.root.handlers))
    return state


def _numpy_state(numpy: Any) -> tuple:
    name, keys, *rest = numpy.random.get_state()
    return (name, keys.tobytes(), *rest)


def _named(*names: str) -> list[signal.Signals]:
    """The signals of these names that the system has."""
    return [getattr(signal, name) for name in names if hasattr(signal, name)]
