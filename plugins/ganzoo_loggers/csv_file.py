"""A logger into `log.csv` in the run's folder, for spreadsheets and pandas."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ganzoo.catalog.runs import Run
from ganzoo.files.publish import publish_text
from ganzoo_loggers.run_content import Event


def csv_file() -> Callable[[Event], None]:
    """A row for each logged step, in log.csv in the run's folder."""
    columns: list[str] = []
    path = Path()

    def rewrite() -> None:
        """Write all that the run has logged so far, with every column that it has."""
        entries = Run(path.parent).log()
        columns[:] = dict.fromkeys(name for entry in entries for name in entry)
        header = ",".join(columns) + "\n" if columns else ""
        publish_text(path, header + _rows(entries, columns), overwrite=True)

    def log(event: Event) -> None:
        nonlocal path
        if event["event"] == "start":
            path = Path(event["run"]) / "log.csv"
            rewrite()
        elif event["event"] == "log":
            entry = {name: value for name, value in event.items() if name != "event"}
            if not entry.keys() <= set(columns):
                rewrite()
                return
            with path.open("a", encoding="utf-8", newline="") as file:
                file.write(_rows([entry], columns))

    return log


def _rows(entries: Iterable[Mapping[str, Any]], columns: list[str]) -> str:
    text = io.StringIO()
    csv.DictWriter(text, columns, lineterminator="\n").writerows(entries)
    return text.getvalue()
