"""A recipe for somebody's own images, proposed after a look at them."""

from dataclasses import dataclass
from pathlib import Path

from ganzoo.catalog.recipe.proposals import propose_recipe
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.jobs.models import environment
from ganzoo.jobs.training.survey import survey_images


@dataclass(frozen=True, kw_only=True)
class ProposedTraining:
    """A proposed recipe with its data, and the reasons for it.

    Args:
        recipe: The recipe.
        reasons: Three lines: what was found, what is proposed and why, how long it trains.
    """

    recipe: Recipe
    reasons: tuple[str, str, str]


def propose(
    data: Path, *, architecture: str | None = None, backend: str | None = None
) -> ProposedTraining:
    """Look at images, and propose how to train on them on this machine.

    Args:
        data: A folder or a zip archive of images.
        architecture: Name of an architecture; by default one that suits the images.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.
    """
    found = survey_images(data)
    environment.prepare_environment(backend)
    from ganzoo.backend import device

    proposal = propose_recipe(
        found.dataset,
        images=found.images,
        size=found.size,
        gray=found.gray,
        device=device(),
        architecture=architecture,
    )
    tables = proposal.recipe.tables()
    tables["dataset"]["data"] = str(found.where)
    recipe = Recipe.from_tables(tables)
    training, options = recipe.training, recipe.dataset.options
    passes = training.batch * (training.steps or 0) / found.images
    kind = "gray" if found.gray else "color"
    return ProposedTraining(
        recipe=recipe,
        reasons=(
            f"found   {found.images:,} images in {kind}, half of them with {found.size} pixels or "
            "more a side",
            f"recipe  {proposal.model} at {options['size']}x{options['size']}: {proposal.why}",
            f"length  {training.steps:,} steps of {training.batch} images, each image "
            f"{max(passes, 1):,.0f} times; --steps changes it",
        ),
    )
