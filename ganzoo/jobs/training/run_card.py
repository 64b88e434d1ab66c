"""Card of a run: of what the zoo's card says, only what is true of these weights.

A card's prose may speak of its own data and of a longer training. So it stays with a run only if
that run is the card's own training, whole; whatever else is said comes from the run.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ganzoo.catalog.recipe.length import training_length
from ganzoo.catalog.recipe.recipe import LENGTHS, Recipe
from ganzoo.catalog.registry.cards import Card, License
from ganzoo.catalog.registry.licenses import NOT_CHOSEN
from ganzoo.catalog.registry.lookup import find_model
from ganzoo.errors import GanzooError
from ganzoo.files.text import format_value
from ganzoo.modalities import modality_of

# Keys that decide what is written on the way, how fast it goes, or by what chance.
_FREE_KEYS = {
    "seed", "log_every", "sample_every", "checkpoint_every", "keep_checkpoints", "evaluate_every",
    "evaluate_samples", "evaluate_features", "steps_per_dispatch", "xla", *LENGTHS,
}  # fmt: skip


def run_card(recipe: Recipe, manifest: Mapping[str, Any], name: str) -> Card:
    """Return the card of the model that a run trains.

    Args:
        recipe: The recipe that is trained.
        manifest: The run's manifest: the model that was begun with, data and plugins.
        name: Name of the model, if none was begun with.
    """
    data = manifest["data"]
    shared = recipe.tables()
    shared["dataset"].pop("data", None)  # a path of the trainer's machine
    tables: dict[str, Any] = {
        "schema": 1,
        "name": name,
        "summary": summarize(recipe, data),
        "license": {"data": data["license"], "weights": NOT_CHOSEN},
        "recipe": shared,
        "plugins": manifest["plugins"],
    }
    if manifest["model"] is not None:
        origin = find_model(manifest["model"])
        tables["name"] = origin.name
        if origin.recipe.architecture.name == recipe.architecture.name:
            tables["papers"] = origin.papers
        kept = ()
        if not changed_settings(origin, recipe, data):
            kept = ("summary", "description", "choices", "deviations", "license", "parameters")
        elif not changed_settings(origin, recipe, data, length=False):
            kept = ("license", "parameters")
        kept = () if "start" in manifest else kept
        tables |= {key: value for key, value in origin.tables().items() if key in kept}
    if start := manifest.get("start"):
        license, digest = start["license"], start["digest"][:12]
        tables["deviations"] = [
            f"Training began from the weights of {start['source']} (sha256 {digest}): "
            f"their license is {license['weights']}, that of their data {license['data']}."
        ]
    return Card.from_tables(tables)


def card_of_weights(card: Card, recipe: Recipe, manifest: Mapping[str, Any], step: int) -> Card:
    """Return a run's card with what is true of its weights of one step.

    Args:
        card: The card in the run's folder.
        recipe: The recipe in the weights; that of a run that was prolonged is not the card's.
        manifest: The run's manifest.
        step: The step of the weights.
    """
    data = manifest["data"]
    origin = _origin(card, manifest["model"])
    changed = changed_settings(origin, recipe, data) if origin else []
    planned = training_length(recipe, data["count"]).steps
    changes: dict[str, Any] = {"recipe": recipe}
    deviations = list(card.deviations)
    if origin and (changed or step < planned):
        deviations = [text for text in deviations if text not in origin.deviations]
        changes["choices"] = [text for text in card.choices if text not in origin.choices]
        if card.summary == origin.summary:
            changes["summary"] = summarize(recipe, data)
        if card.description == origin.description:
            changes["description"] = None
        if changed:
            deviations.append(
                f"Begun from the recipe of {origin.name} and trained with {', '.join(changed)}."
            )
        if origin.choices or origin.deviations:
            deviations.append(f"The card of {origin.name} says how that differs from its source.")
        own = changed_settings(origin, recipe, data, length=False)
        if own and card.license.weights == origin.license.weights:
            changes["license"] = License(data=card.license.data, weights=NOT_CHOSEN)
    if step < planned:
        deviations.append(f"The weights are those of step {step:,} of {planned:,}.")
    return card.model_copy(update=changes | {"deviations": deviations})


def changed_settings(
    origin: Card, recipe: Recipe, data: Mapping[str, Any], *, length: bool = True
) -> list[str]:
    """Return what a training does otherwise than the recipe of a card, a phrase each.

    Args:
        origin: The card.
        recipe: The recipe as trained.
        data: Description of the data set.
        length: Count another length as well.
    """
    before, after = origin.recipe.tables(), recipe.tables()
    lengths = [training_length(one, data["count"]).steps for one in (origin.recipe, recipe)]
    found = []
    if length and lengths[0] != lengths[1]:
        old, new = (_length_of(one) for one in (before, after))
        found.append(f"{new} ({old} there)")
    for table in after:
        free = _FREE_KEYS if table == "training" else {"data"} if table == "dataset" else ()
        old, new = before[table], after[table]
        for key in sorted((old.keys() | new.keys()) - set(free)):
            if old.get(key) != new.get(key):
                there = f"{format_value(old[key])} there" if key in old else "not set there"
                here = format_value(new[key]) if key in new else "not set"
                found.append(f"{table}.{key} {here} ({there})")
    known = origin.provenance
    if known and known.data == data["name"] and known.fingerprint != data["fingerprint"]:
        found.append(f"other data of the name {data['name']}")
    return found


def summarize(recipe: Recipe, data: Mapping[str, Any]) -> str:
    """Return a line about a model: architecture and data."""
    shape: Sequence[int] = data["image_shape"]
    size = " x ".join(map(str, shape))
    text = f"{recipe.architecture.name} trained on {data['count']:,} {modality_of(shape).plural}"
    return f"{text} of {size} ({data['name']})."[:200]


def _origin(card: Card, model: str | None) -> Card | None:
    """The card that a run began with; where it is gone, the run's own has what it said."""
    try:
        return None if model is None else find_model(model)
    except GanzooError:
        return card


def _length_of(tables: Mapping[str, Any]) -> str:
    (key,) = (key for key in LENGTHS if key in tables["training"])
    return f"{tables['training'][key]:,} {key}"
