"""Progress bars of a job's events, drawn by Rich."""

import contextlib
import sys
from collections.abc import Iterable
from typing import Any, TextIO, cast

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from ganzoo.cli.support.event_text import (
    PATIENCE,
    Event,
    format_amount,
    format_evaluation,
    format_speed,
    format_start,
    format_start_from,
    logged_values,
)
from ganzoo.cli.support.printing import print_note, single_line

_NUMBERS_PER_ROW = 4


class _Terminal:
    """Stderr, where it can be written. A terminal may go at any time, and stops no job."""

    def __init__(self) -> None:
        self._stream = sys.stderr

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class ProgressBars(Progress):
    """Bars on stderr, one for each activity, over rows of the newest losses and scores."""

    def __init__(self) -> None:
        self._bars: dict[str, TaskID] = {}
        self._numbers: dict[str, float] = {}
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[amount]}", markup=False),
            console=Console(file=cast(TextIO, _Terminal()), highlight=False),
            refresh_per_second=4,
            expand=True,
        )

    def __enter__(self) -> "ProgressBars":
        return self  # the display starts with the first bar

    def stop(self) -> None:
        """Stop the display, if it has started."""
        if self.live.is_started:
            super().stop()

    def __call__(self, event: Event) -> None:
        """Show the event."""
        match event.get("event"):
            case "start_from":
                print_note(format_start_from(event))
            case "start":
                print_note(format_start(event))
                self._show("compiling", None, event["steps"], "")
            case "warning":
                print_note(f"warning: {single_line(str(event['message']))}")
            case "progress":
                self._numbers |= logged_values(event)
                self._remove("compiling")
                amount = f"{event['step']:,}/{event['steps']:,}  {format_speed(event)}"
                self._show("training", event["step"], event["steps"], amount)
            case "evaluation":
                self._numbers |= logged_values(event)
                print_note(format_evaluation(event))
            case "prepare" if event["seconds"] >= PATIENCE or event["what"] in self._bars:
                what = single_line(event["what"])
                self._show(what, event["done"], event["total"], format_amount(event))
            case "end":
                self.stop()

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield the bars, then the rows of numbers."""
        yield self.make_tasks_table(self.tasks)
        if self._numbers:
            yield numbers_table(self._numbers)

    def _show(self, what: str, done: int | None, total: int | None, amount: str) -> None:
        if what not in self._bars:
            self._bars[what] = self.add_task(what, total=None, start=False, amount=amount)
            self.start()
        if done is not None:
            self.start_task(self._bars[what])
            self.update(self._bars[what], completed=done, total=total, amount=amount)

    def _remove(self, what: str) -> None:
        if what in self._bars:
            self.remove_task(self._bars.pop(what))


def numbers_table(numbers: dict[str, float]) -> Table:
    """Arrange numbers and their names in rows of four."""
    table = Table.grid(padding=(0, 1))
    cells = [cell for name, value in numbers.items() for cell in (f"  {name}", f"{value:.4g}")]
    for start in range(0, len(cells), 2 * _NUMBERS_PER_ROW):
        row = cells[start : start + 2 * _NUMBERS_PER_ROW]
        table.add_row(*row)
    return table
