"""The page on several devices against its figures."""

import json

import make_devices


def row(**figures) -> dict:
    return {"architecture": "dcgan", "backend": "jax", "devices": 2, "step": 2e-7, "steps": 20,
            "after": 3e-6, "control": 1e-7, "ranks_equal": True} | figures  # fmt: skip


def test_the_table_is_that_of_the_figures():
    text = make_devices.PAGE.read_text(encoding="utf-8")
    rows = json.loads(make_devices.FIGURES.read_text())["rows"]
    assert text == make_devices.page(text, rows), "Run `python docs/make_devices.py`."


def test_what_is_beyond_the_bounds_is_named():
    fine = make_devices.summary([row(), row(after=3e-5, control=1e-5)])
    assert "but for" not in fine
    wrong = [row(step=2e-5), row(devices=3, after=5e-5, control=1e-5), row(ranks_equal=False)]
    text = make_devices.summary(wrong)
    assert "all are within 1e-5, but for dcgan on 2 (jax)." in text
    assert "what the control moves, but for dcgan on 3 (jax)." in text
    assert "bit for bit, but for dcgan on 2 (jax)." in text
