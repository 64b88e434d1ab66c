"""From a recipe to a game that can be played: data first, then the backend, then Keras.

What can be wrong is found as early as possible: names and keys before any plugin is
imported, the data before any framework is.
"""

import dataclasses
import math
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.recipe.checks import check_recipe_plugins
from ganzoo.catalog.recipe.optimizers import Optimizer, Schedule
from ganzoo.catalog.recipe.recipe import Part, Recipe, Training
from ganzoo.data.dataset import Dataset
from ganzoo.data.fetching import NotHere
from ganzoo.data.order import rows_of_step
from ganzoo.errors import GanzooError, PluginError, UsageError

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN


@dataclasses.dataclass(frozen=True, kw_only=True)
class Length:
    """How long a training is.

    Args:
        steps: In steps.
        per_step: Real images that one step uses.
        per_epoch: Steps in one pass over the data.
    """

    steps: int
    per_step: int
    per_epoch: int


def open_dataset(part: Part) -> Dataset:
    """The data set that a recipe's table names.

    Args:
        part: The table.

    Raises:
        UnknownName, UsageError: there is no such data set, or a key is wrong.
        PluginError: its plugin fails.
        InvalidInput: its files are not what they should be.
        NotHere: it is not on this machine, and nobody can or may fetch it now.
    """
    plugin = discovery.find_plugin("dataset", part.name)
    try:
        dataset = _call(plugin, discovery.load_plugin(plugin), part.options)
    except NotHere as absent:
        if absent.known is not None and absent.known.name != plugin.name:
            absent.known = None  # that of another set, of which this one is made
        raise
    if not isinstance(dataset, Dataset):
        raise PluginError(
            f"The data set {plugin.qualified} must return a ganzoo.Dataset. "
            f"Received: {type(dataset).__name__}."
        )
    return dataset


def dataset_for(recipe: Recipe) -> Dataset:
    """The recipe's data set, without labels if the architecture has no use for them.

    Raises:
        UsageError: an architecture that needs labels and data without any, or with others; or
            fewer images than one step needs.
    """
    check_recipe_plugins(recipe)
    return suited(recipe, open_dataset(recipe.dataset))


def suited(recipe: Recipe, dataset: Dataset) -> Dataset:
    """A data set as `dataset_for` gives it, once it is open."""
    wanted = wants(recipe)
    if not wanted:
        dataset = dataclasses.replace(dataset, labels=None, classes=())
    for parameter in sorted(wanted):
        _NEEDED_LABELS[parameter](recipe, dataset)
    per_step = recipe.training.batch * recipe.gan.n_critic
    rows_of_step(0, n=len(dataset), per_step=per_step, seed=recipe.training.seed)  # large enough?
    return dataset


def wants(recipe: Recipe) -> set[str]:
    """What the architecture takes of the labels: `"classes"`, `"source_shape"` or nothing."""
    plugin = discovery.find_plugin("architecture", recipe.architecture.name)
    return _NEEDED_LABELS.keys() & discovery.plugin_signature(plugin).parameters.keys()


def wants_classes(recipe: Recipe) -> bool:
    """Whether the architecture takes the number of classes."""
    return "classes" in wants(recipe)


def _need_classes(recipe: Recipe, dataset: Dataset) -> None:
    if dataset.labels is None:
        raise UsageError(
            f"The architecture {recipe.architecture.name!r} is conditional and needs labels, "
            f"but the data set {recipe.dataset.name!r} has none.",
            hint="Class folders are labels; celeba has the option dataset.attribute.",
        )
    if dataset.source_shape is not None:
        raise UsageError(
            f"The architecture {recipe.architecture.name!r} needs classes or attributes as labels. "
            f"Received: the data set {recipe.dataset.name!r}, whose labels are pictures.",
            hint="Pictures to translate from are for architectures that take a source_shape.",
        )


def _need_sources(recipe: Recipe, dataset: Dataset) -> None:
    if dataset.source_shape is None:
        has = "has no labels" if dataset.labels is None else f"has {_said(dataset)} as labels"
        raise UsageError(
            f"The architecture {recipe.architecture.name!r} translates pictures, so the labels of "
            f"its data set must be the pictures to translate from. Received: the data set "
            f"{recipe.dataset.name!r}, which {has}.",
            hint="Take a data set of pairs, or of pictures of two kinds: ganzoo data list.",
        )


def _said(dataset: Dataset) -> str:
    return str(dataset.describe()["labels"])


# What an architecture's parameter asks of the labels.
_NEEDED_LABELS: dict[str, Callable[[Recipe, Dataset], None]] = {
    "classes": _need_classes,
    "source_shape": _need_sources,
}


