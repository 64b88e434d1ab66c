"""Training log of a run, as charts and as a table."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ganzoo.config.loss_names import LOSSES as LOSS_FACTS
from ganzoo.config.loss_names import LossFacts
from ganzoo.config.regularizer_options import REGULARIZERS
from ganzoo.files.text import format_duration
from ganzoo.jobs.report.charts import Curve, chart_legend, line_chart
from ganzoo.jobs.report.formatting import escape_html, format_count, format_number, format_percent
from ganzoo.rendering import evenly_spaced

HUGE, TINY = 1e100, 1e-100  # beyond: not finite; below: zero; so that no axis overflows
MAX_ROWS = 40  # of the table
MAX_OTHER_CHARTS = 12  # of metrics that are not listed here

PROGRESS = ("step", "images", "seconds", "images_per_second")
# Logged metrics with their label and color, chart by chart.
LOSSES = {"d_loss": ("discriminator", "real"), "g_loss": ("generator", "fake")}
ACCURACIES = {"d_real_accuracy": ("on real", "real"), "d_fake_accuracy": ("on generated", "fake")}
DISTANCE = {"frechet": ("Fréchet distance", "c2")}
PRECISION_RECALL = {"precision": ("precision", "real"), "recall": ("recall", "fake")}
SPEED = {"images_per_second": ("images per second", "c2")}
HEADINGS = {
    "frechet": "Fréchet distance",
    "seconds": "time",
    "images_per_second": "images/s",
    "d_loss": "discriminator loss",
    "g_loss": "generator loss",
    "d_real_accuracy": "accuracy on real",
    "d_fake_accuracy": "accuracy on generated",
}
COLORS = ("c2", "c3", "c4", "c5")

LOSS_NOTE = (
    "At equilibrium neither loss falls. If one diverges while the other approaches zero, one"
    " network overpowers the other."
)
DISTANCE_NOTE = (
    "The negative discriminator loss estimates a distance between real and generated data: its"
    " trend toward zero matters more than its value."
)
ACCURACY_NOTE = (
    "Accuracy of the discriminator. Near 50 % on both, it cannot tell real from generated; at"
    " 100 % on both for long, the generator learns little."
)
NO_THRESHOLD_NOTE = (
    "This loss compares outputs, which have no threshold at zero: the distance between the two"
    " curves matters more than their height."
)
PRECISION_RECALL_NOTE = (
    "Precision: fraction of generated images within the manifold of real images. Recall: fraction"
    " of real images within the manifold of generated ones."
)


@dataclass(frozen=True, kw_only=True)
class TrainingLog:
    """Lines of a log in the order of their steps.

    Attributes:
        lines: One mapping per step.
        steps: Steps, int64 (n,), increasing.
        images_per_step: Real images per step; `None` if the recipe does not say.
        unit: Name of what is counted: images, points, sounds or videos.
    """

    lines: tuple[Mapping, ...]
    steps: np.ndarray
    images_per_step: int | None
    unit: str = "images"

    @classmethod
    def from_lines(
        cls, lines: Sequence[Mapping], recipe: Mapping, unit: str = "images"
    ) -> "TrainingLog":
        """Sort lines by step, without those that have none; the last line of a step counts.

        Args:
            lines: Lines of `log.jsonl`.
            recipe: Tables of the recipe.
            unit: Name of what is counted.
        """
        by_step = {line["step"]: line for line in lines if _is_step(line.get("step"))}
        steps = sorted(by_step)
        return cls(
            lines=tuple(by_step[step] for step in steps),
            steps=np.array(steps, dtype=np.int64),
            images_per_step=_images_per_step(recipe),
            unit=unit,
        )

    def names(self) -> list[str]:
        """Return the names of all logged values in the order of their first appearance."""
        return list(dict.fromkeys(str(key) for line in self.lines for key in line))

    def column(self, name: str) -> np.ndarray:
        """Return a value of every line, float64 (n,); NaN if it is missing or not finite."""
        return np.array([_to_float(line.get(name)) for line in self.lines], dtype=np.float64)

    def curve(self, name: str, label: str, color: str) -> Curve | None:
        """Return a value over the steps at which it was logged; `None` if it never was."""
        logged = [index for index, line in enumerate(self.lines) if name in line]
        if not logged:
            return None
        steps, values = self.steps[logged], self.column(name)[logged]
        return Curve(label=label, color=color, steps=steps, values=values)

    def images_at(self, step: int) -> int | None:
        """Return the number of real images shown up to a step; `None` if it is unknown."""
        at = int(np.searchsorted(self.steps, step))
        if at < len(self.steps) and self.steps[at] == step:
            images = self.lines[at].get("images")
            if isinstance(images, int) and abs(images) < 2**63:
                return images
        return step * self.images_per_step if self.images_per_step else None


def _is_step(step: object) -> bool:
    return isinstance(step, int) and not isinstance(step, bool) and 0 <= step < 2**53


def _images_per_step(recipe: Mapping) -> int | None:
    try:
        images = recipe["training"]["batch"] * recipe["gan"].get("n_critic", 1)
    except (KeyError, TypeError, AttributeError):
        return None
    return images if isinstance(images, int) else None


def _to_float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan  # JSON has no NaN: null stands for it
    if not abs(value) < HUGE:
        return math.nan
    return 0.0 if abs(value) < TINY else float(value)


def log_charts(log: TrainingLog, recipe: Mapping, protocol: Mapping | None = None) -> str:
    """Return charts of losses, accuracy, scores, penalties, other metrics and speed as HTML.

    Args:
        log: The training log.
        recipe: Tables of the recipe.
        protocol: Protocol of the evaluations, if there are any.
    """
    charts = list(_chart_groups(log, recipe, protocol or {}))
    if not charts:
        return f'<p class="empty">No values have been logged yet.{_log_interval(recipe)}</p>'
    odd = len(charts) % 2 == 1  # the first takes a row of its own
    return "".join(
        _chart_card(log, wide=odd and index == 0, **chart) for index, chart in enumerate(charts)
    )


def _log_interval(recipe: Mapping) -> str:
    training = recipe.get("training")
    every = training.get("log_every") if isinstance(training, Mapping) else None
    return f" This run logs every {format_count(every)} steps." if every else ""


def _chart_groups(log: TrainingLog, recipe: Mapping, protocol: Mapping) -> Iterator[dict]:
    gan = recipe.get("gan")
    gan = gan if isinstance(gan, Mapping) else {}
    facts = LOSS_FACTS.get(str(gan.get("loss")), LossFacts("unknown"))
    regularizers = [name for name in log.names() if name in REGULARIZERS]
    known = {*PROGRESS, *LOSSES, *ACCURACIES, *DISTANCE, *PRECISION_RECALL, *regularizers}
    protocol_note = _protocol_note(protocol)
    groups = [
        ("Losses", LOSSES, DISTANCE_NOTE if facts.is_distance else LOSS_NOTE, {}),
        (
            "Discriminator accuracy",
            ACCURACIES,
            ACCURACY_NOTE if facts.has_threshold else NO_THRESHOLD_NOTE,
            {"percent": True},
        ),
        ("Fréchet distance", DISTANCE, f"{_best_note(log)} {protocol_note}", {}),
        (
            "Precision and recall",
            PRECISION_RECALL,
            f"{PRECISION_RECALL_NOTE} {protocol_note}",
            {"percent": True},
        ),
        ("Regularizers", _color_metrics(regularizers), "Regularization of the discriminator.", {}),
    ]
    others = [name for name in log.names() if name not in known]
    for name in others[:MAX_OTHER_CHARTS]:
        title = name.replace("_", " ")
        groups.append((title, {name: (title, "c3")}, "", {}))
    groups.append(("Speed", SPEED, "Real images per second.", {"zero": True}))
    for title, metrics, note, axis in groups:
        curves = [log.curve(name, *look) for name, look in metrics.items()]
        curves = [curve for curve in curves if curve and np.isfinite(curve.values).any()]
        if curves:
            yield {"title": title, "curves": curves, "note": note, **axis}


def _best_note(log: TrainingLog) -> str:
    """Return a sentence about the least Fréchet distance."""
    distances = log.column("frechet")
    if not np.isfinite(distances).any():
        return ""
    at = int(np.nanargmin(distances))
    minimum, step = format_number(float(distances[at])), format_count(int(log.steps[at]))
    return f"Lower is better. Least: {minimum} at step {step}, whose checkpoint is kept."


def _protocol_note(protocol: Mapping) -> str:
    """Return a sentence about how the scores were measured."""
    facts = {key: value for key, value in protocol.items() if key != "fingerprint"}
    if isinstance(facts.get("digest"), str):
        facts["digest"] = f"{facts['digest'][:12]}…"
    line = ", ".join(f"{escape_html(key)} {format_count(value)}" for key, value in facts.items())
    return f"Measured with: {line}." if line else ""


def _color_metrics(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    looks = ((name.replace("_", " "), COLORS[i % len(COLORS)]) for i, name in enumerate(names))
    return dict(zip(names, looks, strict=True))


def _chart_card(
    log: TrainingLog, *, title: str, curves: Sequence[Curve], note: str, wide: bool, **axis: bool
) -> str:
    def annotate(step: int) -> str:
        images = log.images_at(step)
        return "" if images is None else f"{images:,} {log.unit}"

    chart = line_chart(curves, title=title, annotate=annotate, **axis)
    if wide:  # small screens show the narrow one
        roomy = line_chart(curves, title=title, wide=True, annotate=annotate, **axis)
        chart = f'<div class="roomy">{roomy}</div><div class="narrow">{chart}</div>'
    return (
        f'<figure class="card{" wide" if wide else ""}"><figcaption><h3>{escape_html(title)}</h3>'
        f"{chart_legend(curves, percent='percent' in axis)}</figcaption>{chart}"
        f'<p class="hint">{note}</p></figure>'
    )


def log_table(log: TrainingLog) -> str:
    """Return the log as an HTML table of at most 40 evenly spaced lines."""
    if not log.lines:
        return ""
    names = log.names()
    headings = (HEADINGS.get(name, name.replace("_", " ")) for name in names)
    head = "".join(f"<th scope=col>{escape_html(heading)}" for heading in headings)
    lines = evenly_spaced(log.lines, MAX_ROWS)
    cells = (("".join(f"<td>{_table_cell(name, line)}" for name in names)) for line in lines)
    rows = "".join(f"<tr>{row}" for row in cells)
    if len(lines) < len(log.lines):
        extent = f"{len(lines)} of {len(log.lines):,} lines"
    else:
        extent = "the only line" if len(lines) == 1 else f"all {len(lines)} lines"
    return (
        f"<details><summary><h2>Log</h2> <span>{extent} of the log</span></summary>"
        f'<div class="scroll"><table><thead><tr>{head}<tbody>{rows}</table></div></details>'
    )


def _table_cell(name: str, line: Mapping) -> str:
    if name not in line:
        return ""
    value = line[name]
    if isinstance(value, str):
        return escape_html(value)
    if name in ("step", "images"):
        return format_count(value)
    value = _to_float(value)
    if name == "seconds":
        return format_duration(value)
    if not math.isfinite(value):
        return '<b class="broken">not finite</b>'
    return format_percent(value) if name in ACCURACIES else format_number(value)
