"""`info` shows whatever `sample` takes, and a version's recipe is trained. No Keras for either."""

import json
import tomllib

import pytest

from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry.versions import open_version
from ganzoo.cli import main
from ganzoo.cli.support.recipe_arguments import resolve_recipe
from ganzoo.errors import InvalidInput, UnknownName, UsageError
from ganzoo.files import checkpoints, safetensors
from ganzoo.jobs.info import info
from ganzoo.jobs.models.export import export
from ganzoo.jobs.publishing.manage import tag
from ganzoo.jobs.publishing.push import push

pytestmark = pytest.mark.usefixtures("no_framework")


def printed(capsys, *argv: str) -> str:
    capsys.readouterr()
    assert main(["info", *argv]) == 0
    return capsys.readouterr().out


def test_a_run_is_shown_by_its_folder_its_number_and_its_name(made_run, capsys):
    run = made_run("runs/00007-small")
    run.append_log({"step": 4, "d_loss": 1.0})
    for name in ("runs/00007-small", "./runs/00007-small", str(run.path), "7", "00007-small"):
        found = info(name)
        assert list(found) == ["run"], name
        facts = found["run"]
        assert (facts["state"], facts["step"], facts["seed"]) == ("finished", 4, 7)
        assert facts["data"]["fingerprint"] == "f" * 64
        assert facts["license"]["weights"] == "Apache-2.0"
        assert Recipe.from_tables(facts["recipe"]) == run.recipe()
    assert "# recipe.toml" not in printed(capsys, "7")
    shown = printed(capsys, "7", "--full")
    assert shown.startswith("mlp-digits: A card to test with\n")
    assert Recipe.from_tables(tomllib.loads(shown.partition("# recipe.toml\n")[2])) == run.recipe()
    assert json.loads(printed(capsys, "7", "--json")) == {"run": facts}


def test_of_the_best_of_a_run_the_checkpoint_is_shown(made_run):
    run = made_run("runs/00007-small")
    with pytest.raises(UsageError, match="no best checkpoint"):
        info("7@best")
    state = checkpoints.newest(run.checkpoints, report=pytest.fail).read("state.safetensors")
    best = {"metric": "frechet", "value": 1.5, "step": 6}
    checkpoints.save(run.checkpoints, 6, {"state.safetensors": state}, {"best": best}, keep=2)
    place = "runs/00007-small/checkpoints/step-00000006"
    assert info("7@best")["run"]["best"] == best | {"path": place}


def test_a_weights_file_is_shown_by_what_it_says(made_run, capsys, tmp_path):
    run = made_run()
    export(run.path, tmp_path / "one.safetensors")
    export(run.path, tmp_path / "all.safetensors", everything=True)
    facts = info(str(tmp_path / "one.safetensors"))["weights"]
    assert (facts["step"], facts["weights"], facts["image_shape"]) == (4, "ema", [8, 8, 1])
    assert facts["data"] == {"name": "digits", "fingerprint": "f" * 64}
    assert facts["parameters"] == {"generator": 32}
    assert Recipe.from_tables(facts["recipe"]) == run.recipe()
    whole = info(str(tmp_path / "all.safetensors"))["weights"]
    assert whole["parameters"] == {"generator": 32, "discriminator": 32}
    shown = printed(capsys, str(tmp_path / "one.safetensors"), "--full")
    assert "8 x 8 x 1" in shown and "# recipe.toml\n" in shown
    (tmp_path / "odd.safetensors").write_bytes(safetensors.dump({}, {}))
    with pytest.raises(InvalidInput, match="does not say how to rebuild"):
        info(str(tmp_path / "odd.safetensors"))


def test_a_version_is_shown_by_its_folder_too(made_run, home, tmp_path):
    push(made_run().path, "small", folder=tmp_path / "zoo")
    facts = info(str(tmp_path / "zoo" / "small" / "1"))["model"]
    version = open_version(tmp_path / "zoo" / "small", 1)
    assert facts["source"] == str(tmp_path / "zoo")
    assert [one["digest"] for one in facts["versions"]] == [version.digest]
    assert facts["versions"][0]["provenance"]["steps"] == 4


def test_a_run_that_is_there_is_shown_before_a_model_of_its_name(made_run):
    push(made_run().path, "dcgan")
    assert list(info("dcgan")) == ["model", "architecture"]
    made_run("dcgan")
    assert list(info("dcgan")) == ["run", "architecture"]


@pytest.mark.parametrize("name", ["8", "./nothing", "nothing.safetensors", "smal"])
def test_what_is_not_there_is_unknown(made_run, name):
    push(made_run().path, "small")
    with pytest.raises(UnknownName, match=f"Received: '{name}'"):
        info(name)


def test_a_weights_file_is_no_run_to_push_but_can_be_imported(made_run, tmp_path):
    file = export(made_run().path, tmp_path / "a file.safetensors")
    with pytest.raises(UsageError) as caught:
        push(file, "small")
    assert caught.value.hint == f"Import it: ganzoo import '{file}' small"


def test_the_recipe_of_a_version_is_trained(made_run):
    run = made_run()
    push(run.path, "small")
    longer = apply_settings(run.recipe(), ["training.steps=9"])
    push(made_run("longer", steps=9).path, "small")
    tag("small@1", "first")
    for name, steps in (("small@1", 4), ("small@first", 4), ("small@2", 9), ("small", 9)):
        asked = resolve_recipe(name, options={})
        assert (asked.model, asked.recipe.training.steps) == (name, steps)
    assert asked.recipe == longer
    with pytest.raises(UsageError, match="Version 3 of 'small' does not exist"):
        resolve_recipe("small@3", options={})
