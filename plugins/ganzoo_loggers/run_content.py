"""Content of events and run folders, as loggers need it."""

import tomllib
from pathlib import Path
from typing import Any

Event = dict[str, Any]

_NOT_NUMBERS = ("event", "step")


def logged_numbers(event: Event) -> dict[str, float]:
    """Return the numbers of a `log` event by name, without those that were not finite."""
    return {
        name: float(value)
        for name, value in event.items()
        if name not in _NOT_NUMBERS and isinstance(value, int | float)
    }


def run_config(start: Event) -> dict[str, Any]:
    """Return what decides a run: its recipe, without the path of the data, and its backend.

    Args:
        start: The event `start`.
    """
    text = (Path(start["run"]) / "recipe.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    tables["dataset"].pop("data", None)  # a path of this machine
    return {**tables, "backend": start["backend"]}


def flat_config(config: dict[str, Any]) -> dict[str, Any]:
    """Return nested tables as one: `{"training.batch": 64, ...}`; lists stay."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        inner = flat_config(value) if isinstance(value, dict) else None
        flat |= {key: value} if inner is None else {f"{key}.{k}": v for k, v in inner.items()}
    return flat
