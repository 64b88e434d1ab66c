"""Provenance of a run: its manifest, its card, and the metadata inside its weights."""

import datetime
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import ganzoo
from ganzoo.backend import select
from ganzoo.catalog.recipe.plugin_locks import lock_plugin
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.run_manifest import write
from ganzoo.catalog.runs import Run
from ganzoo.data.dataset import Dataset
from ganzoo.data.progress import Progress
from ganzoo.errors import InvalidInput
from ganzoo.files import safetensors
from ganzoo.files.checkpoints import Checkpoint
from ganzoo.files.publish import publish_text
from ganzoo.jobs.models import environment
from ganzoo.jobs.models.weights import STATE, frozen_digests
from ganzoo.jobs.training.plan import count_parameters

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

KINDS = ("architecture", "dataset")  # of the plugins that a training uses
FROZEN = "frozen_networks"  # in manifests: digests of weights that are in no checkpoint
MISMATCHES = "plugin_mismatches"  # in manifests and metadata: other plugins, by consent
ITEMS = "data.digests"  # in a run's folder: short digests of what its data set held
_MAX_DIGESTS = 1 << 18  # of 4 bytes: of so many items each has its own
_BLOCK = 1 << 24  # bytes of a data set that are read at once


def run_manifest(
    gan: "GAN",
    recipe: Recipe,
    dataset: Dataset,
    model: str | None,
    argv: Sequence[str],
    devices: int = 1,
) -> dict[str, Any]:
    """Return the manifest of a run that begins."""
    import keras

    described, frozen = dataset.describe(), frozen_digests(gan)
    return {
        "ganzoo": ganzoo.__version__,
        "model": model,
        "backend": keras.backend.backend(),
        **environment.describe_environment(),
        "devices": devices,
        "argv": list(argv),
        "seed": recipe.training.seed,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "recipe_digest": recipe.digest(),
        "data": {k: v for k, v in described.items() if k not in ("dtype", "labels")},
        "plugins": recipe_locks(recipe),
        "parameters": count_parameters(gan),
        **({FROZEN: frozen} if frozen else {}),
        "dispatch": {"steps_per_dispatch": gan.steps_per_dispatch, "xla": bool(gan.jit_compile)},
        "state": "running",
    }


def write_manifest(run: Run, content: dict[str, Any]) -> dict[str, Any]:
    """Replace the run's manifest, and return what it lists now; see `run_manifest.write`."""
    return write(run.path, content)


