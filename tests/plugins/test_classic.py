"""The zoo's own architectures, through its cards: what is published is what is built."""

import math

import numpy as np
import pytest

from ganzoo.catalog.plugins import discover
from ganzoo.catalog.recipe import Recipe
from ganzoo.catalog.registry import models
from ganzoo.errors import PluginError, UsageError

pytestmark = pytest.mark.backend

ZOO = "keras-ganzoo"
CARDS = {name: entry.card() for name, entry in models().items() if entry.source == ZOO}
ARCHITECTURES = sorted(
    name for name, p in discover("architecture").plugins.items() if p.distribution == ZOO
)
SHAPES = {"digits": (8, 8, 1), "mnist": (28, 28, 1), "fashion-mnist": (28, 28, 1)}
SHAPES["cifar10"] = (32, 32, 3)
# Options under which a forward pass costs nothing; the networks' form stays the card's.
SMALL = {
    "mlp": ["generator_units=[8, 8]", "discriminator_units=[8]"],
    "dcgan": ["generator_width=4", "discriminator_width=4"],
    "facegan": ["width=4"],
    "cdcgan": ["generator_width=4", "discriminator_width=4"],
}
LEAST = {"mlp": (4, 4, 1), "dcgan": (16, 16, 1), "dcgan-fashion-mnist": (8, 8, 1)}
LEAST |= {"facegan": (64, 64, 3), "cdcgan": (8, 12, 1)}
CLASSES = 10
PLAYERS = ("generator", "discriminator")


def shape_of(recipe: Recipe) -> tuple[int, ...]:
    """The shape of the data set's images, without opening it."""
    dataset = recipe.dataset
    if dataset.name == "celeba":
        size = dataset.options["size"]
        return (size, size, 3)
    return SHAPES[dataset.name]


def build(recipe: Recipe, shape: tuple[int, ...] | None = None):
    from ganzoo.jobs.build import networks, wants_classes

    return networks(recipe, shape or shape_of(recipe), CLASSES if wants_classes(recipe) else 0)


def small(name: str, *more: str) -> Recipe:
    """The recipe of some card with that architecture, with narrow layers."""
    recipe = next(c.recipe for c in CARDS.values() if c.recipe.architecture.name == name)
    return recipe.with_settings([f"architecture.{s}" for s in (*SMALL.get(name, ()), *more)])


def trained_weights(network) -> int:
    return sum(math.prod(weight.shape) for weight in network.trainable_variables)


def test_every_architecture_of_the_zoo_has_a_card():
    assert {card.recipe.architecture.name for card in CARDS.values()} == set(ARCHITECTURES)
    assert len(CARDS) >= 7


@pytest.mark.parametrize("name", sorted(CARDS))
def test_a_card_builds_what_it_says_at_the_shape_of_its_data(name):
    card = CARDS[name]
    gan = build(card.recipe)
    assert gan.image_shape == shape_of(card.recipe)
    assert gan.latent_shape == (card.recipe.architecture.options["latent_size"],)
    assert gan.discriminator.outputs[0].shape == (None, 1)
    assert set(card.parameters) == set(PLAYERS)
    assert {p: getattr(gan, p).count_params() for p in PLAYERS} == card.parameters


def test_dcgan_at_64_has_the_published_number_of_trained_weights():
    gan = build(CARDS["dcgan-celeba"].recipe)
    assert trained_weights(gan.generator) == 3_576_704
    assert trained_weights(gan.discriminator) == 2_765_568


def test_the_dcgan_of_fashion_mnist_has_the_published_counts():
    gan = build(CARDS["dcgan-fashion-mnist"].recipe)
    assert (gan.generator.count_params(), trained_weights(gan.generator)) == (414_209, 413_825)
    assert gan.discriminator.count_params() == 212_865


