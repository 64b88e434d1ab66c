"""Descriptions of models, runs, files and plugins by name, as plain data. Imports no framework."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ganzoo.catalog.plugins.discovery import (
    discover,
    find_plugin,
    is_same_distribution,
    plugin_signature,
)
from ganzoo.catalog.plugins.signature import MISSING
from ganzoo.catalog.recipe.checks import is_filled_by_data
from ganzoo.catalog.registry import lookup, remotes
from ganzoo.catalog.registry.versions import Version
from ganzoo.catalog.run_summary import summarize_run
from ganzoo.catalog.runs import Run, best_checkpoint, recorded_best
from ganzoo.errors import PluginError, UnknownName, unknown
from ganzoo.files import safetensors
from ganzoo.jobs.formats.onnx_file import describe_onnx
from ganzoo.jobs.listing import describe_plugin_owner
from ganzoo.jobs.models.find import find_source, is_model_name, resolve_source
from ganzoo.jobs.publishing.manage import (
    describe_card,
    describe_contents,
    describe_recipe,
    describe_versions,
)

_NETWORKS = ("generator", "discriminator")
# Keys of a run's manifest and of a file's metadata that are repeated, beside the recipe.
_RUN_KEYS = (
    "model", "state", "reason", "backend", "seed", "created", "seconds", "ganzoo", "data",
    "parameters", "frozen_networks", "plugins", "plugin_mismatches",
)  # fmt: skip
_FILE_KEYS = (
    "model", "step", "weights", "stored", "image_shape", "classes", "source_shape", "rate",
    "levels", "label_range", "license", "data", "plugins", "plugin_mismatches", "ganzoo",
)  # fmt: skip


def info(name: str) -> dict[str, dict[str, Any]]:
    """Return everything that goes by a name.

    Args:
        name: The name of a model, an architecture or a data set, or whatever `ganzoo sample`
            takes.

    Returns:
        A dictionary with the keys `"model"`, `"run"`, `"weights"`, `"exported"`,
        `"architecture"` and `"dataset"`, of which those that exist; at most one of the first four.

    Raises:
        UnknownName: Nothing has that name.
        PluginError: Several plugins have it, or its entry is broken.
        InvalidInput: The card, run or file of that name is broken.
    """
    known: set[str] = set()
    refused: list[PluginError] = []
    found = {} if is_model_name(name) else describe_source(name)
    for kind, (describe, names) in _FINDERS.items():
        if kind == "model" and found:
            continue
        try:
            found[kind] = describe(name)
        except UnknownName:
            known.update(names())
        except PluginError as error:
            refused.append(error)
    if refused and not found:
        raise refused[0]
    if found:
        return found
    try:
        return describe_source(name)  # a run in `runs`, by the name of its folder
    except UnknownName:
        kinds = "model, run, architecture or data set"
        raise unknown(kinds, name, known, see="ganzoo list") from None


def describe_source(name: str) -> dict[str, dict[str, Any]]:
    """Return the version, run or weights file that `ganzoo sample` would take.

    Args:
        name: A name or path; see `ganzoo.jobs.models.find.resolve_source`.

    Returns:
        A version under `"model"`, a run under `"run"`, a weights file under `"weights"`, an ONNX
        file under `"exported"`.

    Raises:
        UnknownName: There is no such thing.
        InvalidInput: It is broken.
    """
    match resolve_source(name):
        case Version() as version:
            return {"model": _describe_version(version, name)}
        case Path(suffix=".onnx") as file:
            return {"exported": describe_onnx(file)}
        case Path() as file:
            return {"weights": _describe_file(file)}
        case run, best:
            return {"run": _describe_run(run, best=best)}


def _describe_version(version: Version, name: str) -> dict[str, Any]:
    source = str(version.path.parent.parent)
    if remotes.is_address(name):
        source = remotes.parse_address(name).address
    facts = {"version": version.number, "aliases": [], **describe_contents(version)}
    return describe_card(version.card()) | {"source": source, "results": [], "versions": [facts]}


def _describe_run(run: Run, *, best: bool) -> dict[str, Any]:
    manifest, card = run.manifest(), run.card()
    found = {
        **describe_card(card),
        **{key: manifest[key] for key in _RUN_KEYS if key in manifest},
        **summarize_run(run, manifest),
        **describe_recipe(run.recipe()),
        "path": str(run.path),
        "results": [result.tables() for result in card.results],
        "weights": str(run.weights_path) if run.weights_path.is_file() else None,
    }
    if best:
        checkpoint = best_checkpoint(run)
        found["best"] = {**(recorded_best(checkpoint) or {}), "path": str(checkpoint.path)}
    return found


def _describe_file(path: Path) -> dict[str, Any]:
    source = find_source(path)
    parameters: dict[str, int] = {}
    for name, tensor in safetensors.read_header(path).tensors.items():
        network, _, rest = name.partition("/")
        if network in _NETWORKS and not rest.startswith("seeds/"):
            parameters[network] = parameters.get(network, 0) + math.prod(tensor.shape)
    return {
        "path": str(path),
        "bytes": path.stat().st_size,
        **{key: source.about[key] for key in _FILE_KEYS if key in source.about},
        "parameters": parameters,
        **describe_recipe(source.recipe),
    }


def _describe_model(name: str) -> dict[str, Any]:
    entry = lookup.find_entry(name.rpartition("@")[0] if "@" in name else name)
    card = entry.version(name.rpartition("@")[2]).card() if "@" in name else entry.card()
    return describe_card(card) | {
        "source": entry.source,
        "results": [result.tables() for result in card.results] if entry.has_card else [],
        "versions": describe_versions(entry),
    }


def _describe_plugin(kind: str, name: str) -> dict[str, Any]:
    """An architecture or a data set: which distribution brings it, and the options it takes."""
    if not _brings_kind(name.rpartition(":")[0], kind):
        raise unknown(kind, name, ())
    plugin = find_plugin(kind, name)
    signature = plugin_signature(plugin)
    return describe_plugin_owner(name, plugin) | {
        "summary": signature.summary,
        "options": [
            {
                "name": parameter.name,
                "annotation": parameter.annotation,
                "required": parameter.required,
                "default": None if parameter.default is MISSING else parameter.default,
                "filled": is_filled_by_data(kind, parameter.name),
                "description": parameter.description,
            }
            for parameter in signature.parameters.values()
        ],
        "open": signature.open,
    }


def _brings_kind(owner: str, kind: str) -> bool:
    """Return whether a distribution has plugins of that kind, broken or not."""
    found = discover(kind)
    owners = {one.distribution for one in (*found.plugins.values(), *found.problems)}
    return not owner or any(is_same_distribution(owner, one) for one in owners)


_FINDERS: dict[str, tuple[Callable[[str], dict[str, Any]], Callable[[], Iterable[str]]]] = {
    "model": (_describe_model, lookup.models),
    **{
        kind: (
            lambda name, kind=kind: _describe_plugin(kind, name),
            lambda kind=kind: discover(kind).plugins,
        )
        for kind in ("architecture", "dataset")
    },
}
