"""What a run says of itself: manifest, card, and the metadata inside its weights."""

import datetime
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ganzoo
from ganzoo.backend import select
from ganzoo.catalog.recipe.plugin_locks import lock_plugin
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry.cards import Card, License, PluginLock
from ganzoo.catalog.registry.lookup import find_model
from ganzoo.catalog.runs import Run
from ganzoo.data.dataset import Dataset
from ganzoo.errors import InvalidInput
from ganzoo.files import safetensors
from ganzoo.files.checkpoints import Checkpoint
from ganzoo.files.publish import publish_text
from ganzoo.jobs.models import environment
from ganzoo.jobs.models.weights import STATE
from ganzoo.jobs.training.plan import parameters

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

KINDS = ("architecture", "dataset")  # of the plugins that a training uses
MISMATCHES = "plugin_mismatches"  # in manifests and metadata: other plugins, by consent


def manifest(
    gan: "GAN", recipe: Recipe, dataset: Dataset, model: str | None, argv: Sequence[str]
) -> dict[str, Any]:
    """Under which circumstances a run began."""
    import keras

    described = dataset.describe()
    return {
        "schema": 1,
        "ganzoo": ganzoo.__version__,
        "model": model,
        "backend": keras.backend.backend(),
        **environment.described(),
        "argv": list(argv),
        "seed": recipe.training.seed,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "recipe_digest": recipe.digest(),
        "data": {k: v for k, v in described.items() if k not in ("dtype", "labels")},
        "plugins": plugins_of(recipe),
        "parameters": parameters(gan),
        "dispatch": {"steps_per_dispatch": gan.steps_per_dispatch, "xla": bool(gan.jit_compile)},
        "state": "running",
    }


def write_manifest(run: Run, content: dict[str, Any]) -> None:
    """Replace the run's manifest."""
    publish_text(run.manifest_path, json.dumps(content, indent=2) + "\n", overwrite=True)


def read_manifest(run: Run) -> dict[str, Any]:
    """The run's manifest; `InvalidInput` if it does not say what resuming needs to know."""
    content = run.manifest()
    data = content.get("data")
    texts = [content.get("backend"), content.get("state")]
    texts += [data.get("name"), data.get("fingerprint")] if isinstance(data, dict) else [None]
    if content.get("backend") not in select.BACKENDS or not all(isinstance(t, str) for t in texts):
        raise InvalidInput(
            f"{run.manifest_path} is not what ganzoo wrote: it must say backend, state and data.",
            hint="Restore it from a copy, or begin a new run from recipe.toml.",
        )
    return content


def recipe_of(checkpoint: Checkpoint) -> Recipe:
    """The recipe with which a checkpoint was trained, without the place of the data."""
    found = safetensors.metadata(checkpoint.read(STATE)).get("recipe")
    where = f"the recipe in {checkpoint.path}"
    return Recipe.from_tables(found, where=where, error=InvalidInput)


def run_name(recipe: Recipe, model: str | None) -> str:
    """What to call a run: as its model, or after its architecture and data set."""
    name = model or f"{recipe.architecture.name}-{recipe.dataset.name.rpartition(':')[2]}"
    return re.sub(r"[^a-z0-9._-]", "-", name.rpartition(":")[2].lower())[:64].rstrip(".")


def plugins_of(recipe: Recipe) -> dict[str, dict[str, str]]:
    """Return the locks of a recipe's plugins, by kind."""
    return {kind: lock_plugin(kind, getattr(recipe, kind).name) for kind in KINDS}


def record_plugins(run: Run, manifest: dict[str, Any], recipe: Recipe, told: Sequence[str]) -> None:
    """Write down that a run goes on with other plugins than before.

    Args:
        run: Whose card says so from now on.
        manifest: Of the run, which is changed here and written by whoever asks.
        recipe: That is played.
        told: A sentence for each plugin.
    """
    manifest["plugins"] = plugins_of(recipe)
    manifest[MISMATCHES] = [*manifest.get(MISMATCHES, []), *told]
    tables = Card.read(run.card_path).tables()
    tables |= {key: manifest[key] for key in ("plugins", MISMATCHES)}
    publish_text(run.card_path, Card.from_tables(tables).toml(), overwrite=True)


def card(recipe: Recipe, dataset: Dataset, model: str | None, name: str) -> Card:
    """The card of a model that this run trains: that of the zoo with the recipe as played."""
    tables = recipe.tables()
    tables["dataset"].pop("data", None)  # a path of the trainer's machine
    if model is None:
        return Card.from_tables({
            "schema": 1,
            "name": name,
            "summary": f"{recipe.architecture.name} trained on {dataset.name}.",
            "license": {"data": dataset.license, "weights": "not chosen yet"},
            "recipe": tables,
            "plugins": plugins_of(recipe),
        })  # fmt: skip
    known = find_model(model)
    played: dict[str, Any] = {
        "recipe": Recipe.from_tables(tables),
        "plugins": {
            kind: PluginLock.model_validate(lock) for kind, lock in plugins_of(recipe).items()
        },
        "results": [],
        "provenance": None,
    }
    if recipe.dataset.name != known.recipe.dataset.name:
        played["license"] = License(data=dataset.license, weights=known.license.weights)
    if (recipe.architecture, recipe.dataset) != (known.recipe.architecture, known.recipe.dataset):
        played["parameters"] = {}  # the published numbers are of other networks
    return known.model_copy(update=played)


def of_data(dataset: Dataset) -> dict[str, Any]:
    """What a weights file says of the data, without which its model cannot be rebuilt or heard."""
    described = dataset.describe()
    keys = ("image_shape", "classes", "source_shape", "rate")
    return {key: described[key] for key in keys if key in described}


def of_generator(gan: "GAN") -> dict[str, Any]:
    """What a weights file says of the labels that its generator takes.

    The shape of one: `[]` for a class, `[k]` for attributes, that of a picture, or `None`.
    """
    shape = list(gan.generator.inputs[1].shape[1:]) if gan.sampler.conditional else None
    return {"generator_labels": shape}


def of_weights(gan: "GAN", recipe: Recipe, dataset: Dataset, run: Run) -> dict[str, Any]:
    """What a weights file says of itself: enough to rebuild the model, and where it is from.

    Nothing in it depends on the time or the machine: the same weights give the same file.
    """
    known = run.manifest()
    license: License = Card.read(run.card_path).license
    tables = recipe.tables()
    tables["dataset"].pop("data", None)  # a path of the trainer's machine
    return {
        "schema": 1,
        "model": known["model"],
        "recipe": tables,
        **of_data(dataset),
        **of_generator(gan),
        "license": {"data": license.data, "weights": license.weights},
        "data": {"name": dataset.name, "fingerprint": dataset.fingerprint},
        "plugins": known["plugins"],
        **{key: known[key] for key in (MISMATCHES,) if key in known},
        "ganzoo": known["ganzoo"],
    }