def test_the_weights_of_a_dense_gan_can_be_counted_by_hand():
    gan = build(small("mlp", "latent_size=3", "normalization_momentum=0.0"), (2, 2, 1))
    assert gan.generator.count_params() == (3 * 8 + 8) + (8 * 8 + 8) + (8 * 4 + 4)
    assert gan.discriminator.count_params() == (4 * 8 + 8) + (8 + 1)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_weights_have_the_same_names_however_often_a_gan_is_built(name):
    # Keras counts up the names of layers that have none: dense, dense_1, ...
    from ganzoo.game.state import network_state

    def names():
        gan = build(small(name), LEAST.get(name))
        return [[n for n, _ in network_state(getattr(gan, player))] for player in PLAYERS]

    assert names() == names()


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_images_are_in_the_range_of_the_data_and_float32(name, precision):
    from keras import backend, ops

    recipe = small(name).with_settings([f"training.precision={precision}"])
    gan = build(recipe, LEAST.get(name))
    low, high = gan.value_range
    latents = 100.0 * gan.draw_latents(4, seed=0)  # far out, where only the output's form helps
    labels = [ops.convert_to_tensor(np.arange(4, dtype="int32"))] if gan.conditional else []
    images = gan.generator([latents, *labels] if labels else latents)
    logits = gan.discriminator([images, *labels] if labels else images)
    assert backend.standardize_dtype(images.dtype) == "float32"
    assert backend.standardize_dtype(logits.dtype) == "float32"
    assert (images.shape, logits.shape) == ((4, *gan.image_shape), (4, 1))
    pixels = ops.convert_to_numpy(images)
    assert low <= pixels.min() < pixels.max() <= high


@pytest.mark.parametrize(
    ("output", "expected"), [("tanh", (-1.0, 1.0)), ("sigmoid", (0.0, 1.0)), ("linear", (-1, 1))]
)
def test_the_range_follows_the_last_activation(output, expected):
    assert build(small("mlp", f"output={output}")).value_range == expected


@pytest.mark.parametrize("size", [8, 16, 32, 64])
def test_dcgan_takes_every_power_of_two_from_8(size):
    gan = build(small("dcgan"), (size, size, 3))
    assert gan.image_shape == (size, size, 3)
    ups = [layer.name for layer in gan.generator.layers if layer.name.startswith("up_")]
    assert [u for u in ups if u.count("_") == 1] == [
        f"up_{2**i}" for i in range(3, size.bit_length())
    ]


def test_dense_networks_take_points():
    gan = build(small("mlp", "output=linear"), (2,))
    assert gan.image_shape == (2,)
    assert gan.sample(5).shape == (5, 2)


@pytest.mark.parametrize(
    ("name", "shape", "options", "said"),
    [
        ("dcgan", (30, 30, 1), [], "power of two from 8. Received: 30x30"),
        ("dcgan", (4, 4, 1), [], "power of two from 8. Received: 4x4"),
        ("dcgan", (32, 16, 3), [], "square images.*Received: 32x16"),
        ("dcgan", (32, 32, 3), ["smallest=3"], "smallest must be .*Received: 3"),
        ("dcgan", (32, 32, 3), ["smallest=32"], "below the size 32. Received: 32"),
        ("dcgan", (32, 32, 3), ["smallest=0"], "smallest must be .*Received: 0"),
        ("dcgan-fashion-mnist", (30, 28, 1), [], "multiples of 4. Received: 30x28"),
        ("facegan", (60, 60, 3), [], "multiple of 8, from 64. Received: 60x60"),
        ("facegan", (56, 56, 3), [], "multiple of 8, from 64. Received: 56x56"),
        ("facegan", (64, 128, 3), [], "square images.*Received: 64x128"),
        ("cdcgan", (28, 30, 1), [], "halved `doublings` times. Received: 28x30, doublings=2"),
        ("cdcgan", (28, 28, 1), ["doublings=0"], "Received: 28x28, doublings=0"),
        ("mlp", (8, 8, 1), ["output=softmax"], "output 'tanh'.*Received: output='softmax'"),
        ("mlp", (8, 8, 1), ["activation=selu"], "activation 'leaky_relu'.*'selu'"),
    ],
)
def test_what_an_architecture_cannot_be_built_for_is_refused(name, shape, options, said):
    with pytest.raises(UsageError, match=said):
        build(small(name, *options), shape)


def test_images_without_channels_are_no_traceback():
    with pytest.raises((UsageError, PluginError)):
        build(small("dcgan"), (64,))
