"""Curves over training steps as SVG, drawn here so that a report needs no library, no network.

Colors and fonts are left to the page's style sheet, by class. The `data-hover` attribute
holds what the page's script shows under the pointer.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ganzoo.jobs.rendering import evenly_spaced
from ganzoo.jobs.report.axes import SMOOTH_FROM, Axis, extremes, smooth, step_axis, value_axis
from ganzoo.jobs.report.markup import number, share, text

WIDTH, WIDE, HEIGHT = 540, 1104, 264  # pixels of the drawing; the page may scale it
LEFT, RIGHT, TOP, BOTTOM = 54, 14, 12, 44
DRAWN = 300  # buckets of a raw line, each with its least and greatest value
HOVERED = 240  # places that answer the pointer
MARKED = 40  # crosses and arrows on an edge


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One line: where it was logged, what was logged, how it looks.

    Attributes:
        label: Its name in the legend and under the pointer.
        color: A class of the style sheet: `real`, `fake`, `c2`, `c3`, `c4`, `c5`.
        steps: (n,) int64, increasing.
        values: (n,) float64; NaN where the number was logged but is not finite.
    """

    label: str
    color: str
    steps: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, kw_only=True)
class _Plot:
    """The inner rectangle of a chart, in its own coordinates."""

    x: Axis
    y: Axis
    width: int
    height: int

    def across(self, steps: np.ndarray | float) -> np.ndarray:
        return self.x.place(steps) * self.width

    def down(self, values: np.ndarray | float) -> np.ndarray:
        return (1 - self.y.place(values)) * self.height


def chart(
    curves: Sequence[Curve],
    *,
    title: str,
    wide: bool = False,
    percent: bool = False,
    zero: bool = False,
    beside: Callable[[int], str] = lambda step: "",
) -> str:
    """An SVG of curves over steps; an empty string where there is no finite value to draw.

    A long curve is drawn smoothed over a faint line of what was logged. A number that is not
    finite breaks its line and gets a cross; one outside the axis gets an arrow on the edge.

    Args:
        curves: The lines; later ones lie on top.
        title: For readers who hear the page.
        wide: As wide as two charts side by side.
        percent: The values are shares of one.
        zero: The axis begins at zero.
        beside: What is shown beside the step under the pointer.
    """
    curves = [curve for curve in curves if np.isfinite(curve.values).any()]
    if not curves:
        return ""
    width = WIDE if wide else WIDTH
    smoothed = [smooth(c.values) if _long(c) else c.values for c in curves]
    logged = np.concatenate([c.values for c in curves])
    plot = _Plot(
        x=step_axis(max(int(c.steps[-1]) for c in curves), 10 if wide else 6),
        y=value_axis(logged, np.concatenate(smoothed), percent=percent, zero=zero),
        width=width - LEFT - RIGHT,
        height=HEIGHT - TOP - BOTTOM,
    )
    if plot.y.log:  # the average that lies in the middle of what is seen
        smoothed = [np.exp(smooth(np.log(c.values))) if _long(c) else c.values for c in curves]
    lines = [_line(plot, c, c.values, "raw") for c in curves if _long(c)]
    lines += [_line(plot, c, line, "line") for c, line in zip(curves, smoothed, strict=True)]
    hover = json.dumps(_hover(plot, curves, beside), separators=(",", ":"))
    return (
        f'<svg class="chart" viewBox="0 0 {width} {HEIGHT}" role="img" tabindex="0"'
        f' aria-label="{text(f"{title}: {_spoken(curves)}")}"'
        f' data-left="{LEFT}" data-top="{TOP}" data-bottom="{HEIGHT - BOTTOM}"'
        f' data-hover="{text(hover)}">'
        f"{_axes(plot)}"
        # a nested svg clips what leaves it; 6 pixels at both sides are for dots
        f'<svg x="{LEFT - 6}" y="{TOP}" width="{plot.width + 12}" height="{plot.height}"'
        f' viewBox="-6 0 {plot.width + 12} {plot.height}">'
        f"{''.join(lines)}{''.join(_marks(plot, curves))}</svg></svg>"
    )


def legend(curves: Sequence[Curve], *, percent: bool = False) -> str:
    """The names of the curves with their colors and last values, as a list."""
    items = (
        f'<li><i class="swatch {c.color}"></i>{text(c.label)} <b>{_read(last, percent)}</b>'
        for c, last in ((c, float(c.values[-1])) for c in curves)
    )
    return f'<ul class="legend">{"".join(items)}</ul>'


def _long(curve: Curve) -> bool:
    return len(curve.values) >= SMOOTH_FROM


