"""A comparison shows what differs, and refuses nothing but nonsense."""

import copy
import json

import numpy as np
import pytest

from ganzoo import rendering
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.runs import Run
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.jobs.monitoring.compare import compare_runs, run_label
from ganzoo.jobs.report import comparison

TABLES = {
    "architecture": {"name": "dcgan"}, "dataset": {"name": "digits"},
    "gan": {"loss": "hinge", "regularizers": [{"name": "r1", "weight": 10.0}]},
    "generator_optimizer": {"name": "adam"}, "discriminator_optimizer": {"name": "adam"},
    "training": {"steps": 100},
}  # fmt: skip
CARD = {"schema": 1, "name": "x", "summary": "<b>", "license": {"data": "x", "weights": "x"}}


@pytest.fixture
def make_run(tmp_path):
    def make(backend="jax", *, scores=(), protocol=None, **training) -> Run:
        run, tables = Run.create(tmp_path / "runs", "gan-x"), copy.deepcopy(TABLES)
        tables["training"] |= training
        recipe = Recipe.from_tables(tables)
        run.recipe_path.write_text(recipe.toml())
        manifest = {"state": "finished", "backend": backend, "ganzoo": "0.2.0",
                    "data": {"count": 640, "image_shape": [8, 8, 1], "fingerprint": "ab" * 32},
                    **({"evaluation": protocol} if protocol else {})}  # fmt: skip
        run.manifest_path.write_text(json.dumps(manifest))
        run.card_path.write_text(_card(recipe))
        for step in (50, 100):
            run.append_log({"step": step, "seconds": float(step), "d_loss": 1.0, "g_loss": 2.0})
        for step, value in enumerate(scores, start=101):
            run.append_log({"step": step, "frechet": value, "d_loss": 0.5, "seconds": 200.0})
        run.samples.mkdir()
        pixels = np.zeros((4, 8, 8, 1), np.uint8)
        image = rendering.encode_png(rendering.render_samples(pixels))
        for step in (0, 50, 100):
            (run.samples / f"step-{step:08d}.png").write_bytes(image)
        return run

    return make


def _card(recipe: Recipe) -> str:
    from ganzoo.catalog.registry.cards import Card

    result = {"metric": "kernel", "value": 0.25, "protocol": {"features": "digits", "real": 640}}
    return Card.from_tables({**CARD, "recipe": recipe.tables(), "results": [result]}).toml()


def rows(content, group) -> dict:
    return {row["key"]: row["values"] for row in content["rows"] if row["group"] == group}


def test_only_differences_of_recipe_and_origin_are_rows(make_run):
    content = compare_runs([make_run(), make_run("torch", batch=32, seed=7)])
    assert rows(content, "recipe") == {"training.batch": [64, 32], "training.seed": [0, 7]}
    assert rows(content, "origin") == {"backend": ["jax", "torch"]}
    assert [run["name"] for run in content["runs"]] == ["1 gan-x", "2 gan-x"]


def test_progress_losses_and_results_are_there_always(make_run):
    content = compare_runs([make_run(scores=(4.0, 2.5, 3.0)), make_run()])
    assert rows(content, "progress")["seconds"] == [200.0, 100.0]
    assert rows(content, "losses") == {"d_loss": [0.5, 1.0], "g_loss": [None, 2.0]}
    assert rows(content, "results") == {
        "best frechet": [2.5, None], "at step": [102, None],
        "kernel (features digits, real 640)": [0.25, 0.25],
    }  # fmt: skip


def test_one_run_or_one_twice_is_no_comparison(make_run):
    run = make_run()
    for runs in ([run], [run, run], [run, Run(run.path.parent / "." / run.path.name)]):
        with pytest.raises(UsageError, match="at least two"):
            compare_runs(runs)


def test_a_broken_run_is_named(make_run):
    good, bad = make_run(), make_run()
    bad.manifest_path.write_text("[]")
    with pytest.raises(InvalidInput, match="00002-gan-x"):
        compare_runs([good, bad])


@pytest.mark.parametrize(
    ("name", "label"), [("00007-a-b", "7 a-b"), ("mine", "mine"), ("x-y", "x-y")]
)
def test_a_run_is_called_by_its_number_and_name(tmp_path, name, label):
    assert run_label(Run(tmp_path / name)) == label


def test_the_page_lays_curves_over_each_other_and_samples_side_by_side(make_run, tmp_path):
    runs = [make_run(scores=(4.0, 2.5)), make_run(scores=(3.0,), batch=32, log_every=10)]
    content = compare_runs(runs, out=tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:image/png;base64,") == 6 and page.count('class="chart"') == 3
    for text in ("1 gan-x from 1.000", "2 gan-x from 1.000", "<td>training.batch<td>64<td>32"):
        assert text in page
    assert "connect-src" not in page and "protocols" not in page
    with pytest.raises(UsageError, match="overwritten"):
        compare_runs(runs, out=tmp_path / "page.html")
    assert compare_runs(runs, out=tmp_path / "page.html", overwrite=True) == content


def test_scores_of_different_protocols_are_said_not_to_compare(make_run):
    runs = [make_run(scores=(2.0,), protocol={"fake": n}) for n in (100, 200)]
    page = comparison.comparison_page(runs, ["a", "b"], compare_runs(runs)["rows"])
    assert comparison.PROTOCOL_NOTE in page


def test_labels_and_values_are_inert(make_run):
    runs, hostile = [make_run(), make_run()], "</title><script>alert(1)</script>"
    row = {"group": hostile, "key": hostile, "values": [hostile, [{"a": hostile}]]}
    page = comparison.comparison_page(runs, [hostile, hostile], [row])
    assert "<script>alert" not in page and page.count("<script>") == 1


def test_more_runs_than_lines_can_be_told_apart_are_refused(make_run):
    run = make_run()
    with pytest.raises(UsageError, match="at most 18"):
        comparison.comparison_page([run] * 19, ["x"] * 19, [])
