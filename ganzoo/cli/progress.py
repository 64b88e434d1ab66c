"""Events of a job, shown as JSON lines, as a progress bar, or as a line now and then."""

import math
import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ganzoo.cli.output import emit_json, one_line, say
from ganzoo.errors import EnvironmentProblem

Event = dict[str, Any]
Events = Callable[[Event], None]

_SECONDS_BETWEEN_LINES = 5.0


def reporter(*, as_json: bool) -> AbstractContextManager[Events]:
    """What to do with a job's events: a context manager that gives the callback."""
    if as_json:
        return nullcontext(JsonLines())
    if on_terminal():
        return Bar()
    return nullcontext(Lines())


def on_terminal() -> bool:
    """Whether stderr is a terminal that can redraw a line."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class JsonLines:
    """One event per line on stdout. A reader that goes away, or a disk that is full, does not
    stop the job.
    """

    def __init__(self):
        self._readable = True

    def __call__(self, event: Event) -> None:
        """Prints the event."""
        if not self._readable:
            return
        try:
            emit_json(event, indent=None)
        except BrokenPipeError:
            self._lose("nobody reads the events any more")
        except EnvironmentProblem as problem:
            self._lose(f"the events are lost: {one_line(problem.message)}")

    def _lose(self, reason: str) -> None:
        self._readable = False
        say(f"warning: {reason.rstrip('.')}; the work goes on")


class Lines:
    """Plain lines on stderr: start, warnings, evaluations, and progress every few seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._last = clock()

    def __call__(self, event: Event) -> None:
        """Shows the event, if it is one to show."""
        match event.get("event"):
            case "start":
                say(headline(event))
            case "warning":
                say(f"warning: {one_line(str(event['message']))}")
            case "progress" if self._is_time(event):
                done, total = event["step"], event["steps"]
                say(f"step {done:,}/{total:,}  {numbers(event)}")
            case "evaluation":
                say(scores(event))

    def _is_time(self, event: Event) -> bool:
        now = self._clock()
        if now - self._last < _SECONDS_BETWEEN_LINES and event["step"] != event["steps"]:
            return False
        self._last = now
        return True


class Bar:
    """A Rich progress bar on stderr, with the current losses beside it."""

    def __enter__(self) -> "Bar":
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            BarColumn(bar_width=12),
            MofNCompleteColumn(),
            TextColumn("{task.fields[numbers]}", markup=False),
            console=console,
            refresh_per_second=4,
        )
        self._task = self._progress.add_task("", total=None, numbers="compiling", start=False)
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        """Shows the event, if it is one to show."""
        match event.get("event"):
            case "start":
                self._print(headline(event))
                self._progress.update(self._task, total=event["steps"])
                self._progress.start()
            case "warning":
                self._print(f"warning: {one_line(str(event['message']))}")
            case "progress":
                self._progress.start_task(self._task)
                self._progress.update(
                    self._task,
                    completed=event["step"],
                    total=event["steps"],
                    numbers=numbers(event),
                )
            case "evaluation":
                self._print(scores(event))
            case "end":
                self._progress.stop()

    def _print(self, text: str) -> None:
        self._progress.console.print(one_line(text), markup=False, soft_wrap=True)


def headline(event: Event) -> str:
    """The line that a job starts with: what is trained, on what, and where it goes."""
    name = event.get("model") or "a recipe"
    parameters = event.get("parameters") or {}
    sizes = ", ".join(f"{part} {count:,}" for part, count in parameters.items())
    text = f"training {name} on {event.get('dataset')} with {event.get('backend')}"
    text += f" in {event.get('run')}"
    return f"{text} ({sizes} parameters)" if sizes else text


def numbers(event: Event) -> str:
    """Speed, time left and losses of a progress event."""
    parts = []
    if (speed := event.get("images_per_second")) is not None:
        parts.append(f"{speed:,.0f} images/s")
    if (left := event.get("seconds_left")) is not None and math.isfinite(left):
        parts.append(f"{duration(left)} left")
    parts += [
        f"{name} {value:.3f}"
        for name, value in event.items()
        if name in ("d_loss", "g_loss") and isinstance(value, (int, float))
    ]
    return "  ".join(parts)


def scores(event: Event) -> str:
    """An evaluation in one line, and whether it is the best so far."""
    told = ("event", "step", "best", "seconds")
    parts = [
        f"{name} {value:.4g}"
        for name, value in event.items()
        if name not in told and isinstance(value, (int, float))
    ]
    best = "  (best so far)" if event.get("best") else ""
    return f"step {event['step']:,} judged: {'  '.join(parts) or 'not finite'}{best}"


def duration(seconds: float) -> str:
    """Seconds as a person reads them: `45s`, `3m20s`, `2h05m`."""
    seconds = max(0, round(seconds))
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return f"{hours}h{minutes % 60:02d}m"
    if minutes:
        return f"{minutes}m{seconds % 60:02d}s"
    return f"{seconds}s"
