"""The recipes of the zoo's cards against the numbers of their papers."""

import pytest

from ganzoo.catalog.registry.lookup import models

CARDS = {name: entry.card() for name, entry in models().items() if entry.source == "keras-ganzoo"}
SMALL = ("digits", "mixture", "small")  # ends of the names of models that a laptop trains
NO_AVERAGE = (
    "sagan-celeba", "sagan-cifar10", "sngan-celeba", "sngan-cifar10", "sngan-projection-cifar10",
    "wgan-cifar10", "wgan-gp-celeba", "wgan-gp-cifar10", "wgan-gp-dcgan-cifar10",
)  # fmt: skip
# Tutorials and models with weights, whose optimizers have Keras' defaults.
DEFAULT_EPSILON = {
    "cdcgan-mnist", "dcgan-cifar10", "dcgan-fashion-mnist", "facegan-celeba", "gan-fashion-mnist",
    "gan-mnist", "gan-mnist-small",
}  # fmt: skip
R3GAN = {"schedule": "cosine", "begin": 0, "images": 20_000_000}  # the authors' train.py
PUBLISHED = {
    # Appendix C of cGAN-PD, and GEN_BS_MULTIPLE of gan_cifar_resnet.py
    "sngan-cifar10": {"gan.generator_batch": 2, "gan.n_critic": 5, "training.batch": 64},
    "sngan-projection-cifar10": {"gan.generator_batch": 2, "training.steps": 50_000},
    "wgan-gp-cifar10": {"gan.generator_batch": 2, "gan.n_critic": 5},
    "wgan-gp-celeba": {"training.batch": 64, "generator_optimizer.learning_rate": 1e-4},
    # main.py of the authors: 100 for gen_iterations < 25 or % 500 == 0
    "wgan-cifar10": {
        "gan.n_critic": {
            "schedule": "bursts", "value": 5.0, "burst": 100.0, "steps": 25, "every": 500,
        },
        "gan.weight_clip": 0.01, "generator_optimizer.rho": 0.99,
    },
    # Section 5 and the authors' train_imagenet.py
    "sagan-cifar10": {"training.batch": 256, "training.steps": 1_000_000},
    "sagan-celeba": {"training.batch": 256, "training.steps": 1_000_000},
    "stylegan2-celeba": {"training.images": 25_000_000, "gan.ema_half_life": 10_000.0},
    "r3gan-cifar10": {"generator_optimizer.beta_2": R3GAN | {"initial": 0.9, "final": 0.99}},
    "r3gan-celeba": {
        "training.batch": 256,
        "gan.ema_half_life": R3GAN | {"initial": 0.0, "final": 5e5},
        "generator_optimizer.learning_rate": R3GAN | {"initial": 2e-4, "final": 5e-5},
    },
}  # fmt: skip


def is_small(name):
    return name.rsplit("-", 1)[-1] in SMALL


def value_of(card, key):
    table, name = key.split(".")
    return card.recipe.tables()[table][name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_recipe_has_the_published_numbers(name):
    expected = PUBLISHED[name]
    assert {key: value_of(CARDS[name], key) for key in expected} == expected


@pytest.mark.parametrize("name", sorted(CARDS))
def test_a_card_says_of_its_average_what_the_recipe_has(name):
    kept = value_of(CARDS[name], "gan.ema_half_life") != 0.0
    said = any("moving average of the generator, which" in text for text in CARDS[name].choices)
    assert (kept, said) == (False, False) if name in NO_AVERAGE else kept or not said


@pytest.mark.parametrize(
    "name", [n for n, card in CARDS.items() if card.recipe.gan.separate_penalties]
)
def test_optimizers_of_lazy_penalties_are_corrected(name):
    """Appendix B of StyleGAN2: c = k / (k + 1) times the rate, and the power of c of the betas."""
    card = CARDS[name]
    rate = 1e-2 if is_small(name) else 2e-3 if "celeba" in name else 2.5e-3
    (penalty,) = (r for r in card.recipe.gan.regularizers if r.name == "r1")
    # the authors' code corrects the generator's even where the weight of path lengths is 0
    no_paths = card.recipe.architecture.options.get("path_length_weight") == 0 and is_small(name)
    factors = {"generator": 1 if no_paths else 4 / 5, "discriminator": 1 / (1 + 1 / penalty.every)}
    for network, c in factors.items():
        assert value_of(card, f"{network}_optimizer.learning_rate") == pytest.approx(c * rate)
        assert value_of(card, f"{network}_optimizer.beta_2") == pytest.approx(0.99**c)


@pytest.mark.parametrize("name", [name for name in sorted(CARDS) if not is_small(name)])
def test_a_recipe_of_a_paper_cites_epsilon(name):
    tables = CARDS[name].recipe.tables()
    given = {
        "epsilon" in tables[f"{network}_optimizer"] for network in ("generator", "discriminator")
    }
    assert given == {name not in DEFAULT_EPSILON}