def item_digests(dataset: Dataset) -> bytes:
    """Return the content of `ITEMS`: the fingerprint in a line, and a digest of each item in order.

    Of large data sets one is of several items together, so that it is never more than a megabyte.
    The data set is read once; whoever listens is told of the progress, see `reporting`.
    """
    together = _items_together(len(dataset))
    size = dataset.images.nbytes // len(dataset)
    rows = together * max(1, _BLOCK // (together * max(1, size)))
    found = [f"{dataset.fingerprint}\n".encode()]
    with Progress(f"{dataset.name}: digests", len(dataset)) as progress:
        for start in range(0, len(dataset), rows):
            images, labels = dataset.batch(np.arange(start, min(start + rows, len(dataset))))
            for first in range(0, len(images), together):
                items = slice(first, first + together)
                digest = hashlib.blake2b(images[items].tobytes(), digest_size=4)
                if labels is not None:
                    digest.update(labels[items].tobytes())
                found.append(digest.digest())
            progress.advance(len(images))
    return b"".join(found)


def first_changed_item(run: Run, before: Mapping[str, Any], dataset: Dataset) -> str:
    """Return a sentence about the first item of other data; nothing if the run does not know it.

    Args:
        run: The run.
        before: What its manifest says about the data.
        dataset: The data now.
    """
    count, path = before.get("count"), run.path / ITEMS
    if (
        not isinstance(count, int)
        or not path.exists()
        or run.undamaged([path], lambda text: None) != [path]
    ):
        return ""
    fingerprint, _, old = path.read_bytes().partition(b"\n")
    new = item_digests(dataset).partition(b"\n")[2]
    together = _items_together(count)
    if fingerprint.decode() != before["fingerprint"] or together != _items_together(len(dataset)):
        return ""
    one, other = (np.frombuffer(part, "<u4") for part in (old, new))
    shared = min(len(one), len(other))
    differing = np.flatnonzero(one[:shared] != other[:shared])
    if not len(differing) and len(one) == len(other):
        return " Every item is as it was; what differs is their names or how they are prepared."
    first = int(differing[0]) if len(differing) else shared
    if together > 1:
        span = f"{first * together:,} to {(first + 1) * together - 1:,}"
        return f" The first item that differs is one of number {span}, counted from 0."
    end = "" if len(differing) else ", which is new" if len(other) > shared else ", which is gone"
    return f" The first item that differs is number {first:,}, counted from 0{end}."


def _items_together(count: int) -> int:
    return -(-count // _MAX_DIGESTS)


def read_manifest(run: Run) -> dict[str, Any]:
    """Return the run's manifest; raise `InvalidInput` if it lacks what resuming needs."""
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


def check_frozen_networks(gan: "GAN", manifest: Mapping[str, Any]) -> None:
    """Raise `InvalidInput` unless frozen networks have the weights that the run began with."""
    before, now = manifest.get(FROZEN, {}), frozen_digests(gan)
    for name in sorted(name for name in before if now.get(name) != before[name]):
        raise InvalidInput(
            f"The frozen network {name!r} is not what the run began with. "
            f"Expected: SHA-256 {before[name]}. Received: {now.get(name, 'no such network')}.",
            hint="Install the version of its package that the run's manifest names, "
            "or begin a new run.",
        )


def checkpoint_recipe(checkpoint: Checkpoint) -> Recipe:
    """Return the recipe with which a checkpoint was trained, without the path of the data."""
    found = safetensors.metadata(checkpoint.read(STATE)).get("recipe", {})
    where = f"the recipe in {checkpoint.path}"
    return Recipe.from_tables(found, where=where, error=InvalidInput)


def run_name(recipe: Recipe, model: str | None) -> str:
    """Return the name of a run: that of its model, or of its architecture and data set."""
    name = model or f"{recipe.architecture.name}-{recipe.dataset.name.rpartition(':')[2]}"
    return re.sub(r"[^a-z0-9._-]", "-", name.rpartition(":")[2].lower())[:64].rstrip(".")


def recipe_locks(recipe: Recipe) -> dict[str, dict[str, str]]:
    """Return the locks of a recipe's plugins, by kind."""
    return {kind: lock_plugin(kind, getattr(recipe, kind).name) for kind in KINDS}


def record_plugins(
    run: Run, manifest: dict[str, Any], recipe: Recipe, sentences: Sequence[str]
) -> None:
    """Record that a run goes on with other plugins than before.

    Args:
        run: The run, whose card is rewritten.
        manifest: Its manifest, which is changed here and written by the caller.
        recipe: The recipe that is trained.
        sentences: A sentence for each plugin.
    """
    manifest["plugins"] = recipe_locks(recipe)
    manifest[MISMATCHES] = [*manifest.get(MISMATCHES, []), *sentences]
    tables = run.card().tables()
    tables |= {key: manifest[key] for key in ("plugins", MISMATCHES)}
    publish_text(run.card_path, Card.from_tables(tables).toml(), overwrite=True)


def data_metadata(dataset: Dataset) -> dict[str, Any]:
    """Return the metadata about the data that a model needs to be rebuilt."""
    described = dataset.describe()
    keys = ("image_shape", "classes", "source_shape", "rate", "levels", "label_range")
    return {key: described[key] for key in keys if key in described}


def generator_metadata(gan: "GAN") -> dict[str, Any]:
    """Return the metadata about the labels that a generator takes.

    The shape of one: `[]` for a class, `[k]` for attributes, that of an image, or `None`.
    """
    shape = gan.sampler.label_shape
    return {"generator_labels": None if shape is None else list(shape)}


def weights_metadata(gan: "GAN", recipe: Recipe, dataset: Dataset, run: Run) -> dict[str, Any]:
    """Return the metadata of a weights file: enough to rebuild the model, and its origin.

    Nothing in it depends on the time or the machine: the same weights give the same file.
    """
    known = run.manifest()
    license = run.card().license
    tables = recipe.tables()
    tables["dataset"].pop("data", None)  # a path of the trainer's machine
    return {
        "schema": 1,
        "model": known["model"],
        "recipe": tables,
        **data_metadata(dataset),
        **generator_metadata(gan),
        "license": {"data": license.data, "weights": license.weights},
        "data": {"name": dataset.name, "fingerprint": dataset.fingerprint},
        "plugins": known["plugins"],
        **{key: known[key] for key in (MISMATCHES, "start") if key in known},
        "ganzoo": known["ganzoo"],
    }