def _axes(plot: _Plot) -> str:
    bottom, middle = TOP + plot.height, LEFT + plot.width / 2
    parts = []
    for tick in plot.y.ticks:
        y = TOP + plot.down(tick)
        parts.append(f'<path class="rule" d="M{LEFT} {y:.1f}h{plot.width}"/>')
        parts.append(f'<text class="y" x="{LEFT - 8}" y="{y + 4:.1f}">{plot.y.label(tick)}</text>')
    parts.append(f'<path class="base" d="M{LEFT} {bottom}h{plot.width}"/>')
    for tick in plot.x.ticks:
        x = LEFT + plot.across(tick)
        parts.append(f'<path class="base" d="M{x:.1f} {bottom}v4"/>')
        parts.append(f'<text class="x" x="{x:.1f}" y="{bottom + 19}">{plot.x.label(tick)}</text>')
    parts.append(f'<text class="x" x="{middle:.0f}" y="{HEIGHT - 4}">steps</text>')
    if plot.y.log:
        parts.append(f'<text class="start" x="0" y="{HEIGHT - 4}">log scale</text>')
    return "".join(parts)


def _line(plot: _Plot, curve: Curve, values: np.ndarray, kind: str) -> str:
    few = extremes(values, DRAWN)
    xs, ys = plot.across(curve.steps[few]), plot.down(values[few])
    there = np.isfinite(ys)
    drawn, dots, pen = [], [], "M"
    for index, (x, y) in enumerate(zip(xs, ys, strict=True)):
        if there[index]:
            drawn.append(f"{pen}{x:.1f} {y:.1f}")
            if not there[max(index - 1, 0) : index + 2].sum() > 1:  # a line of one point
                dots.append(f'<circle class="{kind} {curve.color}" cx="{x:.1f}" cy="{y:.1f}"/>')
        pen = "L" if there[index] else "M"
    path = f'<path class="{kind} {curve.color}" d="{"".join(drawn)}"/>'
    return path + "".join(dots)


def _marks(plot: _Plot, curves: Sequence[Curve]) -> Iterable[str]:
    """Crosses where a number is not finite, arrows where it lies outside the axis."""
    broken = sorted({int(s) for c in curves for s in c.steps[~np.isfinite(c.values)]})
    for index, step in enumerate(evenly_spaced(broken, MARKED)):
        x = min(max(float(plot.across(step)), 6.0), plot.width - 6.0)
        yield f'<path class="broken" d="M{x - 4:.1f} 4l8 8m0-8l-8 8"/>'
        if index == 0:
            side = "end" if x > plot.width / 2 else "start"
            at = x - 10 if side == "end" else x + 10
            yield f'<text class="broken {side}" x="{at:.1f}" y="13">not finite</text>'
    for curve in curves:
        for above in (True, False):
            out = curve.values > plot.y.high if above else curve.values < plot.y.low
            for step in evenly_spaced(curve.steps[out], MARKED):
                x = float(plot.across(step))
                arrow = "1l4 7h-8z" if above else f"{plot.height - 1}l4-7h-8z"
                yield f'<path class="beyond {curve.color}" d="M{x:.1f} {arrow}"/>'


def _hover(plot: _Plot, curves: Sequence[Curve], beside: Callable[[int], str]) -> dict:
    """Columns of what the pointer can show: places, headings, and each curve's numbers."""
    steps = evenly_spaced(sorted({int(s) for c in curves for s in c.steps}), HOVERED)
    rows = []
    for curve in curves:
        known = dict(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))
        values = [known.get(step) for step in steps]
        rows.append(
            {
                "label": curve.label,
                "color": curve.color,
                "text": [_read(value, plot.y.percent) for value in values],
                "y": [_height(plot, value) for value in values],
            }
        )
    return {
        "x": [round(float(plot.across(step)), 1) for step in steps],
        "step": [f"{step:,}" for step in steps],
        "beside": [beside(step) for step in steps],
        "curves": rows,
    }


def _read(value: float | None, percent: bool) -> str:
    if value is None:
        return ""
    return share(value) if percent else number(value)


def _height(plot: _Plot, value: float | None) -> float | None:
    """Pixels from the top, or None where there is nothing to point at."""
    if value is None or not plot.y.low <= value <= plot.y.high:
        return None
    return round(float(plot.down(value)), 1)


def _spoken(curves: Sequence[Curve]) -> str:
    ends = (
        f"{c.label} from {number(c.values[0])} at step {c.steps[0]:,}"
        f" to {number(c.values[-1])} at step {c.steps[-1]:,}"
        for c in curves
    )
    return "; ".join(ends)
