"""Events of a job as lines of text."""

import math
from typing import Any

from ganzoo.files.text import format_duration

Event = dict[str, Any]

PATIENCE = 1.0  # seconds before a preparation is reported: short ones never are

_LOSSES = ("d_loss", "g_loss")
_ACCURACIES = ("d_real_accuracy", "d_fake_accuracy")
# Keys of a progress or evaluation event that are no measured numbers.
_NOT_NUMBERS = (
    "event", "step", "steps", "images", "images_per_second", "seconds_left", "best", "seconds",
)  # fmt: skip


def format_start(event: Event) -> str:
    """Format the start of a training: model, data set, backend, run folder, parameters."""
    parameters = event.get("parameters") or {}
    sizes = ", ".join(f"{network} {count:,}" for network, count in parameters.items())
    text = f"training {event.get('model') or 'a recipe'} on {event.get('dataset')}"
    text += f" with {event.get('backend')} in {event.get('run')}"
    return f"{text} ({sizes} parameters)" if sizes else text


def format_start_from(event: Event) -> str:
    """Format which weights a training has taken from another model: a line for each."""
    weights = event["weights"]
    counts = ", ".join(f"{event[kind]} {kind}" for kind in ("taken", "adapted", "new"))
    width = max(map(len, weights), default=0)
    lines = [f"  {name.ljust(width)}  {text}" for name, text in weights.items()]
    head = f"weights of the start, from {event['source']}: {counts}"
    return "\n".join([head, *lines])


def format_progress(event: Event) -> str:
    """Format speed, time left, losses, accuracies and the newest distance of a progress event."""
    logged = logged_values(event)
    parts = [format_speed(event)]
    parts += [f"{name} {logged[name]:.3f}" for name in _LOSSES if name in logged]
    if all(name in logged for name in _ACCURACIES):
        real, fake = (100 * logged[name] for name in _ACCURACIES)
        parts.append(f"accuracy {real:.0f} % real, {fake:.0f} % fake")
    if "frechet" in logged:
        parts.append(f"frechet {logged['frechet']:.4g}")
    return "  ".join(part for part in parts if part)


def format_speed(event: Event) -> str:
    """Format speed and time left of a progress event."""
    parts = []
    if (speed := event.get("images_per_second")) is not None:
        parts.append(f"{speed:,.0f} images/s")
    if (left := event.get("seconds_left")) and math.isfinite(left):
        parts.append(f"{format_duration(left)} left")
    return "  ".join(parts)


def logged_values(event: Event) -> dict[str, float]:
    """Return losses, accuracies, scores and whatever else an event has measured."""
    return {
        name: float(value)
        for name, value in event.items()
        if name not in _NOT_NUMBERS and isinstance(value, int | float)
    }


def format_evaluation(event: Event) -> str:
    """Format an evaluation in one line, and say if it is the best so far."""
    scores = "  ".join(f"{name} {value:.4g}" for name, value in logged_values(event).items())
    best = "  (best so far)" if event.get("best") else ""
    return f"step {event['step']:,} evaluated: {scores or 'not finite'}{best}"


def format_preparation(event: Event) -> str:
    """Format a download or preparation: what, how much of it is done, and the time left."""
    return f"{event['what']}: {format_amount(event)}"


def format_amount(event: Event) -> str:
    """Format how much of a download or preparation is done, and the time left."""
    done, total, unit = event["done"], event["total"], event["unit"]
    name = "MB" if unit == "bytes" else unit
    if not total:
        return f"{_format_unit_count(done, unit)} {name}"
    text = f"{_format_unit_count(done, unit)} of {_format_unit_count(total, unit)} {name}"
    if 0 < done < total:
        text += f", {format_duration(event['seconds'] * (total - done) / done)} left"
    return text


def _format_unit_count(count: int, unit: str) -> str:
    return f"{count / 1e6:,.1f}" if unit == "bytes" else f"{count:,}"
