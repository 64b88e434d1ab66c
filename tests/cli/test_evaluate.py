"""`ganzoo evaluate` translates: what it is given reaches the job, what comes back is shown."""

import json

import pytest

from ganzoo.catalog.recipe.recipe import Part
from ganzoo.errors import UsageError

RESULTS = [
    {
        "metric": "frechet", "value": 12.3456, "better": "lower",
        "protocol": {"features": "digits", "digest": "a" * 64, "real": 1797, "fake": 500,
                     "step": 40},
    },
    {
        "metric": "kernel", "value": 0.5, "error": 0.01, "better": "lower",
        "protocol": {"features": "digits", "digest": "a" * 64, "real": 1797, "fake": 500,
                     "step": 40, "subsets": 100},
    },
    {
        "metric": "patch_wasserstein", "value": 2.0, "better": "lower",
        "protocol": {"real": 500, "fake": 500},
    },
]  # fmt: skip


def test_without_options_the_job_decides(ganzoo, fake_job):
    calls = fake_job("evaluation.evaluate", evaluate=RESULTS)
    assert ganzoo("evaluate", "dcgan-digits@best").code == 0
    assert callable(calls[0].pop("events"))
    assert calls == [{
        "job": "evaluate", "args": ("dcgan-digits@best",), "against": None, "data": None,
        "metrics": None, "features": None, "n": 10_000, "seeds": [0], "raw": False,
        "truncation": None, "backend": None, "allow_plugin_mismatch": False,
    }]  # fmt: skip


def test_every_option_reaches_the_job(ganzoo, fake_job, tmp_path):
    calls = fake_job("evaluation.evaluate", evaluate=RESULTS)
    done = ganzoo(
        "evaluate", "images", "--against", "mnist", "--set", "images=10", "--data",
        tmp_path / "x.npz", "--metrics", "frechet, kernel", "--features", "mnist", "-n", 50,
        "--seeds", "0,2-3", "--raw", "--backend", "torch",
        "--truncation", 0.7, "--allow-plugin-mismatch",
    )  # fmt: skip
    assert done.code == 0
    (call,) = calls
    assert call["against"] == Part(name="mnist", images=10, data=str(tmp_path / "x.npz"))
    assert call["metrics"] == ["frechet", "kernel"] and call["features"] == "mnist"
    assert call["n"] == 50 and call["seeds"] == [0, 2, 3]
    assert call["truncation"] == 0.7 and call["allow_plugin_mismatch"] is True
    assert call["raw"] is True and call["backend"] == "torch" and call["data"] is None


def test_a_place_of_the_data_without_another_data_set_is_the_model_s(ganzoo, fake_job, tmp_path):
    calls = fake_job("evaluation.evaluate", evaluate=RESULTS)
    assert ganzoo("evaluate", "7", "--data", "x.npz", "--seed", 4).code == 0
    assert calls[0]["data"].endswith("/x.npz") and calls[0]["data"].startswith("/")
    assert calls[0]["seeds"] == [4]


def test_numbers_of_different_protocols_are_shown_apart(ganzoo, fake_job):
    fake_job("evaluation.evaluate", evaluate=RESULTS)
    out = ganzoo("evaluate", "1").out
    first, shared, second, _ = out.split("\n\n")
    assert [line.split()[0] for line in first.splitlines()] == ["metric", "frechet", "kernel"]
    assert "0.5" in first and "0.01" in first and "subsets 100" in first
    assert "features" in shared and "aaaaaaaaaaaa..." in shared and "1,797" in shared
    assert "patch_wasserstein" in second and "digits" not in second


def test_only_a_run_has_a_card_to_record_in(ganzoo, fake_job, tmp_path):
    calls = fake_job("evaluation.evaluate", evaluate=RESULTS, record_results=tmp_path / "card.toml")
    done = ganzoo("evaluate", "dcgan-digits", "--record")
    assert done.code == 2 and calls == []
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.toml").touch()
    done = ganzoo("evaluate", run, "--record")
    assert done.code == 0 and calls[1]["args"] == (str(run), RESULTS)
    assert f"recorded in {tmp_path / 'card.toml'}" in done.err and "recorded" not in done.out


def test_several_seeds_show_their_spread(ganzoo, fake_job):
    table = RESULTS[0] | {"seeds": [0, 1], "spread": 0.25}
    fake_job("evaluation.evaluate", evaluate=[table])
    out = ganzoo("evaluate", "1", "--seeds", "0,1").out
    assert "0.25" in out and "seeds 0, 1 (±" in " ".join(out.split())


def test_json_holds_everything(ganzoo, fake_job):
    fake_job("evaluation.evaluate", evaluate=RESULTS)
    found = ganzoo("evaluate", "1", "--json").json
    assert found == {"source": "1", "results": json.loads(json.dumps(RESULTS))}


def test_nothing_to_measure_is_said(ganzoo, fake_job):
    fake_job("evaluation.evaluate", evaluate=[])
    assert ganzoo("evaluate", "1").out == "No metric applies to this source.\n"


@pytest.mark.parametrize(
    "options",
    [
        ("--seed", 1, "--seeds", "1,2"), ("--seed", -1), ("--seeds", "a"), ("--set", "images=3"),
        ("--against", "nowhere"), ("--truncation", 0), ("--truncation", "nan"), ("-n", 9),
        ("-n", "many"),
    ],
)  # fmt: skip
def test_contradictions_and_odd_values_are_refused_before_the_job(ganzoo, fake_job, options):
    calls = fake_job("evaluation.evaluate", evaluate=RESULTS)
    done = ganzoo("evaluate", "1", *options)
    assert done.code == 2 and calls == [] and done.err.startswith("error: ")


def test_what_the_job_refuses_is_one_line(ganzoo, fake_job):
    fake_job("evaluation.evaluate", evaluate=UsageError("The metric 'x' needs y. Received: z."))
    done = ganzoo("evaluate", "1")
    assert (done.code, done.err) == (2, "error: The metric 'x' needs y. Received: z.\n")
