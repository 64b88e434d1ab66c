"""The page on speed against its figures."""

import json

import make_speed


def row(**ratios: float) -> dict:
    """A measurement of DCGAN-64 on JAX with these ratios."""
    found = {
        n: {"wall": r, "range": [r - 0.1, r + 0.1], "cpu": r + 0.01} for n, r in ratios.items()
    }
    ms = {"ganzoo": {"wall": 1234.5, "cpu": 2000.0}}
    first = {"ganzoo": {"wall": 5.04, "cpu": 9.0}}
    return {"model": "dcgan-64", "backend": "jax", "ms_per_step": ms, "ratios": found,
            "rounds": 5, "first": first}  # fmt: skip


def test_the_tables_are_those_of_the_figures():
    text = make_speed.PAGE.read_text(encoding="utf-8")
    figures = json.loads(make_speed.FIGURES.read_text())
    assert text == make_speed.page(text, figures), "Run `python docs/make_speed.py`."


def test_a_workload_without_figures_is_named():
    rows = [
        {"model": model, "backend": backend}
        for model in make_speed.WORKLOADS
        for backend in make_speed.BACKENDS
    ]
    assert make_speed.unmeasured({"results": rows}) == "All are measured on each backend."
    text = make_speed.unmeasured({"results": rows[1:]})
    assert text == "Not measured in this round: gan-mnist on jax."


def test_a_ratio_is_shown_with_its_range_and_with_that_of_processor_time():
    line = make_speed.ratios({"results": [row(plain=6.4, hand=0.95)]}).splitlines()[-1]
    assert line == (
        "| dcgan-64 | jax | 1,234 | **6.40** (6.30 to 6.50) | **0.95** (0.85 to 1.05) |  "
        "| 6.41, 0.96, - |"
    )


def test_what_misses_its_aim_is_named():
    text = make_speed.missed({"results": [row(plain=6.4, hand=0.95, tutorial=1.99)]})
    assert text.splitlines() == [
        "1 of 3 aims are reached by both clocks.",
        "",
        "1 by one of them:",
        "",
        "* dcgan-64 on jax against tutorial: 1.99 (2.00 by CPU), aim 2; "
        "the loop by hand: 2.09 (2.08)",
        "",
        "1 are missed:",
        "",
        "* dcgan-64 on jax against hand: 0.95 (0.96 by CPU), aim 0.97",
    ]
    assert make_speed.missed({"results": [row(hand=0.97)]}) == (
        "1 of 1 aims are reached by both clocks."
    )
