"""Proposals of recipes for somebody's own images, by their number and size: rows of a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ganzoo.catalog.plugins.discovery import find_plugin
from ganzoo.catalog.recipe.recipe import LENGTHS, Recipe
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.lookup import find_model, read_cards
from ganzoo.config.gan_config import GANConfig
from ganzoo.errors import UsageError

FEW = 5_000  # images, up to which a discriminator would learn them by heart
_MANY = 2**63
_SIZES = (64, 32, 16, 8)  # pixels; the largest that most of the images reach
_MODES = {1: "gray", 3: "rgb", 4: "rgba"}  # by channels
_AUGMENTATIONS = ("ada", "diffaugment")  # regularizers, of which few images need one


@dataclass(frozen=True, kw_only=True)
class Row:
    """A model whose recipe suits some images.

    Args:
        model: Name of the model.
        why: Reason, as the end of a sentence.
        max_images: Largest number of images.
        max_size: Largest size in pixels.
        devices: Kinds of device; any, if none is named.
        batch: Images in a batch.
        architecture: Options of the architecture that differ from the model's.
    """

    model: str
    why: str
    max_images: int = _MANY
    max_size: int = _SIZES[0]
    devices: tuple[str, ...] = ()
    batch: int
    architecture: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Length:
    """Length of a training in images shown: so often each, within bounds.

    Args:
        passes: How often each image is shown.
        min_images: The fewest images shown.
        max_images: The most images shown.
    """

    passes: int
    min_images: int
    max_images: int


_NARROW_FASTGAN = {
    "generator_base_channels": 8,
    "discriminator_base_channels": 16,
}
_NARROW_DCGAN = {"generator_base_channels": 32, "discriminator_base_channels": 32}
_FEW_IMAGES = "FastGAN suits few images"
_ENOUGH_IMAGES = "DCGAN is fast and has images enough"
_NARROW = "; narrow for a CPU"

# The first row that fits is proposed.
ROWS = (
    Row(model="fastgan-digits", max_images=FEW, max_size=8, batch=16, why=_FEW_IMAGES),
    Row(
        model="fastgan-flowers", max_images=FEW, devices=("cpu",), batch=8,
        architecture=_NARROW_FASTGAN, why=_FEW_IMAGES + _NARROW,
    ),
    Row(model="fastgan-flowers", max_images=FEW, batch=8, why=_FEW_IMAGES),
    Row(model="dcgan-digits", max_size=8, batch=64, why=_ENOUGH_IMAGES),
    Row(
        model="dcgan-celeba", devices=("cpu",), batch=32, architecture=_NARROW_DCGAN,
        why=_ENOUGH_IMAGES + _NARROW,
    ),
    Row(model="dcgan-celeba", batch=128, why=_ENOUGH_IMAGES),
)  # fmt: skip

# By device, else "". On two processors FastGAN's narrow networks take 0.14 s for an image: 20 to 45
# minutes. On a GPU at least what FastGAN's paper shows, 50,000 batches of 8.
LENGTHS_BY_DEVICE = {
    "cpu": Length(passes=50, min_images=8_000, max_images=20_000),
    "": Length(passes=100, min_images=400_000, max_images=5_000_000),
}


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A recipe for somebody's own images, and why it was chosen.

    Args:
        recipe: The recipe, without the path of the images.
        model: Name of the model that it was made from.
        why: Reason, as the end of a sentence.
    """

    recipe: Recipe
    model: str
    why: str


