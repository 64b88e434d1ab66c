"""Axes: round ticks, honest ranges, smoothing that invents nothing."""

import numpy as np
import pytest

from ganzoo.jobs.report import axes


@pytest.mark.parametrize(
    "low, high, expected",
    [
        (0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1)),
        (0, 2000, (0, 500, 1000, 1500, 2000)),
        (-43.2, 12.9, (-40, -30, -20, -10, 0, 10)),
        (0.61, 0.72, (0.62, 0.64, 0.66, 0.68, 0.7, 0.72)),
        (1e-7, 3e-7, (1e-7, 1.5e-7, 2e-7, 2.5e-7, 3e-7)),
    ],
)
def test_ticks_are_round_and_within(low, high, expected):
    assert axes.linear_ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize(
    "tick, step, label",
    [
        (0.0, 0.5, "0"), (0.25, 0.05, "0.25"), (1.0, 0.5, "1.0"), (-20.0, 20.0, "−20"),
        (5000.0, 5000.0, "5,000"), (20000.0, 5000.0, "20k"), (12500.0, 500.0, "12.5k"),
        (1_500_000.0, 500_000.0, "1.5M"), (2e9, 1e9, "2G"), (1e-7, 1e-7, "1e−07"),
        (1.5e-7, 5e-8, "1.5e−07"), (1e20, 1e20, "1e+20"),
    ],
)  # fmt: skip
def test_a_tick_is_as_exact_as_its_step(tick, step, label):
    assert axes.tick_label(tick, step) == label


def test_powers_of_ten_are_thinned():
    assert axes.log_ticks(0.02, 500) == (0.1, 1, 10, 100)
    assert axes.log_ticks(1e-20, 1) == pytest.approx([10.0**p for p in range(-20, 1, 3)])


def axis(values, **kind) -> axes.Axis:
    values = np.asarray(values, np.float64)
    return axes.value_axis(values, values, **kind)


def test_an_axis_holds_every_value():
    values = np.array([-3.0, 8.0, 0.5])
    assert ((axis(values).scale(values) > 0) & (axis(values).scale(values) < 1)).all()


def test_values_over_many_decades_get_a_logarithmic_axis():
    found = axis(np.geomspace(1e-5, 10, 50))
    assert found.log
    place = found.scale(np.array([1e-4, 1e-2, 1.0]))
    assert place[1] - place[0] == pytest.approx(place[2] - place[1])


@pytest.mark.parametrize("values", [[0.0, 1e-5, 10.0], [-1.0, 1e5], [1.0, 40.0]])
def test_zeros_negatives_and_few_decades_keep_a_linear_axis(values):
    assert not axis(values * 20).log


def test_a_spike_does_not_flatten_the_rest():
    values = np.sin(np.arange(200.0))
    values[70] = 1e6
    found = axes.value_axis(values, np.zeros(200))
    assert -3 < found.low < -1 and 1 < found.high < 3
    assert found.scale(1e6) > 1  # drawn as an arrow


def test_a_smoothed_line_always_fits():
    values = np.append(np.zeros(199), 100.0)
    smoothed = axes.smooth(values)
    assert axes.value_axis(values, smoothed).high > np.nanmax(smoothed)


@pytest.mark.parametrize("value", [0.0, 5.0, -5.0, 1e-99, 9e99])
def test_a_single_value_has_an_axis_around_it(value):
    found = axis([value])
    assert 0 <= found.scale(value) < 1 and found.ticks


def test_shares_span_the_whole_axis_and_speed_begins_at_zero():
    assert axis([0.5], percent=True).label(0.25) == "25 %"
    assert axis([1490, 1510, 1495], zero=True).low == 0


def test_steps_have_whole_ticks():
    assert axes.step_axis(3, 6).ticks == (0, 1, 2, 3)
    assert axes.step_axis(0, 6).ticks == (0, 1)


def test_smoothing_keeps_a_constant_and_a_middle_and_takes_the_noise():
    assert axes.smooth(np.full(50, 3.0)) == pytest.approx(np.full(50, 3.0))
    line = np.linspace(0, 1, 200)
    noisy = line + np.random.default_rng(0).normal(size=200) * 0.1
    assert axes.smooth(line)[50:150] == pytest.approx(line[50:150])  # no lag
    assert np.abs(axes.smooth(noisy) - line).mean() < 0.03


def test_smoothing_leaves_gaps_where_they_are_and_unspoilt_neighbors():
    values = np.ones(60)
    values[[10, 11, 40]] = np.nan
    smoothed = axes.smooth(values)
    assert (np.isnan(smoothed) == np.isnan(values)).all()
    assert smoothed[~np.isnan(values)] == pytest.approx(1.0)


def test_thinning_keeps_ends_extremes_and_gaps():
    values = np.random.default_rng(0).normal(size=5000)
    values[1234], values[3210], values[2500] = 99.0, -99.0, np.nan
    kept = axes.extremes(values, 100)
    assert len(kept) <= 203 and (np.diff(kept) > 0).all()
    assert {0, 1234, 2500, 3210, 4999} <= set(kept.tolist())


def test_short_curves_are_not_thinned():
    assert axes.extremes(np.arange(20.0), 10).tolist() == list(range(20))
