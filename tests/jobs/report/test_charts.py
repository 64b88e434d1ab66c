"""Curves: what is drawn, and what the pointer can read."""

import json
import re
import xml.etree.ElementTree as ElementTree

import numpy as np

from ganzoo.jobs.report import charts
from ganzoo.jobs.report.charts import Curve, chart_legend, line_chart


def curve(values, label="d", color="real", every=10) -> Curve:
    values = np.asarray(values, np.float64)
    steps = np.arange(1, len(values) + 1, dtype=np.int64) * every
    return Curve(label=label, color=color, steps=steps, values=values)


def draw(*curves, **kind) -> ElementTree.Element:
    return ElementTree.fromstring(line_chart(curves, title="Losses", **kind))


def classes(svg, tag) -> list[str]:
    return [element.get("class") for element in svg.iter(tag)]


def test_a_short_curve_is_one_line_and_a_long_one_a_smooth_line_over_a_faint_one():
    assert classes(draw(curve([1, 2, 3])), "path").count("line real") == 1
    assert "raw real" not in classes(draw(curve([1, 2, 3])), "path")
    long = classes(draw(curve(np.arange(60))), "path")
    assert long.index("raw real") < long.index("line real")


def test_greater_values_are_drawn_higher_and_later_steps_further_right():
    (path,) = (p for p in draw(curve([1, 5, 3])).iter("path") if p.get("class") == "line real")
    points = [tuple(map(float, p.split())) for p in re.split("[ML]", path.get("d"))[1:]]
    assert points[0][0] < points[1][0] < points[2][0]
    assert points[1][1] < points[2][1] < points[0][1]  # downwards


def test_a_single_point_is_a_dot():
    svg = draw(curve([0.7]))
    assert classes(svg, "circle") == ["line real"]


def test_a_number_that_is_not_finite_breaks_the_line_and_is_marked():
    svg = draw(curve([1, 2, np.nan, 3, 4]))
    (path,) = (p for p in svg.iter("path") if p.get("class") == "line real")
    assert path.get("d").count("M") == 2
    assert classes(svg, "path").count("broken") == 1
    assert [t.text for t in svg.iter("text") if "broken" in t.get("class")] == ["not finite"]


def test_a_curve_that_is_never_finite_is_not_drawn():
    broken = curve([np.nan, np.nan])
    assert line_chart([broken], title="Losses") == ""
    assert classes(draw(curve([1, 2]), broken), "path").count("line real") == 1


def test_a_value_outside_the_axis_gets_an_arrow():
    values = np.sin(np.arange(100.0))
    values[30], values[60] = 1e5, -1e5
    assert classes(draw(curve(values)), "path").count("beyond real") == 2


def test_a_logarithmic_chart_says_so():
    svg = draw(curve(np.geomspace(1e-4, 10, 40)))
    assert "log scale" in [t.text for t in svg.iter("text")]


def test_a_log_of_any_length_stays_small():
    values = np.random.default_rng(0).normal(size=(2, 20_000))
    values[0, ::7] = np.nan
    svg = line_chart([curve(values[0]), curve(values[1], "g", "fake")], title="Losses", wide=True)
    assert len(svg) < 120_000
    assert svg.count('class="broken"') <= charts.MAX_MARKS
    assert (
        max(path.count("L") for path in re.findall(r' d="([^"]*)"', svg)) <= 3 * charts.MAX_BUCKETS
    )


def test_the_pointer_reads_what_was_logged():
    penalty = Curve(
        label="r1", color="c2", steps=np.array([20]), values=np.array([0.5], np.float64)
    )
    svg = draw(curve([1.23456, np.nan]), penalty, annotate=lambda step: f"{step * 8} images")
    hover = json.loads(svg.get("data-hover"))
    assert hover["step"] == ["10", "20"]
    assert hover["note"] == ["80 images", "160 images"]
    assert [c["text"] for c in hover["curves"]] == [["1.235", "not finite"], ["", "0.5000"]]
    assert hover["curves"][0]["y"][1] is None


def test_the_pointer_reads_shares_as_percentages():
    hover = json.loads(draw(curve([0.875]), percent=True).get("data-hover"))
    assert hover["curves"][0]["text"] == ["87.5 %"]


def test_the_places_of_the_pointer_are_thinned_with_the_last_kept():
    hover = json.loads(draw(curve(np.zeros(3000))).get("data-hover"))
    assert len(hover["x"]) == charts.MAX_HOVER_STEPS and hover["step"][-1] == "30,000"


def test_readers_who_hear_the_page_are_told_the_ends():
    told = draw(curve([2, 1])).get("aria-label")
    assert told == "Losses: d from 2.000 at step 10 to 1.000 at step 20"


def test_a_legend_names_colors_and_last_values():
    names = chart_legend([curve([1, 0.25]), curve([1, np.nan], "g<", "fake")], percent=False)
    assert "swatch real" in names and "0.2500" in names
    assert "g&lt;" in names and "not finite" in names
