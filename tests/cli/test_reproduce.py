"""`ganzoo reproduce` translates, shows both numbers, and exits by what came out."""

from pathlib import Path

import pytest

from ganzoo.errors import UsageError

ROW = {
    "metric": "frechet", "features": "digits", "value": 12.3456, "spread": 0.25,
    "measured": 12.5, "difference": 0.1544, "tolerance": 1.23456, "reproduced": True,
}  # fmt: skip
APART = {
    "metric": "kernel", "features": "other", "value": 1.0, "spread": None, "reproduced": None,
    "reason": "its features\x1b[31m are not here",
}  # fmt: skip


def found(*rows, reproduced=True):
    return {
        "model": "small", "run": "runs/00001-small", "reproduced": reproduced,
        "backend": {"card": "jax", "here": "torch"}, "results": list(rows),
    }  # fmt: skip


@pytest.fixture
def job(fake_job, monkeypatch):
    """`calls = job(result)`: what the job is asked, and what it gives."""
    monkeypatch.setattr("ganzoo.backend.select.choose", lambda backend: backend)
    return lambda result: fake_job("reproduce", published_results="the results", reproduce=result)


def test_without_options_the_job_decides(ganzoo, job):
    calls = job(found(ROW))
    done = ganzoo("reproduce", "small@2")
    assert done.code == 0
    assert calls[0] == {"job": "published_results", "args": ("small@2",)}
    assert callable(calls[1].pop("events"))
    assert calls[1] == {
        "job": "reproduce", "args": ("the results",), "data": None, "share": 0.1, "run": None,
        "runs": Path("runs"), "backend": None, "argv": ["ganzoo", "reproduce", "small@2"],
    }  # fmt: skip


def test_every_option_reaches_the_job(ganzoo, job):
    calls = job(found(ROW))
    words = "--data x.npz --tolerance 0.2 --run here --backend torch"
    assert ganzoo("reproduce", "small", *words.split()).code == 0
    assert calls[1]["data"].startswith("/") and calls[1]["data"].endswith("/x.npz")
    assert (calls[1]["share"], calls[1]["run"], calls[1]["backend"]) == (0.2, Path("here"), "torch")


def test_both_numbers_are_shown_and_what_cannot_be_compared_is_said(ganzoo, job):
    job(found(ROW, APART))
    done = ganzoo("reproduce", "small")
    assert done.code == 0 and "\x1b" not in done.out
    first, second, last = done.out.strip().split("\n\n")
    assert first.splitlines()[1].split() == [
        "frechet", "digits", "12.35", "±", "0.25", "12.5", "0.1544", "1.235", "reproduced",
    ]  # fmt: skip
    assert second.startswith("not compared") and "kernel" in second
    assert "torch" in last and "jax" in last and "runs/00001-small" in last


def test_what_is_not_reproduced_exits_with_3(ganzoo, job):
    job(found(ROW | {"reproduced": False}, reproduced=False))
    done = ganzoo("reproduce", "small")
    assert done.code == 3 and "NOT reproduced" in done.out
    assert done.err.startswith("error: ") and done.err.count("\n") == 1
    done = ganzoo("reproduce", "small", "--json")
    assert done.code == 3 and done.json["reproduced"] is False


def test_where_nothing_could_be_compared_there_is_no_table(ganzoo, job):
    job(found(APART, reproduced=False))
    done = ganzoo("reproduce", "small")
    assert done.code == 3 and done.out.startswith("not compared")


def test_a_card_without_results_is_a_wrong_use(ganzoo, fake_job):
    error = UsageError("It has no results.")
    calls = fake_job("reproduce", published_results=error, reproduce=found(ROW))
    done = ganzoo("reproduce", "small")
    assert done.code == 2 and [call["job"] for call in calls] == ["published_results"]


@pytest.mark.parametrize(
    "words", ["--tolerance 1", "--tolerance -0.1", "--tolerance nan", "--run a --runs b"]
)
def test_what_cannot_be_meant_is_refused(words, ganzoo, job):
    calls = job(found(ROW))
    assert ganzoo("reproduce", "small", *words.split()).code == 2
    assert calls == []
