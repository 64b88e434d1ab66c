"""Reporters of a job's events: JSON lines, progress bars, or a line of text now and then."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator

from ganzoo.cli.support.event_text import (
    PATIENCE,
    Event,
    format_evaluation,
    format_preparation,
    format_progress,
    format_start,
    format_start_from,
)
from ganzoo.cli.support.printing import print_json, print_note, single_line
from ganzoo.data.progress import reporting
from ganzoo.errors import EnvironmentProblem

EventHandler = Callable[[Event], None]

_SECONDS_BETWEEN_LINES = 5.0


@contextlib.contextmanager
def report_events(*, as_json: bool = False) -> Iterator[EventHandler]:
    """Report the events of a job: those given to the handler, and those of preparing data.

    On a terminal they are progress bars, elsewhere lines of text; both are on stderr.

    Args:
        as_json: Print every event as a line of JSON on stdout instead.

    Yields:
        The handler to be called with each event.
    """
    with contextlib.ExitStack() as stack:
        if as_json:
            handler: EventHandler = JsonLines()
        elif is_terminal():
            from ganzoo.cli.support.progress_bars import ProgressBars  # Rich: a tenth of a second

            handler = stack.enter_context(ProgressBars())
        else:
            handler = TextLines()
        stack.enter_context(reporting(handler))
        yield handler


def is_terminal() -> bool:
    """Return whether stderr is a terminal that can redraw lines."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class JsonLines:
    """One event per line on stdout. A closed reader or a full disk does not stop the job."""

    def __init__(self) -> None:
        self._writable = True

    def __call__(self, event: Event) -> None:
        """Print the event."""
        if not self._writable:
            return
        try:
            print_json(event, indent=None)
        except BrokenPipeError:
            self._give_up("nobody reads the events any more")
        except EnvironmentProblem as problem:
            self._give_up(f"the events are lost: {single_line(problem.message)}")

    def _give_up(self, reason: str) -> None:
        self._writable = False
        print_note(f"warning: {reason.rstrip('.')}; the job continues")


class TextLines:
    """Lines on stderr: start, warnings, evaluations, and progress every few seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._preparation = ""

    def __call__(self, event: Event) -> None:
        """Print the event, if it is due."""
        match event.get("event"):
            case "start_from":
                print_note(format_start_from(event))
            case "start":
                print_note(format_start(event))
            case "warning":
                print_note(f"warning: {single_line(str(event['message']))}")
            case "progress" if self._is_due(last=event["step"] == event["steps"]):
                print_note(f"step {event['step']:,}/{event['steps']:,}  {format_progress(event)}")
            case "evaluation":
                print_note(format_evaluation(event))
            case "prepare" if event["seconds"] >= PATIENCE:
                text = format_preparation(event)
                is_new = text != self._preparation  # the end is reported twice
                if is_new and self._is_due(last=event["done"] == event["total"]):
                    self._preparation = text
                    print_note(text)

    def _is_due(self, *, last: bool) -> bool:
        now = self._clock()
        if now - self._last < _SECONDS_BETWEEN_LINES and not last:
            return False
        self._last = now
        return True