def length_of(recipe: Recipe, images: int) -> Length:
    """How long the recipe trains on a data set of that many images."""
    training = recipe.training
    per_step = training.batch * recipe.gan.n_critic
    per_epoch = images // per_step
    if training.steps is not None:
        steps = training.steps
    elif training.epochs is not None:
        steps = training.epochs * per_epoch
    else:
        steps = -(-training.images // per_step)
    return Length(steps=steps, per_step=per_step, per_epoch=per_epoch)


def networks(
    recipe: Recipe,
    image_shape: tuple[int, ...],
    classes: int,
    source_shape: tuple[int, ...] | None = None,
) -> "GAN":
    """The recipe's GAN, not compiled. Keras' backend is chosen; Keras is imported here.

    The initial weights follow from the seed (on one backend; backends draw differently).

    Args:
        recipe: What to build.
        image_shape: Shape of one image of the data.
        classes: How many classes the labels have; 0 without classes.
        source_shape: Shape of one label that is a picture; `None` for other labels.

    Raises:
        PluginError: what the architecture makes does not fit the data.
        UsageError: it needs a source shape and there is none.
    """
    import keras

    plugin = discovery.find_plugin("architecture", recipe.architecture.name)
    wanted = wants(recipe)
    if "source_shape" in wanted and source_shape is None:
        raise UsageError(
            f"The architecture {plugin.qualified} translates pictures and needs the shape of those "
            "to translate from. Received: none."
        )
    known = {"classes": classes, "source_shape": source_shape}
    filled = {"image_shape": image_shape} | {key: known[key] for key in sorted(wanted)}
    function = discovery.load_plugin(plugin)  # before the seed: an import may draw, too
    policy, state = keras.config.dtype_policy(), random.getstate()
    try:
        keras.config.set_dtype_policy(recipe.training.precision)
        # initializers and dropout without a seed of their own take one from here;
        # keras.utils.set_random_seed would import every framework that is installed
        random.seed(recipe.training.seed)
        gan = _call(plugin, function, recipe.architecture.options, **filled)
    finally:
        keras.config.set_dtype_policy(policy)
        random.setstate(state)
    from ganzoo.gan.gan import GAN

    if not isinstance(gan, GAN):
        raise PluginError(
            f"The architecture {plugin.qualified} must return a ganzoo.GAN. "
            f"Received: {type(gan).__name__}."
        )
    if 0 in gan.sampler.latent_shape:
        raise UsageError(
            f"The architecture {plugin.qualified} needs latents of at least one number. "
            f"Received: a latent of shape {gan.sampler.latent_shape}."
        )
    if gan.sampler.image_shape != tuple(image_shape):
        raise PluginError(
            f"The architecture {plugin.qualified} makes images of another shape than the data. "
            f"Expected: {tuple(image_shape)}. Received: {gan.sampler.image_shape}."
        )
    if "source_shape" in wanted:
        _check_sources(gan, plugin, source_shape)
    if "classes" in wanted:
        gan.sampler.class_count = classes
    return gan


def _check_sources(gan: "GAN", plugin: discovery.Plugin, source_shape: tuple[int, ...]) -> None:
    taken = tuple(gan.generator.inputs[1].shape[1:]) if gan.sampler.conditional else None
    if taken != tuple(source_shape):
        raise PluginError(
            f"The generator of the architecture {plugin.qualified} must take [latents, pictures]. "
            f"Expected: pictures of shape {tuple(source_shape)}. "
            f"Received: {'no pictures' if taken is None else taken}."
        )


def build(recipe: Recipe, dataset: Dataset) -> "GAN":
    """The recipe's GAN, compiled for training on the data set. The backend is chosen.

    Args:
        recipe: What to build.
        dataset: From `dataset_for`.
    """
    from ganzoo import backend as framework

    gan = networks(recipe, dataset.image_shape, len(dataset.classes), dataset.source_shape)
    if gan.label_shape is not None:
        _check_labels(gan, recipe, dataset)
    dispatch = framework.fused_steps(gan.convolutional)
    training = recipe.training
    auto_steps, auto_xla = training.steps_per_dispatch == "auto", training.xla == "auto"
    gan.compile(
        build_optimizer(recipe.generator_optimizer),
        build_optimizer(recipe.discriminator_optimizer),
        seed=training.seed,
        steps_per_dispatch=(
            _fused(dispatch.steps, training) if auto_steps else training.steps_per_dispatch
        ),
        jit_compile=dispatch.xla if auto_xla else training.xla,
        **recipe.gan.model_dump(),
    )
    return gan


def _fused(most: int, training: Training) -> int:
    """The most steps per dispatch that all cadences are multiples of: one program for a run."""
    common = math.gcd(training.log_every, training.sample_every, training.checkpoint_every)
    return max(steps for steps in range(1, most + 1) if common % steps == 0)


def _check_labels(gan: "GAN", recipe: Recipe, dataset: Dataset) -> None:
    expected, received = gan.label_shape, dataset.labels.shape[1:]
    if tuple(expected) != tuple(received):
        raise UsageError(
            f"The architecture {recipe.architecture.name!r} takes other labels than the data set "
            f"{recipe.dataset.name!r} has. Expected: {tuple(expected)} for each image. "
            f"Received: {tuple(received)}.",
            hint="Labels are either one class, (), or a row of attributes, (k,).",
        )


def build_optimizer(table: Optimizer) -> Any:
    """Return the Keras optimizer that a table of a recipe describes, schedules included."""
    from keras import optimizers

    options, rate = table.options, table.learning_rate
    if isinstance(rate, Schedule):
        schedule = getattr(optimizers.schedules, rate.keras_class)
        options["learning_rate"] = schedule(**rate.options)
    return getattr(optimizers, table.keras_class)(**options)


def _call(
    plugin: discovery.Plugin, function: Callable, options: dict[str, Any], **filled: Any
) -> Any:
    try:
        return function(**filled, **options)
    except (GanzooError, MemoryError):
        raise
    except Exception as error:
        raise PluginError(
            f"The {plugin.kind} {plugin.qualified} failed with {type(error).__name__}: {error}",
            hint="Run with --debug for the traceback.",
        ) from error
