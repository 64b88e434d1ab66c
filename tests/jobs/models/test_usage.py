"""The code on the page of a model draws what the page says, whatever the model makes."""

import numpy as np
import pytest
from PIL import Image

from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry import lookup
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.contents import AUDIO, VIDEO
from ganzoo.cli import main
from ganzoo.errors import UsageError
from ganzoo.files import safetensors
from ganzoo.jobs.models.sample import sample
from ganzoo.jobs.publishing.import_weights import FileDescription, import_weights
from ganzoo.jobs.publishing.push import push
from ganzoo.jobs.training.train import train
from ganzoo.rendering import renderers

pytestmark = pytest.mark.backend

SMALL = {
    "generator_optimizer": {"name": "adam"},
    "discriminator_optimizer": {"name": "adam"},
    "training": {"batch": 8, "steps": 1, "steps_per_dispatch": 1, "seed": 1},
}
MLP = {"name": "mlp", "latent_size": 4, "generator_units": [8], "discriminator_units": [8]}
TINY = {"num_upsamples": 1, "generator_base_channels": 2, "discriminator_base_channels": 2}
CDCGAN, SGAN = {"name": "cdcgan", **TINY}, {"name": "sgan", **TINY}
UNCONDITIONAL, TRANSLATION = "unconditional-image-generation", "image-to-image"
# architecture, data set; then variable, shape and labels in the code, and the Hub's word
MODELS = [
    (MLP, "digits", "images", (16, 8, 8, 1), "", UNCONDITIONAL),
    (CDCGAN, "digits", "images", (10, 8, 8, 1), "labels=list(range(10))", None),
    (SGAN, "digits", "images", (16, 8, 8, 1), "", UNCONDITIONAL),  # its discriminator has classes
    ({"name": "attributed"}, "dots", "images", (2, 4, 6, 1), "labels=attributes", None),
    (CDCGAN | {"labels": "rows"}, "dials", "images", (16, 8, 8, 1), "labels=numbers", None),
    ({"name": "translator"}, "pairs", "images", (3, 8, 6, 3), "labels=sources", TRANSLATION),
    ({"name": "any-shape"}, "tones", "sounds", (16, 200, 2), "", None),
    ({"name": "any-shape"}, "clips", "videos", (16, 5, 8, 8, 3), "", None),
    (MLP, "mixture", "points", (16, 2), "", None),
]
NAMES = [f"{architecture['name']} of {dataset}" for architecture, dataset, *_ in MODELS]


@pytest.fixture(autouse=True)
def home(place, monkeypatch):
    """A home of the test's own, and three images to translate."""
    monkeypatch.setenv("GANZOO_HOME", str(place / "home"))
    (place / "images").mkdir()
    for index in range(3):
        image = np.full((20, 15, 3), 80 * index, "uint8")
        Image.fromarray(image).save(place / "images" / f"{index}.png")


def recipe_of(architecture: dict, dataset: str) -> Recipe:
    return Recipe.from_tables(SMALL | {"architecture": architecture, "dataset": {"name": dataset}})


def page_of(name: str) -> str:
    return lookup.find_version(name).read("README.md").decode()


def drawn_by(page: str) -> dict:
    """What the page's only code leaves in its variables."""
    (code,) = (block.partition("```")[0] for block in page.split("```python\n")[1:])
    names: dict = {}
    exec(code, names)
    return names


@pytest.mark.parametrize(("architecture", "dataset", "many", "shape", "labels", "tag"), MODELS,
                         ids=NAMES)  # fmt: skip
def test_the_code_on_a_page_works_and_the_page_says_what_it_draws(
    place, architecture, dataset, many, shape, labels, tag
):
    run = train(recipe_of(architecture, dataset), run=place / "run")
    push(run.path, "mine", license="MIT")
    page = page_of("mine")
    samples = drawn_by(page)[many]
    assert samples.shape == shape
    said = ", ".join(map(str, ("n" if tag == TRANSLATION else len(samples), *shape[1:])))
    assert f"The {many} come as an array, {samples.dtype} ({said})" in page
    assert (f", {labels})" in page) if labels else ("labels" not in page.split("## Recipe")[0])
    tags = [line for line in page.splitlines() if line.startswith("pipeline_tag")]
    assert tags == ([f'pipeline_tag: "{tag}"'] if tag else [])


def test_a_file_that_was_imported_with_a_recipe_has_a_page_that_works(place):
    recipe = recipe_of(CDCGAN, "digits")
    run = train(recipe, run=place / "run")
    bare = place / "bare.safetensors"
    safetensors.save(bare, safetensors.load(run.weights_path), {})
    told = FileDescription(recipe=recipe, image_shape=(8, 8, 1), classes=list("0123456789"),
                data_license="CC-BY-4.0")  # fmt: skip
    import_weights(bare, "mine", description=told, license="MIT")
    assert drawn_by(page_of("mine"))["images"].shape == (10, 8, 8, 1)
    said = safetensors.metadata(lookup.find_version("mine").read("generator.safetensors"))
    assert said["generator_labels"] == []


def test_of_what_is_heard_and_watched_a_version_holds_the_newest(place):
    assert {AUDIO, VIDEO} == {
        f"samples{one.media}" for one in renderers.RENDERERS.values() if one.media
    }
    for dataset, name in (("tones", "samples.wav"), ("clips", "samples.gif")):
        run = train(recipe_of({"name": "any-shape"}, dataset), run=place / dataset)
        push(run.path, dataset, license="MIT")
        assert lookup.find_version(dataset).read(name) == (run.path / name).read_bytes()
        assert f"]({name})" in page_of(dataset)


def test_a_version_is_trained_again_by_its_name(place, plain):
    push(train(plain("steps=2"), run=place / "run").path, "mine", license="MIT")
    assert main(["train", "mine@1", "--runs", "runs"]) == 0
    again = place / "runs" / "00001-mine-1"
    assert Card.read(again / "card.toml").name == "mine"
    assert Recipe.read(again / "recipe.toml") == plain("steps=2")
    with pytest.raises(UsageError, match="Version 2 of 'mine' does not exist"):
        lookup.find_model("mine@2")


def test_a_class_is_not_asked_of_a_generator_that_takes_none(place):
    run = train(recipe_of(SGAN, "digits"), run=place / "run")
    with pytest.raises(UsageError, match="takes no labels"):
        sample(run.path, n=2, labels=[3], out=place / "no.png")
    assert sample(run.path, n=2, out=place / "two.png")
