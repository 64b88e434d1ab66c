"""Data sets by name: opened through their plugin, and fitted to the recipe that uses them."""

import contextlib
import dataclasses
import time
from collections.abc import Callable
from typing import Any

from ganzoo.backend import select
from ganzoo.catalog.plugins.discovery import call_plugin, find_plugin, plugin_signature
from ganzoo.catalog.plugins.entry_points import Plugin
from ganzoo.catalog.recipe.checks import check_plugin_options, check_recipe_plugins
from ganzoo.catalog.recipe.recipe import Part, Recipe
from ganzoo.data.availability import DataMissing, downloads_forbidden
from ganzoo.data.dataset import Dataset
from ganzoo.data.order import rows_of_step
from ganzoo.data.progress import reporting
from ganzoo.errors import EnvironmentProblem, PluginError, UsageError


def open_dataset(part: Part) -> Dataset:
    """Return the data set that a table of a recipe names.

    Args:
        part: The table.

    Raises:
        UnknownName, UsageError: There is no such data set, or a key is wrong.
        PluginError: Its plugin fails.
        InvalidInput: Its files are not what they should be.
        DataMissing: It is not on this machine, and nobody can or may fetch it now.
    """
    plugin = find_plugin("dataset", part.name)
    try:
        dataset = call_plugin(plugin, **part.options)
    except DataMissing as absent:
        if absent.info is not None and absent.info.name != plugin.name:
            absent.info = None  # that of another set, of which this one is made
        raise
    if not isinstance(dataset, Dataset):
        raise PluginError(
            f"The data set {plugin.qualified} must return a ganzoo.Dataset. "
            f"Received: {type(dataset).__name__}."
        )
    return dataset


def open_recipe_dataset(recipe: Recipe) -> Dataset:
    """Return the data set of a recipe, without labels if its architecture takes none.

    Raises:
        UsageError: An architecture that needs labels and data without any, or with others; or
            fewer images than one step needs.
    """
    check_recipe_plugins(recipe)
    return fit_dataset(recipe, open_dataset(recipe.dataset))


def fit_dataset(recipe: Recipe, dataset: Dataset) -> Dataset:
    """Return an open data set as `open_recipe_dataset` does."""
    parameters = label_parameters(find_plugin("architecture", recipe.architecture.name))
    if not parameters:
        dataset = dataclasses.replace(dataset, labels=None, classes=())
    for parameter in sorted(parameters):
        _LABEL_CHECKS[parameter](recipe, dataset)
    per_step = recipe.training.batch * recipe.gan.critic_updates
    rows_of_step(0, n=len(dataset), per_step=per_step, seed=recipe.training.seed)  # large enough?
    return dataset


def label_parameters(architecture: Plugin) -> set[str]:
    """Return the parameters that labels fill: `"classes"`, `"source_shape"`, both or none."""
    return _LABEL_CHECKS.keys() & plugin_signature(architecture).parameters.keys()


def describe_dataset(part: Part) -> dict[str, Any]:
    """Return what a data set holds. It is prepared if it was not; nothing is downloaded.

    Args:
        part: The data set as a table of a recipe.

    Returns:
        `Dataset.describe()`: count, image shape, classes, license, source, fingerprint. `"data"`
        says whether it is here; if not, `"get"` is how to get it, and what is not known without
        it is left out.
    """
    try:
        with downloads_forbidden():
            facts, state = _open_checked(part).describe(), {"data": "here"}
    except DataMissing as absent:
        facts = absent.info.describe() if absent.info is not None else {"name": part.name}
        state = {"data": "not here yet", "get": absent.hint}
    return {"name": facts["name"], **state, **facts}


def prepare_dataset(
    part: Part, events: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """Fetch and decode a data set, so that the next to open it need not wait.

    Args:
        part: The data set as a table of a recipe.
        events: Function called with the progress; see `ganzoo.data.progress.reporting`.

    Returns:
        `Dataset.describe()`, and the `"seconds"` it took.
    """
    started = time.monotonic()
    with reporting(events):
        dataset = _open_checked(part)
    return dataset.describe() | {"seconds": round(time.monotonic() - started, 1)}


def _open_checked(part: Part) -> Dataset:
    check_plugin_options("dataset", part, where="the settings")
    with contextlib.suppress(EnvironmentProblem):
        select.choose()  # some data sets come through Keras; most need no backend
    return open_dataset(part)


def _check_classes(recipe: Recipe, dataset: Dataset) -> None:
    if dataset.labels is None:
        raise UsageError(
            f"The architecture {recipe.architecture.name!r} is conditional and needs labels, "
            f"but the data set {recipe.dataset.name!r} has none.",
            hint="Class folders are labels; celeba has the option dataset.attribute.",
        )
    if dataset.source_shape is not None:
        raise UsageError(
            f"The architecture {recipe.architecture.name!r} needs classes or attributes as labels. "
            f"Received: the data set {recipe.dataset.name!r}, whose labels are images.",
            hint="Images to translate from are for architectures that take a source_shape.",
        )


def _check_source_images(recipe: Recipe, dataset: Dataset) -> None:
    if dataset.source_shape is not None:
        return
    labels = dataset.describe()["labels"]
    received = "has no labels" if dataset.labels is None else f"has {labels} as labels"
    raise UsageError(
        f"The architecture {recipe.architecture.name!r} translates images, so the labels of "
        f"its data set must be the images to translate from. Received: the data set "
        f"{recipe.dataset.name!r}, which {received}.",
        hint="Take a data set of pairs, or of images of two kinds: ganzoo data list.",
    )


# The parameters of an architecture that labels fill, and what each needs of them.
_LABEL_CHECKS: dict[str, Callable[[Recipe, Dataset], None]] = {
    "classes": _check_classes,
    "source_shape": _check_source_images,
}


def open_or_blank(recipe: Recipe) -> tuple[Dataset, DataMissing | None]:
    """The data set; or one of the same form without its content, and what to say of that."""
    try:
        with downloads_forbidden():
            return open_recipe_dataset(recipe), None
    except DataMissing as absent:
        blank = absent.info.blank() if absent.info is not None else None
        if blank is None:
            raise
        return fit_dataset(recipe, blank), absent
