"""Weights files as versions: what ganzoo wrote comes back as it was, the rest must fit."""

import dataclasses

import numpy as np
import pytest

from ganzoo.catalog.registry import lookup
from ganzoo.cli import main
from ganzoo.errors import InvalidInput, PluginError, UsageError
from ganzoo.files import safetensors
from ganzoo.jobs.models import load
from ganzoo.jobs.models.export import export
from ganzoo.jobs.models.find import find_source
from ganzoo.jobs.publishing.import_weights import FileDescription, import_weights
from ganzoo.jobs.publishing.push import push
from ganzoo.jobs.training.train import train

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def trained(plain, tmp_path_factory):
    return train(plain(), run=tmp_path_factory.mktemp("trained") / "run")


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_HOME", str(tmp_path / "home"))
    return trained


@pytest.fixture
def file(run, place):
    """`file(change, metadata=True)`: the run's weights after `change(arrays, about)`."""

    def make(change=lambda arrays, about: None, *, metadata=True):
        arrays = safetensors.load(run.weights_path)
        about = safetensors.metadata(run.weights_path)
        change(arrays, about)
        safetensors.save(place / "given.safetensors", arrays, about if metadata else None)
        return place / "given.safetensors"

    return make


def images(source):
    return load.load(source).sample(4, seed=3)


def test_a_card_is_made_of_what_the_file_says(run, plain):
    done = import_weights(run.weights_path, "mine", license="MIT")
    assert (done["name"], done["created"]) == ("mine@1", True)
    card = lookup.find_version("mine").card()
    assert (card.license.weights, card.license.data) == ("MIT", "CC-BY-4.0")
    assert card.results == [] and card.recipe == plain()
    facts = card.provenance.model_dump(exclude_none=True)
    known = run.manifest()
    assert facts == {
        "data": "digits", "fingerprint": known["data"]["fingerprint"], "seed": 0, "steps": 4,
        "images": 64, "backend": "unknown", "versions": {"ganzoo": known["ganzoo"]},
    }  # fmt: skip
    manifest = lookup.find_version("mine").manifest
    assert manifest["plugins"] == known["plugins"]
    assert np.array_equal(images("mine"), images(run.path))
    assert not import_weights(run.weights_path, "mine", license="MIT")["created"]


@pytest.mark.parametrize("options", [{}, {"float16": True}, {"everything": True}])
def test_what_is_exported_and_imported_is_exported_as_the_same_bytes(run, place, options):
    push(run.path, "first", license="MIT", **options)
    everything = options.get("everything", False)
    one = export("first", place / "one.safetensors", everything=everything)
    import_weights(one, "second", license="MIT")
    two = export("second@1", place / "two.safetensors", everything=everything)
    import_weights(two, "third")
    three = export("third", place / "three.safetensors", everything=everything)
    assert two.read_bytes() == three.read_bytes()
    assert one.read_bytes() == two.read_bytes()
    assert np.array_equal(images("first"), images("third"))


def test_a_license_is_required(run):
    with pytest.raises(UsageError, match="--license MIT"):
        import_weights(run.weights_path, "mine")
    assert "mine" not in lookup.models()


def test_a_file_without_a_recipe_needs_one(file, run, place, capsys):
    path = file(metadata=False)
    with pytest.raises(UsageError, match="--recipe"):
        import_weights(path, "mine", license="MIT")
    command = ["import", str(path), "mine", "--license", "MIT", "--recipe", str(run.recipe_path)]
    assert main(command) == 0
    assert "mine@1" in capsys.readouterr().out
    found = find_source("mine")
    assert found.image_shape == (8, 8, 1) and found.about["license"]["data"] == "CC-BY-4.0"
    assert lookup.find_version("mine").card().provenance is None
    assert np.array_equal(images("mine"), images(run.path))


def test_with_a_shape_no_data_is_read(file, run, plain):
    path = file(metadata=False)
    recipe = plain("dataset.name=mnist")
    with pytest.raises(UsageError, match="--data-license"):
        description = FileDescription(recipe=recipe, image_shape=(8, 8, 1))
        import_weights(path, "mine", description=description, license="MIT")
    description = FileDescription(recipe=recipe, image_shape=(8, 8, 1), data_license="CC0-1.0")
    import_weights(path, "mine", description=description, license="MIT")
    assert lookup.find_version("mine").card().license.data == "CC0-1.0"
    assert np.array_equal(images("mine"), images(run.path))
    with pytest.raises(InvalidInput, match="does not fit this architecture"):
        description = dataclasses.replace(description, image_shape=(16, 16, 1))
        import_weights(path, "other", description=description, license="MIT")


def test_a_recipe_for_a_file_that_has_one_is_refused(run, plain):
    with pytest.raises(UsageError, match="Leave --recipe out"):
        description = FileDescription(recipe=plain())
        import_weights(run.weights_path, "mine", description=description, license="MIT")


def renamed(arrays, about):
    arrays["generator/other"] = arrays.pop(sorted(arrays)[0])


def transposed(arrays, about):
    name = next(name for name, array in arrays.items() if array.ndim == 2)
    arrays[name] = arrays[name].T


def doubled(arrays, about):
    arrays.update({name: array.astype("float64") for name, array in arrays.items()})


def not_finite(arrays, about):
    next(iter(arrays.values())).flat[0] = np.nan


@pytest.mark.parametrize("change", [renamed, transposed, doubled, not_finite])
def test_what_does_not_fit_is_not_published(file, change):
    with pytest.raises(InvalidInput):
        import_weights(file(change), "mine", license="MIT")
    assert "mine" not in lookup.models()


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("recipe", {}, InvalidInput),
        ("image_shape", [8], InvalidInput),
        ("plugins", {"architecture": "mlp"}, InvalidInput),
        ("plugins", {"other": {}}, InvalidInput),
        ("plugins", {"architecture": {"name": "mlp", "distribution": "x"}}, PluginError),
        ("license", {"data": "a\nb", "weights": "MIT"}, InvalidInput),
        ("license", {"weights": "MIT"}, InvalidInput),
        ("stored", "float16", InvalidInput),
    ],
)
def test_metadata_is_not_believed(file, key, value, error):
    path = file(lambda arrays, about: about.update({key: value}))
    with pytest.raises(error):
        import_weights(path, "mine", license="MIT")
    assert "mine" not in lookup.models()


@pytest.mark.parametrize("data", [None, "digits", {}, {"name": 3, "fingerprint": "x"}])
def test_data_that_is_not_described_is_not_invented(file, data):
    path = file(lambda arrays, about: about.update({"data": data}))
    if data == {"name": 3, "fingerprint": "x"}:
        with pytest.raises(InvalidInput, match="provenance"):
            import_weights(path, "mine", license="MIT")
    else:
        import_weights(path, "mine", license="MIT")
        assert lookup.find_version("mine").card().provenance is None
