"""Ctrl-C, a closed terminal, and the signals of batch systems: a flag, read between the steps.

An exception raised inside a step would leave JAX's donated buffers deleted; a flag leaves
a state that can be saved.
"""

import contextlib
import os
import signal
import stat
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from ganzoo.errors import Interrupted

# SIGHUP: the terminal was closed. SIGUSR1: a batch system warns before the time is up.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
_NOTHING = "Stopped before the first step; nothing was changed."


class Stop:
    """A request to stop: while entered, the signals above set it; a third one kills.

    Until `hold` is called the first signal ends the work at once, and leaving raises
    `Interrupted`. From then on signals only set `signal`. So they do during any import before
    that: an exception inside the native code of a framework, which the module of a data set
    may import, can abort the whole process.

    Outside the main thread Python allows no handlers, and this does nothing.
    """

    def __init__(self):
        self.signal: int | None = None
        self._holding = False
        self._count = 0
        self._before: dict[int, Any] = {}

    def hold(self) -> None:
        """Let signals wait for whoever reads `signal` from here on."""
        if self.signal:  # it came during an import, or somebody has swallowed the exception
            raise KeyboardInterrupt
        self._holding = True

    def check(self) -> None:
        """Raise `Interrupted` if a signal has come; for use before the first step."""
        if self.signal:
            raise Interrupted(_NOTHING, signal_number=self.signal)

    def interrupting(self, events: Callable[[dict[str, Any]], None]) -> Callable:
        """Return `events` for a long preparation: after a signal the next event ends it."""

        def check_and_forward(event: dict[str, Any]) -> None:
            self.check()
            events(event)

        return check_and_forward

    def __enter__(self) -> "Stop":
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup and scripts have it
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, kind, error, trace) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self.signal and not self._holding and error is not None:
            raise Interrupted(_NOTHING, signal_number=self.signal) from None

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = self.signal or number
        self._count += 1
        if number == signal.SIGHUP:
            _forget_terminal()
        if self._count >= 3:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        if not self._holding and not _is_importing(frame):
            raise KeyboardInterrupt


def _forget_terminal() -> None:
    """Write nowhere from here on, where a terminal was: each write to it would be an error."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError), open(os.devnull, "wb") as nowhere:
            if stat.S_ISCHR(os.fstat(descriptor).st_mode):
                os.dup2(nowhere.fileno(), descriptor)


def _is_importing(frame: FrameType | None) -> bool:
    """Return whether a module is being imported where the signal came."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
