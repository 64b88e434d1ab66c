"""The arithmetic of the comparison, and the file of figures."""

import json

import pytest
from lazy_keras import Lazy

core, figures, growth = Lazy("core"), Lazy("figures"), Lazy("growth")


def rounds(*seconds: float) -> list[dict]:
    return [{"wall": value, "cpu": 2 * value} for value in seconds]


def test_a_ratio_is_the_median_of_those_of_the_same_round():
    times = {"ganzoo": rounds(1.0, 2.0, 4.0), "hand": rounds(0.5, 3.0, 4.0)}
    found = core.summary(times, steps=10)
    assert found["ratios"] == {"hand": {"wall": 1.0, "range": [0.5, 1.5], "cpu": 1.0}}
    assert found["ms_per_step"]["ganzoo"] == pytest.approx({"wall": 200.0, "cpu": 400.0})
    assert found["rounds"] == 3


def test_contenders_take_turns_in_reversed_order():
    order = []
    trainings = {name: lambda name=name: order.append(name) for name in "abc"}
    times = core.alternate(trainings, 2)
    assert "".join(order) == "cbaabc"
    assert [len(one) for one in times.values()] == [2, 2, 2]


def test_new_figures_replace_those_of_the_same_row_and_leave_the_others(tmp_path):
    path = tmp_path / "figures.json"
    figures.keep(path, "results", [{"model": "b", "ms": 1}, {"model": "a", "ms": 2}], "model")
    figures.keep(path, "results", [{"model": "b", "ms": 3}], "model")
    figures.keep(path, "machine", {"cpus": 2})
    expected = [{"model": "a", "ms": 2}, {"model": "b", "ms": 3}]
    assert json.loads(path.read_text()) == {"results": expected, "machine": {"cpus": 2}}


def test_an_exponent_is_the_slope_over_the_largest_sizes(monkeypatch):
    seconds = {10: 9.0, 20: 1.0, 40: 3.0, 80: 16.0}
    monkeypatch.setitem(growth.MEASURES, "squares", (lambda n, _: n, tuple(seconds), 1.9))
    monkeypatch.setattr("growth.fastest", seconds.get)
    found = growth.measure("squares")
    assert found["exponent"] == pytest.approx(2.0) and not found["within"]
