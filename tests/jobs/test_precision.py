"""Precision `auto`: what is taken, what is recorded, and that a resumed run keeps to it."""

import json

import pytest
from comparison import differing

from ganzoo.errors import UsageError
from ganzoo.files import safetensors
from ganzoo.jobs import precision
from ganzoo.jobs.models import environment
from ganzoo.jobs.training.plan import plan
from ganzoo.jobs.training.resume import resume
from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend

AUTO = ("steps=2", "precision=auto")


def weights(run):
    return safetensors.load(run.weights_path.read_bytes())


def test_without_instructions_for_bfloat16_float32_is_taken_unmeasured(plain, place, monkeypatch):
    monkeypatch.setattr(environment, "bfloat16_instructions", lambda: False)
    monkeypatch.setattr(precision, "_step_seconds", None)
    assert plan(plain(*AUTO))["precision"].startswith("auto: float32, as the processor has no")
    run = train(plain(*AUTO), runs=place / "runs")
    assert run.recipe() == plain("steps=2", "precision=float32")
    recorded = json.loads(run.manifest_path.read_text())["precision"]
    assert (recorded["requested"], recorded["taken"]) == ("auto", "float32")
    given = train(plain("steps=2"), runs=place / "runs")
    assert not differing(weights(run), weights(given))


@pytest.mark.parametrize("ratio, taken", [(0.8, "mixed_bfloat16"), (0.95, "float32")])
def test_bfloat16_is_taken_where_it_is_measured_to_be_faster(
    plain, place, monkeypatch, ratio, taken
):
    monkeypatch.setattr(environment, "bfloat16_instructions", lambda: True)
    times = {"float32": 1.0, "mixed_bfloat16": ratio}
    monkeypatch.setattr(precision, "_step_seconds", lambda r, data: times[r.training.precision])
    assert plan(plain(*AUTO))["precision"] == "auto: measured before the first step"
    run = train(plain(*AUTO), runs=place / "runs")
    assert run.recipe().training.precision == taken
    recorded = json.loads(run.manifest_path.read_text())["precision"]
    assert recorded["step_seconds"] == times and recorded["taken"] == taken
    monkeypatch.setattr(precision, "_step_seconds", None)  # a resumed run does not measure
    assert resume(run.path, settings=["training.steps=3"]).recipe().training.precision == taken


def test_a_measurement_trains_in_the_precision_that_it_names(plain, monkeypatch):
    monkeypatch.setattr(environment, "bfloat16_instructions", lambda: True)
    recipe = plain(*AUTO)
    taken, record = precision.decide_precision(recipe, precision_data(recipe))
    seconds = record["precision"]["step_seconds"]
    assert set(seconds) == {"float32", "mixed_bfloat16"} and min(seconds.values()) > 0
    assert taken.training.precision == record["precision"]["taken"]


def precision_data(recipe):
    from ganzoo.jobs.models.open_dataset import open_recipe_dataset

    return open_recipe_dataset(recipe)


def test_several_devices_do_not_measure(plain, monkeypatch):
    recipe, data = plain(*AUTO), None
    monkeypatch.setattr(environment, "bfloat16_instructions", lambda: False)
    assert precision.decide_precision(recipe, data, 2)[0].training.precision == "float32"
    monkeypatch.setattr(environment, "bfloat16_instructions", lambda: True)
    with pytest.raises(UsageError, match="2 devices"):
        precision.decide_precision(recipe, data, 2)
