"""What a run says of itself: manifest, card, and the metadata inside its weights."""

import datetime
import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ganzoo
from ganzoo.catalog import plugins
from ganzoo.catalog.cards import Card, Licence
from ganzoo.catalog.recipe import Recipe
from ganzoo.catalog.registry import find_model
from ganzoo.catalog.runs import Run
from ganzoo.data.dataset import Dataset
from ganzoo.files.publish import publish_text
from ganzoo.jobs.plan import parameters

if TYPE_CHECKING:
    from ganzoo.game.gan import GAN

_PACKAGES = ("keras", "numpy", "jax", "jaxlib", "torch", "tensorflow", "tensorflow-cpu", "pillow")
# What changes the last bits of a result without being part of the recipe.
_VARIABLES = ("OMP_NUM_THREADS", "TF_ENABLE_ONEDNN_OPTS", "XLA_FLAGS", "MKL_NUM_THREADS")


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
        **_environment(),
        "argv": list(argv),
        "seed": recipe.training.seed,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "recipe_digest": recipe.digest(),
        "data": {k: v for k, v in described.items() if k not in ("dtype", "labels")},
        "plugins": {
            kind: _plugin(kind, getattr(recipe, kind).name) for kind in ("architecture", "dataset")
        },
        "parameters": parameters(gan),
        "dispatch": {"steps_per_dispatch": gan.steps_per_dispatch, "xla": bool(gan.jit_compile)},
        "state": "running",
    }


def write_manifest(run: Run, content: dict[str, Any]) -> None:
    """Replace the run's manifest."""
    publish_text(run.manifest_path, json.dumps(content, indent=2) + "\n", overwrite=True)


def differences(manifest: dict[str, Any]) -> list[str]:
    """Sentences about what is not as it was, so that going on may not be bit-identical."""
    now = _environment()
    found = []
    for group in ("versions", "variables"):
        before = manifest.get(group, {})
        for name in sorted(before.keys() | now[group].keys()):
            if before.get(name) != now[group].get(name):
                found.append(f"{name} was {before.get(name)}, is {now[group].get(name)}")
    for name in ("cpus", "platform"):
        if manifest.get(name) != now[name]:
            found.append(f"{name} was {manifest.get(name)}, is {now[name]}")
    return [f"Not bit-identical, perhaps: {text}." for text in found]


def _environment() -> dict[str, Any]:
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "versions": versions,
        "variables": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def _plugin(kind: str, name: str) -> dict[str, str]:
    plugin = plugins.find(kind, name)
    return {"name": name, "distribution": plugin.distribution, "version": plugin.version}


def card(recipe: Recipe, dataset: Dataset, model: str | None, name: str) -> Card:
    """The card of a model that this run trains: that of the zoo with the recipe as played."""
    if model is not None:
        known = find_model(model)
        return known.model_copy(update={"recipe": recipe, "results": []})
    return Card.from_tables(
        {
            "schema": 1,
            "name": name.lower(),
            "summary": f"{recipe.architecture.name} trained on {dataset.name}.",
            "licence": {"data": dataset.licence, "weights": "not chosen yet"},
            "recipe": recipe.tables(),
        }
    )


def of_weights(gan: "GAN", recipe: Recipe, dataset: Dataset, run: Run) -> dict[str, Any]:
    """What a weights file says of itself: enough to rebuild the model, and where it is from.

    Nothing in it depends on the time or the machine: the same weights give the same file.
    """
    known = run.manifest()
    licence: Licence = Card.read(run.card_path).licence
    tables = recipe.tables()
    tables["dataset"].pop("data", None)  # a path of the trainer's machine
    return {
        "schema": 1,
        "model": known["model"],
        "recipe": tables,
        "image_shape": list(dataset.image_shape),
        "classes": list(dataset.classes),
        "licence": {"data": licence.data, "weights": licence.weights},
        "data": {"name": dataset.name, "fingerprint": dataset.fingerprint},
        "plugins": known["plugins"],
        "ganzoo": known["ganzoo"],
    }
