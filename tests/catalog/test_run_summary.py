import os
import shutil

import pytest

from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.run_summary import list_runs, summarize_run
from ganzoo.catalog.runs import Run
from ganzoo.errors import InvalidInput

MANIFEST = """{"schema": 1, "model": "dcgan-test", "state": "%s", "data": {"count": 640},
"created": "2025-11-22T02:01:44+00:00"}"""


@pytest.fixture
def make_run(tmp_path, tables):
    def make(state="finished", **training) -> Run:
        run = Run.create(tmp_path / "runs", "dcgan-test")
        tables["training"] = training or {"steps": 200}
        run.manifest_path.write_text(MANIFEST % state)
        run.recipe_path.write_text(Recipe.from_tables(tables).toml())
        return run

    return make


def entry(step, **more):
    return {"step": step, "images": 64 * step, "seconds": step / 10, "images_per_second": 640.0,
            "d_loss": 1.5, "g_loss": 0.5, "d_real_accuracy": 0.5, **more}  # fmt: skip


def test_a_run_is_summarized_by_its_newest_entry_and_its_best(make_run):
    run = make_run()
    for one in (entry(50, frechet=9.5), entry(100, frechet=2.5), entry(150, frechet=None)):
        run.append_log(one)
    run.append_log(entry(200))
    assert summarize_run(run) == {
        "model": "dcgan-test", "state": "finished", "created": "2025-11-22T02:01:44+00:00",
        "step": 200, "steps": 200, "losses": {"d_loss": 1.5, "g_loss": 0.5},
        "best": {"metric": "frechet", "value": 2.5, "step": 100},
        "seconds": 20.0, "images_per_second": 640.0,
    }  # fmt: skip


@pytest.mark.parametrize(("training", "steps"), [({"epochs": 3}, 30), ({"images": 65}, 2)])
def test_the_planned_steps_are_those_of_any_length(make_run, training, steps):
    assert summarize_run(make_run(**training))["steps"] == steps


def test_a_running_run_says_how_long_it_will_take(make_run):
    run = make_run("running")
    run.append_log(entry(50))
    with run.lock():
        assert summarize_run(run)["seconds_left"] == 150 * 64 / 640
    assert "seconds_left" not in summarize_run(run)  # nobody writes to it any more


def test_a_run_that_has_logged_nothing_is_at_its_start(make_run):
    found = summarize_run(make_run())
    assert found["step"] == 0 and not {"losses", "best", "seconds"} & set(found)


def test_runs_are_listed_by_number_and_a_broken_one_is_an_entry(make_run, tmp_path):
    runs = [make_run() for _ in range(5)]
    runs[0].manifest_path.write_text("{")
    runs[1].recipe_path.unlink()
    runs[2].log_path.write_bytes(b'{"step": "x", "images_per_second": "fast"}\n[]\n')
    os.rename(runs[4].path, runs[4].path.with_name("100000-late"))
    shutil.copytree(runs[3].path, runs[3].path.with_name("00004-copy"))
    found = list_runs(tmp_path / "runs")
    assert [one["number"] for one in found] == [1, 2, 3, 4, 4, 100000]
    assert [one["state"] for one in found] == ["broken"] * 3 + ["finished"] * 3
    assert "recipe.toml" in found[1]["problem"]
    assert list_runs(tmp_path / "none") == []
    with pytest.raises(InvalidInput):
        summarize_run(runs[0])
