"""Directions in a model's latents, in a file, and what they change on a contact sheet."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo import rendering
from ganzoo.catalog.registry.contents import DIRECTIONS
from ganzoo.catalog.runs import RECIPE_NAME
from ganzoo.data.progress import Listener, reporting
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files import safetensors
from ganzoo.files.publish import publish, publish_folder
from ganzoo.files.text import quote
from ganzoo.jobs.evaluation.features import default_features, load_extractor
from ganzoo.jobs.latents.latent_files import check_digest, read_arrays, weights_digest
from ganzoo.jobs.latents.starting_points import (
    are_points,
    read_start,
    refuse_translation,
    sheet_cells,
    sheet_clouds,
    start_points,
)
from ganzoo.jobs.models import load
from ganzoo.jobs.models.find import Source, find_source
from ganzoo.jobs.models.output_paths import output_folder
from ganzoo.jobs.sample_labels import sample_labels
from ganzoo.metrics.extractor import Extractor
from ganzoo.modalities import IMAGES
from ganzoo.rendering.contact_sheet import contact_sheet

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN
    from ganzoo.gan.latents.principal_directions import Directions

SHEET = "directions.png"
METHODS = ("sefa", "pca", "classes")
AMOUNTS = (-3.0, -1.5, 0.0, 1.5, 3.0)  # standard deviations
_COLUMN_NAMES = [f"{amount:+g}" for amount in AMOUNTS]


# long: its arguments are those of `ganzoo directions`
def directions(
    source: str | os.PathLike | int,
    *,
    count: int = 8,
    method: str | None = None,
    space: str | None = None,
    features: str | None = None,
    seeds: Sequence[int] = (0, 1),
    labels: Sequence[int | str] | None = None,
    raw: bool = False,
    out: Path | None = None,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
    events: Listener | None = None,
) -> dict[str, Any]:
    """Find directions in the latents of a model; write them, and samples moved along them.

    Args:
        source: A model's name, a weights file, a run's folder or its number.
        count: The most directions.
        method: "sefa", "pca" or "classes"; see
            `ganzoo.gan.latents.principal_directions.find_directions`.
        space: "z" or "w"; by default w where there is one.
        features: Features whose distances say what changes; by default those of the data set, or
            pixels where it has none. Classes are those of their classifier.
        seeds: Seeds of the samples on the contact sheet.
        labels: Their labels, of a conditional model; by default the first class.
        raw: Use the generator's own weights instead of their average.
        out: The new folder. By default the run's own, where the files replace those of before; of
            other models, of a run's best checkpoint and with `raw` a name that is free in the
            current folder.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.
        allow_plugin_mismatch: Accept another architecture; see `ganzoo.load`.
        events: Called with progress events.

    Returns:
        The folder, method, space, features, the unit, and each direction's name and effect.

    Raises:
        UsageError: The model draws nothing from latents, or an argument is not usable.
    """
    if method not in (None, *METHODS):
        raise UsageError(f"method must be one of {', '.join(METHODS)}. Received: {method!r}.")
    found = find_source(source, raw=raw)
    refuse_translation(found)
    run = found.where.parent
    # what lies in a run is of its newest weights; a file, a version or `@best` is not the run
    is_run = found.title is None and not os.path.isfile(str(source))
    in_run = out is None and not raw and is_run and (run / RECIPE_NAME).is_file()
    out = run if in_run else output_folder(found, out, "directions")
    given = read_start(found, seeds, None, labels)
    gan = load.load_source(
        found, raw=raw, backend=backend, allow_plugin_mismatch=allow_plugin_mismatch
    )
    with reporting(events):
        extractor = known_features(found, features, required=method == "classes")
        result = find(gan, found, extractor, count=count, method=method, space=space)
    content = _dump(result, gan, found, extractor)
    sheet = rendering.encode_png(_sheet(gan, found, result, seeds, given))

    def write(folder: Path) -> None:
        publish(folder / DIRECTIONS, content, overwrite=True)
        publish(folder / SHEET, sheet, overwrite=True)

    write(out) if in_run else publish_folder(out, write)
    return {"folder": str(out), **_about(result, extractor)}


def find(
    gan: "GAN",
    found: Source,
    extractor: Extractor | None,
    *,
    count: int = 8,
    method: str | None = None,
    space: str | None = None,
) -> "Directions":
    """Return the directions of a GAN, by effects in features if there are some."""
    from ganzoo.gan.latents.principal_directions import find_directions

    low, high = gan.value_range

    def pixels(samples: np.ndarray) -> np.ndarray:
        return np.rint((samples - low) * (255.0 / (high - low))).clip(0, 255).astype("uint8")

    options: dict[str, Any] = {}
    if extractor is not None:
        extract = extractor.extract
        options["describe"] = lambda samples: extract(pixels(samples))[0]
        if extractor.classes:
            options["classify"] = lambda samples: extract(pixels(samples))[1]
            options["classes"] = extractor.classes
    labels = sample_labels(None, found, max(len(found.classes), 1), one=False)
    return find_directions(gan, count=count, method=method, space=space, labels=labels, **options)


def read_directions(path: Path, gan: "GAN") -> "Directions":
    """Read directions that `directions` wrote.

    Raises:
        InvalidInput: The file holds something else.
        UsageError: They are of another model.
    """
    from ganzoo.gan.latents.principal_directions import Directions
    from ganzoo.gan.latents.spaces import LatentSpace

    arrays, about = read_arrays(path, "directions")
    vectors = arrays["directions"]
    unit = about.get("unit")
    lists = [one for key in ("names", "effects") if isinstance(one := about.get(key), list)]
    valid = vectors.ndim == 2 and [len(one) for one in lists] == [len(vectors)] * 2
    valid = valid and all(isinstance(one, int | float) for one in lists[1])
    if not valid or not isinstance(unit, float) or about.get("space") not in ("z", "w"):
        raise InvalidInput(f"{quote(path)} does not say what its directions are.")
    shape = LatentSpace(gan, about["space"]).shape
    if vectors.shape[1] != np.prod(shape):
        raise UsageError(
            f"{quote(path)} does not fit this model: directions of {vectors.shape[1]} numbers. "
            f"Expected: {int(np.prod(shape))}."
        )
    check_digest(about, gan, path)
    names, effects = lists[0], np.array(lists[1], "float64")
    return Directions(
        about["space"], str(about.get("method")), vectors.astype("float64"), effects, unit,
        tuple(map(str, names)),
    )  # fmt: skip


def known_features(found: Source, features: str | None, *, required: bool) -> Extractor | None:
    """Return the features that say what changes in images; None where the data set has none."""
    if len(found.image_shape) == IMAGES.rank:
        name = found.recipe.dataset.name
        own = default_features(name)
        if features or own in (name, name.rpartition(":")[2]):
            extractor = load_extractor(features or own)
            extractor.check(found.image_shape)
            if not required or extractor.classes:
                return extractor
    if required or features:
        raise UsageError(
            "Directions toward classes need features with a classifier. Received: "
            f"{features or 'a data set without'}.",
            hint="Name one: --features NAME. `ganzoo plugins` lists them.",
        )
    return None


def _about(result: "Directions", extractor: Extractor | None) -> dict[str, Any]:
    return {
        "method": result.method,
        "space": result.space,
        "features": None if extractor is None else extractor.name,
        "unit": result.unit,
        "directions": [
            {"name": name, "effect": float(f"{effect:.4g}")}
            for name, effect in zip(result.names, result.effects, strict=True)
        ],
    }


def _dump(result: "Directions", gan: "GAN", found: Source, extractor: Extractor | None) -> bytes:
    about = {
        "space": result.space, "method": result.method, "names": list(result.names),
        "unit": result.unit, "effects": result.effects.tolist(),
        "features": None if extractor is None else extractor.name,
        "model": found.about.get("model"), "weights_digest": weights_digest(gan),
    }  # fmt: skip
    arrays = {"directions": result.vectors.astype("float32")}
    return safetensors.dump(arrays, {"directions": about})


def _sheet(gan: "GAN", found: Source, result: "Directions", seeds: Sequence[int], given: Any):
    """A row for each direction and seed, moved from left to right."""
    from ganzoo.gan.latents.edits import moved
    from ganzoo.gan.latents.spaces import LatentSpace

    space = LatentSpace(gan, result.space)
    if are_points(found):
        clouds = sheet_clouds(gan, space, result.vectors, result.unit * np.array(AMOUNTS))
        still = clouds[0, AMOUNTS.index(0.0)]
        return contact_sheet(list(clouds), list(result.names), _COLUMN_NAMES, still)
    points, start = start_points(gan, space, seeds, None, given, None)
    cells, names = [], []
    for name, vector in zip(result.names, result.vectors, strict=True):
        steps = moved(points, result.unit * vector, AMOUNTS)
        cells += list(sheet_cells(found, space, steps, start))
        names += [name, *[""] * (len(points) - 1)]
    return contact_sheet(cells, names, _COLUMN_NAMES)
