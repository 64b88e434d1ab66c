"""What a run measured: the log as columns, as charts, and as a table."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ganzoo.jobs.rendering import evenly_spaced
from ganzoo.jobs.report.curves import Curve, chart, legend
from ganzoo.jobs.report.markup import count, duration, number, share, text

HUGE, TINY = 1e100, 1e-100  # beyond: not finite; below: zero; so that no axis overflows
ROWS = 40  # of the table
OTHERS = 12  # charts of measures that this page does not know

PROGRESS = ("step", "images", "seconds", "images_per_second")
LOSSES = {"d_loss": ("discriminator", "real"), "g_loss": ("generator", "fake")}
ACCURACIES = {"d_real_accuracy": ("on real", "real"), "d_fake_accuracy": ("on generated", "fake")}
DISTANCE = {"frechet": ("Fréchet distance", "c2")}
REACH = {"precision": ("precision", "real"), "recall": ("recall", "fake")}
PENALTIES = ("gradient_penalty", "dragan", "r1", "r2", "consistency", "lecam")
HEADINGS = {
    "frechet": "Fréchet distance",
    "seconds": "time",
    "images_per_second": "images/s",
    "d_loss": "discriminator loss",
    "g_loss": "generator loss",
    "d_real_accuracy": "right on real",
    "d_fake_accuracy": "right on generated",
}
COLORS = ("c2", "c3", "c4", "c5")

READ_LOSSES = (
    "Two players in balance: neither loss has to fall. Where one runs off and the other goes"
    " to nothing, one player has won."
)
READ_DISTANCE = (
    "The discriminator's loss, turned around, follows the distance between real and generated"
    " data. Its way toward zero says more than its height."
)
READ_ACCURACY = (
    "How often the discriminator is right. Near 50 % on both it can no longer tell real from"
    " generated; at 100 % on both for long, the generator learns little."
)
READ_REACH = (
    "Precision: the share of generated images in the reach of real ones. Recall: the share of"
    " real ones in the reach of generated ones."
)
READ_SCORES = (
    "This game compares scores, which have no threshold at zero: the distance between the two"
    " curves says more than their height."
)


@dataclass(frozen=True, kw_only=True)
class Logbook:
    """The lines of a log in the order of their steps.

    Attributes:
        lines: One mapping per step.
        steps: (n,) int64, increasing.
        per_step: Real images per step, where the recipe tells.
        unit: What is counted: images, points, sounds or videos.
    """

    lines: tuple[Mapping, ...]
    steps: np.ndarray
    per_step: int | None
    unit: str = "images"

    @classmethod
    def of(cls, log: Sequence[Mapping], recipe: Mapping, unit: str = "images") -> "Logbook":
        """Reads a log; lines without a step are left out, the last line of a step counts."""
        known = {line["step"]: line for line in log if _is_step(line.get("step"))}
        steps = sorted(known)
        return cls(
            lines=tuple(known[step] for step in steps),
            steps=np.array(steps, dtype=np.int64),
            per_step=_images_per_step(recipe),
            unit=unit,
        )

    def names(self) -> list[str]:
        """Everything measured, in the order of its first appearance."""
        return list(dict.fromkeys(str(key) for line in self.lines for key in line))

    def column(self, name: str) -> np.ndarray:
        """(n,) float64: NaN where the number is missing or not finite."""
        return np.array([_float(line.get(name)) for line in self.lines], dtype=np.float64)

    def curve(self, name: str, label: str, color: str) -> Curve | None:
        """One measure as a curve over the steps at which it was logged."""
        there = [index for index, line in enumerate(self.lines) if name in line]
        if not there:
            return None
        steps, values = self.steps[there], self.column(name)[there]
        return Curve(label=label, color=color, steps=steps, values=values)

    def images_at(self, step: int) -> int | None:
        """Real images shown up to a step."""
        at = int(np.searchsorted(self.steps, step))
        if at < len(self.steps) and self.steps[at] == step:
            images = self.lines[at].get("images")
            if isinstance(images, int) and abs(images) < 2**63:
                return images
        return step * self.per_step if self.per_step else None


def _is_step(step: object) -> bool:
    return isinstance(step, int) and not isinstance(step, bool) and 0 <= step < 2**53


def _images_per_step(recipe: Mapping) -> int | None:
    try:
        images = recipe["training"]["batch"] * recipe["gan"].get("n_critic", 1)
    except (KeyError, TypeError, AttributeError):
        return None
    return images if isinstance(images, int) else None


def _float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan  # JSON has no NaN: null stands for it
    if not abs(value) < HUGE:
        return math.nan
    return 0.0 if abs(value) < TINY else float(value)


def charts(book: Logbook, recipe: Mapping, protocol: Mapping | None = None) -> str:
    """Everything measured as charts: losses, accuracy, scores, penalties, the rest, speed.

    Args:
        book: The log.
        recipe: Its tables.
        protocol: How the scores were measured, if there are any.
    """
    drawn = list(_charts(book, recipe, protocol or {}))
    if not drawn:
        return f'<p class="empty">No numbers were logged yet.{_cadence(recipe)}</p>'
    wide = len(drawn) % 2 == 1  # the first takes a row of its own
    return "".join(
        _card(book, wide=wide and index == 0, **parts) for index, parts in enumerate(drawn)
    )


def _cadence(recipe: Mapping) -> str:
    training = recipe.get("training")
    every = training.get("log_every") if isinstance(training, Mapping) else None
    return f" This run logs every {count(every)} steps." if every else ""


def _charts(book: Logbook, recipe: Mapping, protocol: Mapping) -> Iterator[dict]:
    game = recipe.get("gan") if isinstance(recipe.get("gan"), Mapping) else {}
    loss = game.get("loss")
    penalties = [name for name in book.names() if name in _penalties(game)]
    known = {*PROGRESS, *LOSSES, *ACCURACIES, *DISTANCE, *REACH, *penalties}
    scores = loss in ("wasserstein", "relativistic")
    groups = [
        ("Losses", LOSSES, READ_DISTANCE if loss == "wasserstein" else READ_LOSSES, {}),
        (
            "Discriminator accuracy",
            ACCURACIES,
            READ_SCORES if scores else READ_ACCURACY,
            {"percent": True},
        ),
        ("Fréchet distance", DISTANCE, f"{_best(book)} {_measured(protocol)}", {}),
        ("Precision and recall", REACH, f"{READ_REACH} {_measured(protocol)}", {"percent": True}),
        ("Penalties", _colored(penalties), "What keeps the discriminator smooth.", {}),
    ]
    others = [name for name in book.names() if name not in known]
    for name in others[:OTHERS]:
        title = name.replace("_", " ")
        groups.append((title, {name: (title, "c3")}, "", {}))
    speed = {"images_per_second": ("images per second", "c2")}
    groups.append(("Speed", speed, "Real images per second.", {"zero": True}))
    for title, measures, how, axis in groups:
        curves = [book.curve(name, *look) for name, look in measures.items()]
        curves = [curve for curve in curves if curve and np.isfinite(curve.values).any()]
        if curves:
            yield {"title": title, "curves": curves, "how": how, **axis}


def _best(book: Logbook) -> str:
    """Where the distance was least."""
    distances = book.column("frechet")
    if not np.isfinite(distances).any():
        return ""
    at = int(np.nanargmin(distances))
    least, step = number(float(distances[at])), count(int(book.steps[at]))
    return f"Lower is better. Least: {least} at step {step}, whose checkpoint is kept."


def _measured(protocol: Mapping) -> str:
    """How the scores were measured, in one line."""
    told = {key: value for key, value in protocol.items() if key != "fingerprint"}
    if isinstance(told.get("digest"), str):
        told["digest"] = f"{told['digest'][:12]}…"
    line = ", ".join(f"{text(key)} {count(value)}" for key, value in told.items())
    return f"Measured with: {line}." if line else ""


def _penalties(game: Mapping) -> set[str]:
    listed = game.get("penalties")
    listed = listed if isinstance(listed, list | tuple) else ()
    return {*PENALTIES, *(str(p.get("name")) for p in listed if isinstance(p, Mapping))}


def _colored(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    looks = ((name.replace("_", " "), COLORS[i % len(COLORS)]) for i, name in enumerate(names))
    return dict(zip(names, looks, strict=True))


def _card(
    book: Logbook, *, title: str, curves: Sequence[Curve], how: str, wide: bool, **axis: bool
) -> str:
    def beside(step: int) -> str:
        images = book.images_at(step)
        return "" if images is None else f"{images:,} {book.unit}"

    drawing = chart(curves, title=title, beside=beside, **axis)
    if wide:  # a telephone shows the narrow one
        roomy = chart(curves, title=title, wide=True, beside=beside, **axis)
        drawing = f'<div class="roomy">{roomy}</div><div class="narrow">{drawing}</div>'
    return (
        f'<figure class="card{" wide" if wide else ""}"><figcaption><h3>{text(title)}</h3>'
        f"{legend(curves, percent='percent' in axis)}</figcaption>{drawing}"
        f'<p class="hint">{how}</p></figure>'
    )


def numbers(book: Logbook) -> str:
    """The log as a table, thinned where it is long."""
    if not book.lines:
        return ""
    names = book.names()
    head = "".join(
        f"<th scope=col>{text(HEADINGS.get(name, name.replace('_', ' ')))}" for name in names
    )
    shown = evenly_spaced(book.lines, ROWS)
    rows = "".join("<tr>" + "".join(f"<td>{_cell(name, line)}" for name in names) for line in shown)
    every = len(shown) == len(book.lines)
    all_lines = "the only line" if len(shown) == 1 else f"all {len(shown)} lines"
    which = all_lines if every else f"{len(shown)} of {len(book.lines):,} lines"
    return (
        f"<details><summary><h2>Numbers</h2> <span>{which} of the log</span></summary>"
        f'<div class="scroll"><table><thead><tr>{head}<tbody>{rows}</table></div></details>'
    )


def _cell(name: str, line: Mapping) -> str:
    if name not in line:
        return ""
    value = line[name]
    if isinstance(value, str):
        return text(value)
    if name in ("step", "images"):
        return count(value)
    value = _float(value)
    if name == "seconds":
        return duration(value)
    if not math.isfinite(value):
        return '<b class="broken">not finite</b>'
    return share(value) if name in ACCURACIES else number(value)
