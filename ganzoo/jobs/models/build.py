"""From a recipe to a GAN that can be trained: its networks, its optimizers, its length.

What can be wrong is found as early as possible: names and keys before any plugin is
imported, the data before any framework is.
"""

import contextlib
import math
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ganzoo.backend.settings import standard_settings
from ganzoo.catalog.plugins.discovery import call_plugin, find_plugin, load_plugin
from ganzoo.catalog.plugins.entry_points import Plugin
from ganzoo.catalog.recipe.optimizer_tables import KerasSchedule, Optimizer
from ganzoo.catalog.recipe.recipe import Recipe, Training
from ganzoo.data.dataset import Dataset
from ganzoo.errors import PluginError, UsageError
from ganzoo.jobs.models.open_dataset import label_parameters

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN


@standard_settings()
def build_gan(recipe: Recipe, dataset: Dataset) -> "GAN":
    """Return the GAN of a recipe, compiled for training on the data set. The backend is chosen.

    Args:
        recipe: The recipe.
        dataset: A data set from `open_recipe_dataset`.
    """
    from ganzoo import backend as framework

    gan = build_networks(recipe, dataset.image_shape, len(dataset.classes), dataset.source_shape)
    gan.sampler.levels = dataset.deep
    if gan.label_shape is not None:
        _check_label_shape(gan, recipe, dataset)
    dispatch = framework.fused_steps(gan.convolutional)
    training = recipe.training
    auto_steps, auto_xla = training.steps_per_dispatch == "auto", training.xla == "auto"
    gan.compile(
        build_optimizer(recipe.generator_optimizer),
        build_optimizer(recipe.discriminator_optimizer),
        seed=training.seed,
        steps_per_dispatch=(
            _fused_steps(dispatch.steps, training) if auto_steps else training.steps_per_dispatch
        ),
        gradient_accumulation_steps=training.gradient_accumulation_steps,
        rematerialize=training.rematerialize,
        jit_compile=dispatch.xla if auto_xla else training.xla,
        generator_schedules=recipe.generator_optimizer.schedules,
        discriminator_schedules=recipe.discriminator_optimizer.schedules,
        **recipe.gan.model_dump(),
    )
    return gan


def build_networks(
    recipe: Recipe,
    image_shape: tuple[int, ...],
    classes: int,
    source_shape: tuple[int, ...] | None = None,
) -> "GAN":
    """Return the GAN of a recipe, not compiled. The backend is chosen; Keras is imported here.

    The initial weights follow from the seed (on one backend; backends draw differently).

    Args:
        recipe: The recipe.
        image_shape: Shape of one image of the data.
        classes: Number of classes of the labels; 0 without classes.
        source_shape: Shape of one label that is an image; `None` for other labels.

    Raises:
        PluginError: The networks do not fit the data.
        UsageError: The architecture needs a source shape and there is none.
    """
    plugin = find_plugin("architecture", recipe.architecture.name)
    parameters = label_parameters(plugin)
    if "source_shape" in parameters and source_shape is None:
        raise UsageError(
            f"The architecture {plugin.qualified} translates images and needs the shape of those "
            "to translate from. Received: none."
        )
    known = {"classes": classes, "source_shape": source_shape}
    filled = {"image_shape": image_shape} | {key: known[key] for key in sorted(parameters)}
    load_plugin(plugin)  # before the seed: the import may draw random numbers, too
    with _settings_of(recipe.training):
        gan = call_plugin(plugin, **filled, **recipe.architecture.options)
    _check_networks(gan, plugin, image_shape)
    if "source_shape" in parameters:
        _check_source_shape(gan, plugin, source_shape)
    if "classes" in parameters:
        gan.num_classes = classes
    return gan


@contextlib.contextmanager
def _settings_of(training: Training) -> Iterator[None]:
    """Let the recipe alone decide what networks are built."""
    state = random.getstate()
    try:
        # initializers and dropout without a seed of their own take one from here;
        # keras.utils.set_random_seed would import every framework that is installed
        random.seed(training.seed)
        with standard_settings(training.dtype_policy):
            yield
    finally:
        random.setstate(state)


def build_optimizer(table: Optimizer) -> Any:
    """Return the Keras optimizer that a table of a recipe describes, Keras' schedules included."""
    from keras import optimizers

    options, rate = table.options, table.learning_rate
    if isinstance(rate, KerasSchedule):
        schedule = getattr(optimizers.schedules, rate.keras_class)
        options["learning_rate"] = schedule(**rate.options)
    return getattr(optimizers, table.keras_class)(**options)


def _check_networks(gan: Any, plugin: Plugin, image_shape: tuple[int, ...]) -> None:
    from ganzoo.gan.gan import GAN
    from ganzoo.gan.sampling.argument_checks import fits_shape
    from ganzoo.gan.sampling.generator_inputs import generator_inputs

    if not isinstance(gan, GAN):
        raise PluginError(
            f"The architecture {plugin.qualified} must return a ganzoo.GAN. "
            f"Received: {type(gan).__name__}."
        )
    if 0 in gan.sampler.latent_shape and "latents" in generator_inputs(gan.generator):
        raise UsageError(
            f"The architecture {plugin.qualified} needs latents of at least one number. "
            f"Received: a latent of shape {gan.sampler.latent_shape}."
        )
    if not fits_shape(image_shape, gan.sampler.image_shape):
        raise PluginError(
            f"The architecture {plugin.qualified} makes images of another shape than the data. "
            f"Expected: {tuple(image_shape)}. Received: {gan.sampler.image_shape}."
        )


def _check_source_shape(gan: "GAN", plugin: Plugin, source_shape: tuple[int, ...] | None) -> None:
    from ganzoo.gan.sampling.argument_checks import fits_shape

    received = gan.sampler.label_shape
    if received is None or not fits_shape(source_shape or (), received):
        raise PluginError(
            f"The generator of the architecture {plugin.qualified} must take images, alone "
            "or after latents. "
            f"Expected: images of shape {source_shape}. "
            f"Received: {'no images' if received is None else received}."
        )


def _check_label_shape(gan: "GAN", recipe: Recipe, dataset: Dataset) -> None:
    from ganzoo.gan.sampling.argument_checks import fits_shape

    expected = tuple(gan.label_shape)
    received = None if dataset.labels is None else tuple(dataset.labels.shape[1:])
    if received is None or not fits_shape(received, expected):
        raise UsageError(
            f"The architecture {recipe.architecture.name!r} takes other labels than the data set "
            f"{recipe.dataset.name!r} has. Expected: {expected} for each image. "
            f"Received: {received}.",
            hint="Labels are either one class, (), or a row of attributes or numbers, (k,). Some "
            'architectures take rows where their option says so: architecture.labels="rows".',
        )


def _fused_steps(limit: int, training: Training) -> int:
    """The most steps per dispatch that all cadences are multiples of: one program for a run."""
    common = math.gcd(training.log_every, training.sample_every, training.checkpoint_every)
    return max(steps for steps in range(1, limit + 1) if common % steps == 0)
