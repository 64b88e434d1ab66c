"""Progress of long preparations, as events for whoever listens; nothing is drawn here.

A listener is set for a block of code, not passed down: the keywords of a data set's function
are the keys of a recipe, and a callback is none.
"""

import contextlib
import contextvars
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from ganzoo.files.text import escape

Listener = Callable[[dict[str, Any]], None]

_listener: contextvars.ContextVar[Listener | None] = contextvars.ContextVar(
    "ganzoo_data_listener", default=None
)

_SECONDS_BETWEEN_EVENTS = 0.2


@contextlib.contextmanager
def reporting(listener: Listener | None) -> Iterator[None]:
    """Send the progress of everything that is prepared in a `with` block to `listener`.

    Events are `{"event": "prepare", "what", "done", "total", "unit", "seconds"}`, where `unit`
    is `"images"`, `"files"`, `"bytes"` or `"tiles"`: one at the start, a few per second, one at the
    end.

    Args:
        listener: Function that is called with each event, in the thread that prepares; `None`
            for no reports.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def notice(text: str) -> None:
    """Write on stderr what a person must know whatever listens, a license for instance.

    A stranger's words may be in it: nothing that a terminal would obey is written.
    """
    print(escape(text), file=sys.stderr, flush=True)


class Progress:
    """Counter toward a total that reports itself, as a context manager.

    Args:
        what: Description of the work, for people: `"celeba: decoding"`.
        total: Number of units; `None` if unknown.
        unit: `"images"`, `"files"`, `"bytes"` or `"tiles"`.
        clock: Function that returns seconds, for tests.
    """

    def __init__(
        self,
        what: str,
        total: int | None,
        unit: str = "images",
        *,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.what, self.total, self.unit = what, total, unit
        self.done = 0
        self._clock = clock
        self._started = self._next_event = clock()

    def __enter__(self) -> "Progress":
        self._emit()
        return self

    def __exit__(self, *exception: object) -> None:
        self._emit()

    def advance(self, count: int = 1) -> None:
        """Count `count` more units, and report them if it is time."""
        self.done += count
        now = self._clock()
        if now >= self._next_event:
            self._next_event = now + _SECONDS_BETWEEN_EVENTS
            self._emit()

    def _emit(self) -> None:
        listener = _listener.get()
        if listener is not None:
            listener(
                {
                    "event": "prepare",
                    "what": self.what,
                    "done": self.done,
                    "total": self.total,
                    "unit": self.unit,
                    "seconds": round(self._clock() - self._started, 3),
                }
            )
