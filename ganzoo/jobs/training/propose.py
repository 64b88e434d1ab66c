"""A recipe for somebody's own images, proposed after a look at them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ganzoo.catalog.plugins.discovery import find_plugin, plugin_signature
from ganzoo.catalog.recipe.checks import check_plugin_options, check_recipe_plugins, recipe_keys
from ganzoo.catalog.recipe.length import training_length
from ganzoo.catalog.recipe.overrides import apply_settings, images_at, with_data_from
from ganzoo.catalog.recipe.proposals import ROWS, Proposal, propose_recipe, propose_start
from ganzoo.catalog.recipe.recipe import Part, Recipe
from ganzoo.catalog.registry.lookup import find_model
from ganzoo.data.order import rows_of_step
from ganzoo.jobs.models import environment
from ganzoo.jobs.models.find import find_source
from ganzoo.jobs.models.start import title_of
from ganzoo.jobs.training.survey import Survey, survey_images


@dataclass(frozen=True, kw_only=True)
class ProposedTraining:
    """A proposed recipe with its data, and the reasons for it.

    Args:
        recipe: The recipe, with the user's settings.
        reasons: Three lines: what was found, what is proposed and why, how long it trains.
    """

    recipe: Recipe
    reasons: tuple[str, str, str]


def propose(
    data: Path,
    *,
    settings: Sequence[str] = (),
    architecture: str | None = None,
    backend: str | None = None,
    source: str | os.PathLike | int | None = None,
) -> ProposedTraining:
    """Look at images, and propose how to train on them on this machine.

    Args:
        data: A folder or a zip archive of images.
        settings: Changes to the recipe, as `"key=value"`; those of the data set choose the images.
        architecture: Name of an architecture; by default one that suits the images.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.
        source: A model to start from, whose recipe is proposed where no architecture is named.

    Raises:
        UsageError: There are no images, or fewer than a step needs; or a setting is wrong.
    """
    part = _dataset_table(data, settings)
    found = survey_images(part)
    environment.prepare_environment(backend)
    from ganzoo.backend import device

    if source is not None and architecture is None:
        start = find_source(source)
        proposal = propose_start(
            part.name,
            title_of(start),
            start.recipe,
            start.image_shape,
            images=found.images,
            device=device(),
        )
    else:
        proposal = propose_recipe(
            part.name,
            images=found.images,
            size=found.size,
            gray=found.gray or found.raw,  # no augmentation of colors
            device=device(),
            architecture=architecture,
        )
    tables = proposal.recipe.tables()
    tables["dataset"]["data"] = part.options["data"]
    if found.raw:
        del tables["dataset"]["mode"]
    recipe = apply_settings(Recipe.from_tables(tables), settings)
    recipe = with_data_from(recipe, Path.cwd())
    check_recipe_plugins(recipe)
    return ProposedTraining(recipe=recipe, reasons=_reasons(recipe, proposal, found))


def _dataset_table(data: Path, settings: Sequence[str]) -> Part:
    """The data set that the settings make of a folder or an archive."""
    name = images_at(data)
    known = recipe_keys("dataset", plugin_signature(find_plugin("dataset", name)))
    keys = [setting.partition("=")[0].strip() for setting in settings]
    chosen = [
        setting if "." in key else f"dataset.{setting}"
        for key, setting in zip(keys, settings, strict=True)
        if key in known or key.startswith("dataset.")
    ]
    tables = find_model(ROWS[0].model).recipe.tables()  # of any recipe
    tables["dataset"] = {"name": name, "data": str(data)}
    recipe = apply_settings(Recipe.from_tables(tables), chosen)
    part = with_data_from(recipe, Path.cwd()).dataset
    check_plugin_options("dataset", part, "the settings")
    return part


def _describe_kind(found: Survey) -> str:
    return "as they are" if found.raw else f"in {'gray' if found.gray else 'color'}"


def _reasons(recipe: Recipe, proposal: Proposal, found: Survey) -> tuple[str, str, str]:
    length, size = training_length(recipe, found.images), recipe.dataset.options.get("size")
    height, width = size if isinstance(size, list) else (size, size)
    rows_of_step(0, n=found.images, per_step=length.per_step, seed=0)  # large enough?
    shown = length.steps * length.per_step
    times = f"each image {shown / found.images:,.0f} times"
    return (
        f"found   {found.images:,} images {_describe_kind(found)}, half of them "
        f"with {found.size} pixels or more a side",
        f"recipe  {proposal.model}{f' at {height}x{width}' if size else ''}: {proposal.why}",
        f"length  {length.steps:,} steps of {length.per_step:,} images, "
        f"{times if shown >= found.images else 'not every image'}; --steps changes it",
    )
