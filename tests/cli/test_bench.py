"""`bench` translates its options, and shows what was measured."""

import pytest

SPREAD = {"median": 0.02, "min": 0.018, "max": 0.025}
FOUND = {
    "backend": "torch", "device": "cpu", "precision": "float32", "batch": 32,
    "images_per_step": 64, "steps": 50, "rounds": 3, "step_seconds": SPREAD,
    "images_per_second": {"median": 3200.0, "min": 2560.0, "max": 3555.6}, "cpu_seconds": 0.031,
    "first_step_seconds": 2.5, "peak_memory": 512 * 2**20,
    "arithmetic": {
        "flops_per_step": 6e9, "flops_per_second": 3e11, "limit": 4e11, "limit_dtype": "float32",
        "share": 0.75,
    },
}  # fmt: skip


@pytest.fixture
def calls(fake_job, monkeypatch):
    monkeypatch.setattr("ganzoo.backend.select.choose", lambda backend: backend)
    return fake_job("bench", bench=FOUND)


def test_options_reach_the_recipe_and_the_job(ganzoo, calls):
    argv = ("--set", "seed=3", "--batch", 8, "--steps", 2, "--rounds", 4, "--backend", "jax")
    done = ganzoo("bench", "dcgan-digits", *argv, "--json")
    assert (done.code, done.json) == (0, {"model": "dcgan-digits", **FOUND})
    (call,) = calls
    (recipe,) = call.pop("args")
    assert (recipe.training.batch, recipe.training.seed) == (8, 3)
    assert call == {"job": "bench", "rounds": 4, "steps": 2, "backend": "jax"}


def test_people_read_a_table(ganzoo, calls):
    done = ganzoo("bench", "dcgan-digits")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines == [
        "where torch on cpu, float32 batch 32, 64 images a step",
        "images per second 3,200 2,560 to 3,556",
        "milliseconds a step 20 18 to 25",
        "of all processors 31 3 rounds of 50 steps",
        "first step, seconds 2.5 compilation included",
        "peak memory 512 MiB of the whole process",
        "products a step 6 GFLOP forward and backward",
        "their rate 300 GFLOP/s 75% of 400, a large product in float32",
    ]


def test_an_unknown_model_is_a_usage_error(ganzoo):
    assert ganzoo("bench", "nothing-of-the-kind").code == 2
