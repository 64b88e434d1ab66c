"""What a run, a weights file or a version is, as plain data for `info`. Imports no framework."""

import math
from pathlib import Path
from typing import Any

from ganzoo.catalog.registry import remotes
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.versions import Version
from ganzoo.catalog.runs import Run
from ganzoo.files import safetensors
from ganzoo.jobs.best import best_of, recorded
from ganzoo.jobs.models import load
from ganzoo.jobs.publishing.manage import describe_card, describe_recipe, version_facts

_NETWORKS = ("generator", "discriminator")
# What a run's manifest and a file's metadata say of themselves, beside the recipe.
_OF_RUNS = (
    "model", "state", "reason", "backend", "seed", "created", "seconds", "ganzoo", "data",
    "parameters", "plugins", "plugin_mismatches",
)  # fmt: skip
_OF_FILES = (
    "model", "step", "weights", "stored", "image_shape", "classes", "source_shape", "rate",
    "license", "data", "plugins", "plugin_mismatches", "ganzoo",
)  # fmt: skip


def described(name: str) -> dict[str, dict[str, Any]]:
    """What a name means that is looked up as `ganzoo sample` does.

    Args:
        name: As of `load.meant`.

    Returns:
        Under `"model"` a version, under `"run"` a run, under `"weights"` a weights file.

    Raises:
        UnknownName: There is no such thing.
        InvalidInput: It is broken.
    """
    match load.meant(name):
        case Version() as version:
            return {"model": _version(version, name)}
        case Path() as file:
            return {"weights": _file(file)}
        case run, best:
            return {"run": _run(run, best=best)}


def _version(version: Version, name: str) -> dict[str, Any]:
    source = str(version.path.parent.parent)
    if remotes.is_address(name):
        source = remotes.parse_address(name).address
    facts = {"version": version.number, "aliases": [], **version_facts(version)}
    return describe_card(version.card()) | {"source": source, "results": [], "versions": [facts]}


def _run(run: Run, *, best: bool) -> dict[str, Any]:
    manifest, card, log = run.manifest(), Card.read(run.card_path), run.log()
    facts = {key: manifest[key] for key in _OF_RUNS if key in manifest}
    found = {
        **describe_card(card),
        **facts,
        **describe_recipe(run.recipe()),
        "path": str(run.path),
        "step": log[-1].get("step") if log else 0,
        "results": [result.tables() for result in card.results],
        "weights": str(run.weights_path) if run.weights_path.is_file() else None,
    }
    if best:
        checkpoint = best_of(run)
        found["best"] = {**(recorded(checkpoint) or {}), "path": str(checkpoint.path)}
    return found


def _file(path: Path) -> dict[str, Any]:
    source = load.find(path)
    about = source.about
    found = {key: about[key] for key in _OF_FILES if key in about}
    sizes: dict[str, int] = {}
    for name, tensor in safetensors.read_header(path).tensors.items():
        network, _, rest = name.partition("/")
        if network in _NETWORKS and not rest.startswith("seeds/"):
            sizes[network] = sizes.get(network, 0) + math.prod(tensor.shape)
    return {
        "path": str(path),
        "bytes": path.stat().st_size,
        **found,
        "parameters": sizes,
        **describe_recipe(source.recipe),
    }
