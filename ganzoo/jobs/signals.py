"""Ctrl-C and SIGTERM: a flag, read at the edge of a step.

An exception raised inside a step would leave JAX's donated buffers deleted; a flag leaves
a state that can be saved.
"""

import signal
import threading

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """While entered, SIGINT and SIGTERM only set `signal`; a third one kills.

    Outside the main thread Python allows no handlers, and this does nothing.
    """

    def __init__(self):
        self.signal: int | None = None
        self._count = 0
        self._before: dict[int, object] = {}

    def __enter__(self) -> "Stop":
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame) -> None:
        self.signal = self.signal or number
        self._count += 1
        if self._count >= 3:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
