"""From Python a model is trained, resumed and opened by name, as from the command line."""

import os

import pytest

import ganzoo
from ganzoo.catalog.recipe.overrides import read_recipe_file
from ganzoo.errors import UnknownName, UsageError

pytestmark = pytest.mark.backend


def test_a_model_is_trained_resumed_and_loaded(place, capsys):
    seen = []
    small = {"architecture.generator_base_channels": 4}
    run = ganzoo.train("dcgan-digits", steps=2, batch=8, settings=small, events=seen.append)
    assert run.path.name == "00001-dcgan-digits" and run.manifest()["state"] == "finished"
    assert run.recipe().training.batch == 8 and {"start", "end"} <= {e["event"] for e in seen}
    again = ganzoo.resume(1, steps=3)
    assert again.log()[-1]["step"] == 3
    assert "step 3/3  d_loss " in capsys.readouterr().out
    assert ganzoo.load(1).sample(2, seed=0).shape == (2, 8, 8, 1)


def test_another_process_is_told_the_same_training(place, monkeypatch):
    told = {}
    monkeypatch.setattr("ganzoo.jobs.training.train.train", lambda recipe, **given: told.update(
        given, same=read_recipe_file(given["command"][1]) == recipe
    ))  # fmt: skip
    ganzoo.train("dcgan-digits", steps=2, seed=5, start_from=place / "a run", devices=2)
    verb, _, *others = told["command"]
    assert told["same"] and told["devices"] == 2 and verb == "train"
    assert others == ["--backend", os.environ["KERAS_BACKEND"], "--from", str(place / "a run")]
    with pytest.raises(UsageError, match="whole number"):
        ganzoo.train("dcgan-digits", devices=0)


def test_a_data_set_is_opened_by_its_name(place):
    found = ganzoo.dataset("digits", images=10)
    assert found.images.shape == (10, 8, 8, 1)
    with pytest.raises(UnknownName):
        ganzoo.dataset("digit")
    with pytest.raises(UsageError, match="image"):
        ganzoo.dataset("digits", imags=10)


def test_nothing_to_train_and_unknown_keys_are_refused(place):
    with pytest.raises(UsageError, match="Received: neither"):
        ganzoo.train()
    with pytest.raises(UsageError, match="step"):
        ganzoo.train("dcgan-digits", stepz=3)
    with pytest.raises(UsageError, match="seed=None"):
        ganzoo.train("dcgan-digits", seed=None)
    assert list(place.iterdir()) == []
