"""The zoo's cards: what a card says is what is built, at the shape of its data."""

import pytest
from lazy_keras import Lazy, on_torch

from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry.lookup import models
from ganzoo.jobs.models.build import build_networks
from ganzoo.jobs.training.plan import count_parameters

pytestmark = pytest.mark.backend
argument_checks = Lazy("ganzoo.gan.sampling.argument_checks")

ZOO = "keras-ganzoo"
CARDS = {name: entry.card() for name, entry in models().items() if entry.source == ZOO}
NETWORKS = {"generator", "discriminator"}
CLASSES = {"digits": 10, "mnist": 10, "fashion-mnist": 10, "cifar10": 10, "cifar100": 100}
CLASSES |= {"mixture": 25, "flowers": 5, "spoken-digits": 10, "celeba": 2}
# What a data set's samples are like, without opening it: from the options of a recipe.
SHAPES = {
    "digits": lambda option: (8, 8, 1),
    "mnist": lambda option: (28, 28, 1),
    "fashion-mnist": lambda option: (28, 28, 1),
    "cifar10": lambda option: (32, 32, 3),
    "cifar100": lambda option: (32, 32, 3),
    "mixture": lambda option: (2,),
    "spoken-digits": lambda option: (option("samples"), 1),
    "moving-mnist": lambda option: (option("frames"), option("size"), option("size"), 1),
}


def shape_of(recipe: Recipe) -> tuple[int, ...]:
    """The shape of a sample of the recipe's data; photographs of a size where none is listed."""

    def option(name: str):
        known = discovery.plugin_signature(
            discovery.find_plugin("dataset", recipe.dataset.name)
        ).parameters
        return recipe.dataset.options.get(name, known[name].default)

    photographs = lambda option: (option("size"), option("size"), 3)  # noqa: E731
    return SHAPES.get(recipe.dataset.name, photographs)(option)


def build(recipe: Recipe, shape: tuple[int, ...] | None = None):
    """The recipe's GAN, for its own data or for samples of another shape."""
    shape = shape or shape_of(recipe)
    factor = recipe.dataset.options.get("scale", 1)  # of what is enlarged
    source = (*(n // factor for n in shape[:-1]), shape[-1])
    return build_networks(recipe, shape, CLASSES.get(recipe.dataset.name, 0), source_shape=source)


def test_every_architecture_of_the_zoo_has_a_card():
    found = discovery.discover("architecture").plugins.items()
    of_the_zoo = {name for name, plugin in found if plugin.distribution == ZOO}
    assert {card.recipe.architecture.name for card in CARDS.values()} == of_the_zoo


@on_torch
@pytest.mark.parametrize("name", sorted(CARDS))
def test_a_card_builds_what_it_says_at_the_shape_of_its_data(name, cheap_weights):
    card = CARDS[name]
    gan = build(card.recipe)
    assert tuple(gan.discriminator.inputs[0].shape[1:]) == shape_of(card.recipe)
    assert argument_checks.fits_shape(shape_of(card.recipe), gan.sampler.image_shape)
    assert set(card.parameters) == NETWORKS
    assert count_parameters(gan) == card.parameters
