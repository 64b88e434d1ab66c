"""A training starts from another model's weights, and afterwards does not need it again."""

import json
import shutil

import numpy as np
import pytest

import ganzoo
from ganzoo.catalog.registry import lookup
from ganzoo.catalog.registry.cards import Card
from ganzoo.cli import main
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files import safetensors
from ganzoo.jobs.models.build import build_gan
from ganzoo.jobs.models.open_dataset import open_recipe_dataset
from ganzoo.jobs.models.start import find_start
from ganzoo.jobs.models.weights import state_arrays
from ganzoo.jobs.publishing.push import push
from ganzoo.jobs.reproduce import published_results, reproduce
from ganzoo.jobs.training.resume import resume
from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def source(plain, tmp_path_factory):
    return train(plain(), run=tmp_path_factory.mktemp("source") / "run")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))


def built(recipe):
    return build_gan(recipe, open_recipe_dataset(recipe))


def networks(state):
    return {n: a for n, a in state.items() if n.startswith(("generator/", "discriminator/"))}


def test_of_a_run_both_networks_and_the_average_are_taken(source, plain, arrays):
    gan = built(plain("seed=9"))
    fresh, taken = state_arrays(gan), ganzoo.start_from(gan, source.path)
    state, there = state_arrays(gan), arrays(source)
    assert set(taken.values()) == {"taken"}
    assert {n.partition("/")[0] for n in taken} == {"generator", "discriminator", "ema"}
    for name, array in state.items():
        np.testing.assert_array_equal(array, there[name] if name in taken else fresh[name])


def test_of_a_published_generator_the_average_starts_with_it(source, plain):
    push(source.path, "small", license="MIT", float16=True)
    gan, there = built(plain("seed=9")), find_start("small@1")
    taken, state = ganzoo.start_from(gan, "small"), state_arrays(gan)
    assert {n for n, text in taken.items() if text != "taken"} == {
        n for n in taken if n.startswith("discriminator/")
    }
    for name, array in there.arrays.items():
        for part in ("generator/", "ema/"):
            np.testing.assert_array_equal(state[name.replace("generator/", part)], array)
    assert there.digest == lookup.find_version("small").digest and there.title == "small-1"


def test_what_has_another_shape_is_new(source, plain):
    gan = built(plain("architecture.discriminator_units=[8, 8]", "architecture.latent_size=5"))
    fresh = state_arrays(gan)
    taken = gan.start_from(find_start(source.path).arrays)
    assert "new: of shape (4, 8) there" in taken.values()
    state = state_arrays(gan)
    for name, text in taken.items():
        if text != "taken":
            np.testing.assert_array_equal(state[name], fresh[name])


def test_where_nothing_fits_no_run_is_begun(source, recipe, tmp_path):
    with pytest.raises(UsageError, match="None of the kernels .* Expected: names such as"):
        train(recipe(), run=tmp_path / "run", source=source.path)
    assert not (tmp_path / "run").exists()


def test_weights_that_are_not_finite_are_refused(source, tmp_path):
    content = safetensors.load(source.weights_path)
    next(iter(content.values()))[...] = np.nan
    safetensors.save(tmp_path / "a.safetensors", content, safetensors.metadata(source.weights_path))
    with pytest.raises(InvalidInput, match="not taken to start from"):
        find_start(tmp_path / "a.safetensors")


def test_a_resumed_run_needs_its_source_no_more(source, plain, rewound, arrays, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(source.path, copy)
    never = train(plain("seed=9", "steps=6", "checkpoint_every=3"), run="never", source=copy)
    plainly = train(plain("seed=9", "steps=6", "checkpoint_every=3"), run="plainly")
    shutil.rmtree(copy)
    died = rewound(never, 3)
    resume(died.path)
    one, other, fresh = arrays(never), arrays(died), arrays(plainly)
    assert {n: a.tobytes() for n, a in one.items()} == {n: a.tobytes() for n, a in other.items()}
    assert all((one[n] != fresh[n]).any() for n in networks(one) if n.endswith("kernel"))


def test_the_run_says_where_it_began_and_so_does_what_is_published(source, plain, tmp_path):
    push(source.path, "small", license="CC-BY-4.0")
    run = train(plain("seed=9"), run=tmp_path / "run", source="small")
    start = run.manifest()["start"]
    assert start["source"] == "small-1" and start["license"]["weights"] == "CC-BY-4.0"
    assert start["digest"] == lookup.find_version("small").digest
    assert start["taken"] and start["new"]
    assert safetensors.metadata(run.weights_path)["start"] == start
    assert "CC-BY-4.0" in Card.read(run.card_path).deviations[0]
    push(run.path, "next", license="MIT")
    card = lookup.find_version("next").card()
    assert card.provenance.parent == start["digest"] and "small-1" in card.deviations[0]
    published = published_results("dcgan-digits")
    object.__setattr__(published, "card", card)
    with pytest.raises(UsageError, match="began from other weights"):
        reproduce(published)


def test_the_command_prints_a_line_for_each_weight(source, plain, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ganzoo.jobs.memory.measure_memory", lambda *arguments: {"process": 1})
    (tmp_path / "recipe.toml").write_text(plain("seed=9").toml())
    path = str(source.weights_path)
    assert main(["train", "recipe.toml", "--dry-run", "--from", path]) == 0
    assert " 0 adapted, " in capsys.readouterr().out
    assert main(["train", "recipe.toml", "--run", "one", "--from", path]) == 0
    printed = capsys.readouterr().err
    assert "weights of the start, from run: " in printed
    assert "new: not there" in printed and "  taken" in printed
    assert main(["train", "recipe.toml", "--run", "two", "--from", path, "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert next(e for e in events if e["event"] == "start_from")["source"] == "run"
