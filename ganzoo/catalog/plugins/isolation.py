"""Keeps what a plugin's import does to the whole process from staying done.

This is hygiene, not a sandbox: a plugin is code that its user installed and trusts. What
it does by accident is put back; `os._exit` and crashes of native code cannot be held.
"""

import contextlib
import inspect
import logging
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType
from typing import Any

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM") if hasattr(signal, name))
_KERAS_SETTINGS = ("floatx", "epsilon", "image_data_format", "dtype_policy")


class Watch:
    """What happened inside `contained()`.

    Attributes:
        interrupted: Whether the user pressed Ctrl-C, as opposed to the plugin raising
            KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self.interrupted = False


@contextlib.contextmanager
def contained() -> Iterator[Watch]:
    """Runs an import so that the rest of the process does not notice it.

    Standard output goes to stderr. Put back afterward: the handlers of SIGINT and SIGTERM,
    the random states of Python and NumPy, warning filters, the root logger's level and
    handlers, and Keras' configuration if Keras was there before.

    Raises:
        RuntimeError: A function or class of ganzoo was replaced. It is put back first.
    """
    watch = Watch()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        stack.enter_context(warnings.catch_warnings())
        for put_back in (
            *_signals(watch),
            _random_states(),
            _logging(),
            _keras_settings(),
        ):
            stack.callback(put_back)
        ours = _functions_and_classes()
        try:
            yield watch
        finally:
            replaced = _put_back(ours)
        if replaced:
            raise RuntimeError(f"it replaces {' and '.join(replaced)}")


def _signals(watch: Watch) -> list[Callable[[], Any]]:
    if threading.current_thread() is not threading.main_thread():
        return []  # only the main thread may set handlers, so the plugin cannot either
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def notice(number: int, frame: FrameType | None) -> None:
        watch.interrupted = True
        handler = before[signal.SIGINT]
        if callable(handler):
            handler(number, frame)

    if callable(before[signal.SIGINT]):
        signal.signal(signal.SIGINT, notice)
    # None: a handler that was not set from Python, and that Python cannot set again.
    return [
        lambda number=number, handler=handler: signal.signal(number, handler)
        for number, handler in before.items()
        if handler is not None
    ]


def _random_states() -> Callable[[], None]:
    state = random.getstate()
    numpy = _numpy_random()
    numpy_state = numpy.get_state() if numpy else None

    def put_back() -> None:
        random.setstate(state)
        if numpy:
            numpy.set_state(numpy_state)

    return put_back


def _numpy_random() -> Any:
    # Only if NumPy is there already: nothing is imported for this.
    return getattr(sys.modules.get("numpy"), "random", None)


def _logging() -> Callable[[], None]:
    root = logging.root
    level, handlers = root.level, root.handlers[:]

    def put_back() -> None:
        root.setLevel(level)
        root.handlers[:] = handlers

    return put_back


def _keras_settings() -> Callable[[], None]:
    config = getattr(sys.modules.get("keras"), "config", None)
    before = {
        name: getattr(config, name)() for name in _KERAS_SETTINGS if hasattr(config, f"set_{name}")
    }

    def put_back() -> None:
        for name, value in before.items():
            getattr(config, f"set_{name}")(value)

    return put_back


def _functions_and_classes() -> list[tuple[ModuleType | type, str, object]]:
    """Each function and class that a module or class of ganzoo holds: owner, name, object."""
    modules = [
        module
        for name, module in list(sys.modules.items())
        if name.split(".")[0] == "ganzoo" and module is not None
    ]
    owners: list[ModuleType | type] = [*modules]
    for module in modules:
        owners += [
            value
            for value in vars(module).values()
            if inspect.isclass(value) and value.__module__ == module.__name__
        ]
    return [
        (owner, name, value)
        for owner in owners
        for name, value in list(vars(owner).items())
        if inspect.isfunction(value) or inspect.isclass(value)
    ]


def _put_back(before: list[tuple[ModuleType | type, str, object]]) -> list[str]:
    """Undoes every replacement; returns the names of what had been replaced."""
    replaced = []
    for owner, name, value in before:
        if vars(owner).get(name) is not value:
            replaced.append(f"{owner.__name__}.{name}")
            setattr(owner, name, value)
    return replaced
