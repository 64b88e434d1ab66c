"""Line charts over training steps, as SVG without a library.

Colors and fonts come from the page's style sheet, by class. The `data-hover` attribute holds what
the page's script shows under the pointer.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ganzoo.jobs.report.axes import MIN_SMOOTHED, Axis, extremes, smooth, step_axis, value_axis
from ganzoo.jobs.report.formatting import escape_html, format_number, format_percent
from ganzoo.rendering import evenly_spaced

WIDTH, FULL_WIDTH, HEIGHT = 540, 1104, 264  # pixels; the page may scale them
LEFT, RIGHT, TOP, BOTTOM = 54, 14, 12, 44
MAX_BUCKETS = 300  # of a line, each with its least and greatest value
MAX_HOVER_STEPS = 240  # steps whose values the pointer shows
MAX_MARKS = 40  # crosses and arrows on an edge


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One line of a chart.

    Attributes:
        label: Name in the legend and under the pointer.
        color: Class of the style sheet: `real`, `fake`, `c2`, `c3`, `c4`, `c5`.
        steps: Steps at which the value was logged, int64 (n,), increasing.
        values: Logged values, float64 (n,); NaN for values that are not finite.
    """

    label: str
    color: str
    steps: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, kw_only=True)
class _PlotArea:
    """Inner rectangle of a chart, in its own coordinates."""

    x: Axis
    y: Axis
    width: int
    height: int

    def across(self, steps: np.ndarray | float) -> np.ndarray:
        return self.x.scale(steps) * self.width

    def down(self, values: np.ndarray | float) -> np.ndarray:
        return (1 - self.y.scale(values)) * self.height


def line_chart(
    curves: Sequence[Curve],
    *,
    title: str,
    wide: bool = False,
    percent: bool = False,
    zero: bool = False,
    annotate: Callable[[int], str] = lambda step: "",
) -> str:
    """Draw curves over steps as SVG; return an empty string if no value is finite.

    A long curve is smoothed and drawn over a faint line of the logged values. A value that is not
    finite breaks the line and is marked by a cross, one outside the axis by an arrow on the edge.

    Args:
        curves: The lines; later ones lie on top.
        title: Title for screen readers.
        wide: Whether the chart is as wide as two charts side by side.
        percent: Whether values are fractions, shown as percentages.
        zero: Whether the axis starts at zero.
        annotate: `(step) -> text` beside the step under the pointer.
    """
    curves = [curve for curve in curves if np.isfinite(curve.values).any()]
    if not curves:
        return ""
    width = FULL_WIDTH if wide else WIDTH
    smoothed = [smooth(c.values) if _is_smoothed(c) else c.values for c in curves]
    logged = np.concatenate([c.values for c in curves])
    plot = _PlotArea(
        x=step_axis(max(int(c.steps[-1]) for c in curves), 10 if wide else 6),
        y=value_axis(logged, np.concatenate(smoothed), percent=percent, zero=zero),
        width=width - LEFT - RIGHT,
        height=HEIGHT - TOP - BOTTOM,
    )
    if plot.y.log:  # averaged on the scale that is shown
        smoothed = [
            np.exp(smooth(np.log(c.values))) if _is_smoothed(c) else c.values for c in curves
        ]
    lines = [_draw_line(plot, c, c.values, "raw") for c in curves if _is_smoothed(c)]
    lines += [_draw_line(plot, c, line, "line") for c, line in zip(curves, smoothed, strict=True)]
    hover = json.dumps(_hover_data(plot, curves, annotate), separators=(",", ":"))
    return (
        f'<svg class="chart" viewBox="0 0 {width} {HEIGHT}" role="img" tabindex="0"'
        f' aria-label="{escape_html(f"{title}: {_spoken_summary(curves)}")}"'
        f' data-left="{LEFT}" data-top="{TOP}" data-bottom="{HEIGHT - BOTTOM}"'
        f' data-hover="{escape_html(hover)}">'
        f"{_draw_axes(plot)}"
        # a nested svg clips; 6 pixels at both sides are for dots
        f'<svg x="{LEFT - 6}" y="{TOP}" width="{plot.width + 12}" height="{plot.height}"'
        f' viewBox="-6 0 {plot.width + 12} {plot.height}">'
        f"{''.join(lines)}{''.join(_draw_marks(plot, curves))}</svg></svg>"
    )


