"""A recipe is proposed by the number and the size of somebody's images."""

import pytest

from ganzoo.catalog.plugins.discovery import discover
from ganzoo.catalog.recipe.checks import check_recipe_plugins
from ganzoo.catalog.recipe.overrides import apply_settings
from ganzoo.catalog.recipe.proposals import ROWS, propose_recipe
from ganzoo.errors import UnknownName, UsageError


def proposed(images=400, size=240, *, gray=False, device="cpu", architecture=None):
    return propose_recipe(
        "folder", images=images, size=size, gray=gray, device=device, architecture=architecture
    )


@pytest.mark.parametrize(
    ("images", "size", "device", "model", "pixels"),
    [
        (400, 240, "cpu", "fastgan-flowers", 64),
        (400, 240, "gpu", "fastgan-flowers", 64),
        (1, 40, "cpu", "fastgan-flowers", 32),
        (5_001, 64, "tpu", "dcgan-celeba", 64),
        (60_000, 28, "cpu", "dcgan-celeba", 16),
        (400, 8, "cpu", "fastgan-digits", 8),
        (60_000, 2, "gpu", "dcgan-digits", 8),
    ],
)
def test_number_size_and_device_decide(images, size, device, model, pixels):
    found = proposed(images, size, device=device)
    assert (found.model, found.recipe.dataset.options["size"]) == (model, pixels)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.model} {row.devices}")
def test_every_row_is_reached_and_its_recipe_fits_the_plugins(row):
    found = proposed(row.max_images, row.max_size, device=(*row.devices, "gpu")[0])
    assert (found.model, found.why) == (row.model, row.why)
    check_recipe_plugins(apply_settings(found.recipe, ["dataset.data=photos"]))


def test_narrow_networks_are_for_processors():
    wide, narrow = (
        proposed(device=device).recipe.architecture.options for device in ("gpu", "cpu")
    )
    assert narrow["generator_base_channels"] < wide["generator_base_channels"]


@pytest.mark.parametrize(
    ("images", "device", "shown"),
    [(10, "cpu", 8_000), (400, "cpu", 20_000), (60_000, "cpu", 20_000), (400, "gpu", 400_000),
     (10_000, "gpu", 1_000_000), (10**6, "gpu", 5_000_000)],
)  # fmt: skip
def test_the_length_follows_the_number_of_images_within_bounds(images, device, shown):
    training = proposed(images, device=device).recipe.training
    assert shown - training.batch < training.batch * training.steps <= shown
    assert training.images is training.epochs is None
    assert 20 <= training.steps / training.sample_every < 21


@pytest.mark.parametrize(
    ("images", "architecture", "batch"),
    [(100_000, "wgan-gp", 64), (40, "wgan-gp", 8), (3, "wgan-gp", 1), (5, None, 5)],
)
def test_every_update_of_the_discriminator_counts(images, architecture, batch):
    recipe = proposed(images, architecture=architecture).recipe
    per_step = recipe.training.batch * recipe.gan.n_critic
    assert (recipe.training.batch, recipe.gan.n_critic) == (batch, 5 if architecture else 1)
    shown = min(max(50 * images, 8_000), 20_000)
    assert shown - per_step < per_step * recipe.training.steps <= shown


def test_few_images_are_augmented_and_gray_ones_without_colors():
    def policies(**options):
        regularizers = proposed(**options).recipe.gan.tables()["regularizers"]
        return [one["policy"] for one in regularizers if one["name"] == "diffaugment"]

    assert policies() == [["color", "translation"]]
    assert policies(gray=True) == [["translation"]]
    assert policies(images=6_000) == []
    assert policies(architecture="dcgan") == [["color", "translation"]]


@pytest.mark.parametrize(
    ("architecture", "model"), [("dcgan", "dcgan-celeba"), ("stylegan2", "stylegan2-celeba")]
)
def test_an_architecture_is_trained_as_its_model_is(architecture, model):
    found = proposed(architecture=architecture)
    assert (found.model, found.recipe.architecture.name) == (model, architecture)


def test_every_architecture_of_the_zoo_has_a_proposal():
    for name, plugin in discover("architecture").plugins.items():
        if plugin.distribution == "keras-ganzoo":
            assert proposed(architecture=name).recipe.architecture.name == name


def test_an_architecture_that_no_model_has_is_refused(site):
    site.architecture("lonely")
    with pytest.raises(UsageError, match="nothing says how to train it"):
        proposed(architecture="lonely")
    with pytest.raises(UnknownName):
        proposed(architecture="nothing")
