"""A logger: the best distance of a run, in a file of its own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def best(*, name: str = "best.json") -> Callable[[dict[str, Any]], None]:
    """The best distance so far, in a file in the run's folder.

    Args:
        name: Name of the file.
    """
    run = Path()

    def log(event: dict[str, Any]) -> None:
        nonlocal run
        if event["event"] == "start":
            run = Path(event["run"])
        elif event["event"] == "evaluation" and event["best"]:
            content = {"step": event["step"], "frechet": event["frechet"]}
            (run / name).write_text(json.dumps(content))

    return log