def chart_legend(curves: Sequence[Curve], *, percent: bool = False) -> str:
    """Return names, colors and last values of the curves as an HTML list."""
    items = (
        f'<li><i class="swatch {c.color}"></i>{escape_html(c.label)}'
        f" <b>{_format_value(last, percent)}</b>"
        for c, last in ((c, float(c.values[-1])) for c in curves)
    )
    return f'<ul class="legend">{"".join(items)}</ul>'


def _is_smoothed(curve: Curve) -> bool:
    return len(curve.values) >= MIN_SMOOTHED


def _draw_axes(plot: _PlotArea) -> str:
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


def _draw_line(plot: _PlotArea, curve: Curve, values: np.ndarray, kind: str) -> str:
    kept = extremes(values, MAX_BUCKETS)
    xs, ys = plot.across(curve.steps[kept]), plot.down(values[kept])
    finite = np.isfinite(ys)
    points, dots, pen = [], [], "M"
    for index, (x, y) in enumerate(zip(xs, ys, strict=True)):
        if finite[index]:
            points.append(f"{pen}{x:.1f} {y:.1f}")
            if not finite[max(index - 1, 0) : index + 2].sum() > 1:  # a line of one point
                dots.append(f'<circle class="{kind} {curve.color}" cx="{x:.1f}" cy="{y:.1f}"/>')
        pen = "L" if finite[index] else "M"
    path = f'<path class="{kind} {curve.color}" d="{"".join(points)}"/>'
    return path + "".join(dots)


def _draw_marks(plot: _PlotArea, curves: Sequence[Curve]) -> Iterable[str]:
    """Yield crosses for values that are not finite, arrows for those outside the axis."""
    broken = sorted({int(s) for c in curves for s in c.steps[~np.isfinite(c.values)]})
    for index, step in enumerate(evenly_spaced(broken, MAX_MARKS)):
        x = min(max(float(plot.across(step)), 6.0), plot.width - 6.0)
        yield f'<path class="broken" d="M{x - 4:.1f} 4l8 8m0-8l-8 8"/>'
        if index == 0:
            side = "end" if x > plot.width / 2 else "start"
            at = x - 10 if side == "end" else x + 10
            yield f'<text class="broken {side}" x="{at:.1f}" y="13">not finite</text>'
    for curve in curves:
        for above in (True, False):
            out = curve.values > plot.y.high if above else curve.values < plot.y.low
            for step in evenly_spaced(curve.steps[out].tolist(), MAX_MARKS):
                x = float(plot.across(step))
                arrow = "1l4 7h-8z" if above else f"{plot.height - 1}l4-7h-8z"
                yield f'<path class="beyond {curve.color}" d="M{x:.1f} {arrow}"/>'


def _hover_data(plot: _PlotArea, curves: Sequence[Curve], annotate: Callable[[int], str]) -> dict:
    """Return positions, steps, notes and each curve's values for the pointer, as columns."""
    steps = evenly_spaced(sorted({int(s) for c in curves for s in c.steps}), MAX_HOVER_STEPS)
    rows = []
    for curve in curves:
        known = dict(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))
        values = [known.get(step) for step in steps]
        rows.append(
            {
                "label": curve.label,
                "color": curve.color,
                "text": [_format_value(value, plot.y.percent) for value in values],
                "y": [_hover_height(plot, value) for value in values],
            }
        )
    return {
        "x": [round(float(plot.across(step)), 1) for step in steps],
        "step": [f"{step:,}" for step in steps],
        "note": [annotate(step) for step in steps],
        "curves": rows,
    }


def _format_value(value: float | None, percent: bool) -> str:
    if value is None:
        return ""
    return format_percent(value) if percent else format_number(value)


def _hover_height(plot: _PlotArea, value: float | None) -> float | None:
    """Return pixels from the top, or `None` for a value that is not drawn."""
    if value is None or not plot.y.low <= value <= plot.y.high:
        return None
    return round(float(plot.down(value)), 1)


def _spoken_summary(curves: Sequence[Curve]) -> str:
    ends = (
        f"{c.label} from {format_number(c.values[0])} at step {c.steps[0]:,}"
        f" to {format_number(c.values[-1])} at step {c.steps[-1]:,}"
        for c in curves
    )
    return "; ".join(ends)