def propose_recipe(
    dataset: str,
    *,
    images: int,
    size: int,
    gray: bool,
    device: str,
    architecture: str | None = None,
) -> Proposal:
    """Return a recipe for images: that of a model of the zoo, its size and length adapted.

    Args:
        dataset: Name of the data set that reads the images.
        images: Number of images.
        size: The smaller edge in pixels that half of the images reach.
        gray: Whether the images have one channel.
        device: Kind of the device that trains: `"cpu"`, `"gpu"`.
        architecture: Name of an architecture; by default a row of the table decides.

    Raises:
        UnknownName: There is no such architecture.
        UsageError: No model has the architecture, so that nothing says how to train it.
    """
    pixels = next((one for one in _SIZES if one <= size), _SIZES[-1])
    if architecture is not None:
        card = _find_card(architecture)
        name = card.recipe.architecture.name
        pixels = card.recipe.dataset.options.get("size", pixels)
        batch = min(card.recipe.training.batch, 16 if images <= FEW else 64)
        row = Row(model=card.name, batch=batch, why=f"the model of {name} that fits")
    else:
        row = next(
            row for row in ROWS
            if images <= row.max_images and pixels <= row.max_size
            and device in (row.devices or (device,))
        )  # fmt: skip
    tables = find_model(row.model).recipe.tables()
    tables["architecture"] |= row.architecture
    tables["dataset"] = {"name": dataset, "size": pixels, "mode": "gray" if gray else "rgb"}
    _augment(tables, images, gray=gray)
    _set_length(tables, row.batch, images, device)
    recipe = Recipe.from_tables(tables, where=f"the proposed recipe of {row.model}")
    return Proposal(recipe=recipe, model=row.model, why=row.why)


def propose_start(
    dataset: str,
    start: str,
    recipe: Recipe,
    image_shape: tuple[int, ...],
    *,
    images: int,
    device: str,
) -> Proposal:
    """Return a recipe for images that starts from other weights: theirs, its length adapted.

    Args:
        dataset: Name of the data set that reads the images.
        start: Name of the model that the weights are of.
        recipe: Its recipe.
        image_shape: Shape of its images.
        images: Number of images.
        device: Kind of the device that trains.

    Raises:
        UsageError: The model does not make images.
    """
    if len(image_shape) != 3:  # height, width, channels
        raise UsageError(f"Images cannot start from {start!r}, which makes none.")
    height, width, channels = image_shape
    tables = recipe.tables()
    tables["dataset"] = {
        "name": dataset,
        "size": height if height == width else [height, width],
        "mode": _MODES.get(channels, "raw"),
    }
    _augment(tables, images, gray=channels != 3)
    _set_length(tables, min(recipe.training.batch, 16 if images <= FEW else 64), images, device)
    found = Recipe.from_tables(tables, where=f"the recipe of {start}")
    return Proposal(recipe=found, model=start, why="the recipe of the weights to start from")


def _find_card(architecture: str) -> Card:
    """The card that says how an architecture is trained: of its own name, the largest."""
    name = find_plugin("architecture", architecture).name
    cards = [card for card in read_cards()[0].values() if card.recipe.architecture.name == name]
    if not cards:
        raise UsageError(
            f"No model has the architecture {name!r}, so nothing says how to train it.",
            hint="Write a recipe.toml that names it.",
        )
    return max(
        cards,
        key=lambda card: (
            "size" in card.recipe.dataset.options,  # of a data set that is scaled, as one's own
            card.name.startswith(f"{name}-"),
            sum(card.parameters.values()),
        ),
    )


def _augment(tables: dict[str, Any], images: int, *, gray: bool) -> None:
    """Augment what the discriminator sees if there are few images; gray ones get no colors."""
    regularizers = [one for one in tables["gan"]["regularizers"] if one["name"] != "diffaugment"]
    policy = ["translation"] if gray else ["color", "translation"]
    if images <= FEW and not any(one["name"] in _AUGMENTATIONS for one in regularizers):
        regularizers.append({"name": "diffaugment", "policy": policy})
    tables["gan"]["regularizers"] = regularizers


def _set_length(tables: dict[str, Any], batch: int, images: int, device: str) -> None:
    """Set batch and length; twenty samples and ten checkpoints on the way."""
    training, n_critic = tables["training"], GANConfig(**tables["gan"]).critic_updates
    batch = max(min(batch, images // n_critic), 1)  # a step needs as many images as it shows
    length = LENGTHS_BY_DEVICE.get(device, LENGTHS_BY_DEVICE[""])
    shown = min(max(length.passes * images, length.min_images), length.max_images)
    steps = max(shown // (batch * n_critic), 1)
    for key in LENGTHS:
        training.pop(key, None)
    training |= {
        "batch": batch,
        "steps": steps,
        "sample_every": max(steps // 20, 1),
        "checkpoint_every": max(steps // 10, 1),
    }
