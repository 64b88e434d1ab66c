"""How far a long preparation is: events for whoever listens, and a line on stderr.

A listener is set for a block of code, not passed down: the keywords of a data set's function
are the keys of a recipe, and a callback is none.
"""

import contextlib
import contextvars
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

Listener = Callable[[dict[str, Any]], None]

_listener: contextvars.ContextVar[Listener | None] = contextvars.ContextVar(
    "ganzoo_data_listener", default=None
)
_quiet: contextvars.ContextVar[bool] = contextvars.ContextVar("ganzoo_data_quiet", default=False)

_PATIENCE = 1.0  # seconds before the first line: short work needs none
_BETWEEN_LINES = 5.0  # seconds
_BETWEEN_REDRAWS = 0.2  # seconds, on a terminal and between events


@contextlib.contextmanager
def reporting(listener: Listener | None, *, quiet: bool = False) -> Iterator[None]:
    """Sends the progress of everything prepared in this block to `listener`.

    Events are `{"event": "prepare", "what", "done", "total", "unit", "seconds"}`, where `unit`
    is `"images"`, `"files"` or `"bytes"`: one at the start, a few per second, one at the end.

    Args:
        listener: Called with each event, in the thread that prepares; `None` for nobody.
        quiet: Write no progress on stderr; the listener shows it. Notices are written still.
    """
    tokens = (_listener.set(listener), _quiet.set(quiet))
    try:
        yield
    finally:
        _listener.reset(tokens[0])
        _quiet.reset(tokens[1])


def notice(text: str) -> None:
    """Something that a person must be told whatever listens: a license, a thing left out."""
    print(text, file=sys.stderr, flush=True)


class Progress:
    """Counts toward a total, as a context manager.

    Args:
        what: What is done, for people: `"celeba: decoding"`.
        total: How many units there are; `None` if unknown.
        unit: `"images"`, `"files"` or `"bytes"`.
        clock: Seconds, for tests.
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
        self._started = clock()
        self._next_event = self._started
        self._next_line = self._started + _PATIENCE
        self._drawn: int | None = None  # how many units the last line told of

    def __enter__(self) -> "Progress":
        self._emit()
        return self

    def __exit__(self, *exception: object) -> None:
        self._emit()
        if self._drawn is None:
            return
        if self._drawn != self.done:
            self._draw(self._clock())
        if _redraws():
            sys.stderr.write("\n")
            sys.stderr.flush()

    def advance(self, count: int = 1) -> None:
        """Counts `count` more units, and says so if it is time."""
        self.done += count
        now = self._clock()
        if now >= self._next_event:
            self._next_event = now + _BETWEEN_REDRAWS
            self._emit()
        if now >= self._next_line:
            self._next_line = now + (_BETWEEN_REDRAWS if _redraws() else _BETWEEN_LINES)
            self._draw(now)

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

    def _draw(self, now: float) -> None:
        if _quiet.get():
            return
        self._drawn = self.done
        line = self.line(now - self._started)
        sys.stderr.write(f"\r\x1b[K{line}" if _redraws() else f"{line}\n")
        sys.stderr.flush()

    def line(self, seconds: float) -> str:
        """The line for people after `seconds`: a bar, the count and the time left."""
        if not self.total:
            return f"{self.what}: {_amount(self.done, self.unit)}"
        share = min(1.0, self.done / self.total)
        bar = "#" * round(20 * share)
        line = f"{self.what} [{bar:<20}] {_number(self.done, self.unit)} of"
        line += f" {_amount(self.total, self.unit)}"
        if 0 < self.done < self.total:
            line += f", {_duration(seconds * (self.total - self.done) / self.done)} left"
        return line


def _redraws() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _number(count: int, unit: str) -> str:
    return f"{count / 1e6:,.1f}" if unit == "bytes" else f"{count:,}"


def _amount(count: int, unit: str) -> str:
    return f"{_number(count, unit)} {'MB' if unit == 'bytes' else unit}"


def _duration(seconds: float) -> str:
    seconds = max(0, round(seconds))
    return f"{seconds // 60}m{seconds % 60:02d}s" if seconds >= 60 else f"{seconds}s"
