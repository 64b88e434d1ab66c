"""The latents of given images, in a folder: beside what the generator makes of them."""

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo import rendering
from ganzoo.catalog.plugins import discovery
from ganzoo.data.progress import Listener, Progress, reporting
from ganzoo.data.source_images import read_named_images
from ganzoo.files.publish import publish, publish_folder
from ganzoo.jobs.evaluation.features import default_features, load_extractor
from ganzoo.jobs.latents.latent_files import LATENTS, SavedLatents, dump_latents
from ganzoo.jobs.latents.starting_points import require_images
from ganzoo.jobs.models import load
from ganzoo.jobs.models.find import Source, find_source
from ganzoo.jobs.models.output_paths import output_folder
from ganzoo.jobs.sample_labels import sample_labels
from ganzoo.rendering.grid import side_by_side

if TYPE_CHECKING:
    from ganzoo.gan.latents.image_projection import Features

SIDE_BY_SIDE, ERRORS = "side-by-side.png", "errors.csv"


# long: its arguments are those of `ganzoo project`
def project(
    source: str | os.PathLike | int,
    images: str | os.PathLike,
    *,
    n: int = 64,
    space: str | None = None,
    steps: int = 400,
    starts: int = 16,
    seed: int = 0,
    labels: list[int | str] | None = None,
    feature_weight: float = 0.1,
    raw: bool = False,
    out: Path | None = None,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
    events: Listener | None = None,
) -> dict[str, Any]:
    """Search the latents of images; write them beside the samples that are nearest.

    Args:
        source: A model's name, a weights file, a run's folder or its number.
        images: A folder, a zip archive or one image; cropped to the model's size.
        n: The most images, the first by name.
        space: "z", "w" or "w+"; see `ganzoo.gan.latents.image_projection.project`.
        steps: Steps of gradient descent.
        starts: Random latents at which each search starts.
        seed: Their seed.
        labels: Classes, attributes or numbers of the images, of a conditional model; repeated as
            often as needed. By default the first class.
        feature_weight: Weight of the distance in the features of the data set, if it has some;
            that of pixels is 1.
        raw: Use the generator's own weights instead of their average.
        out: The new folder; by default a name that is free in the current one.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.
        allow_plugin_mismatch: Accept another architecture; see `ganzoo.load`.
        events: Called with progress events.

    Returns:
        The folder, the space, the features, and each image's name and error, a share of the
        variance of samples.

    Raises:
        UsageError: The model draws no images from latents, or an argument is not usable.
    """
    found = find_source(source, raw=raw)
    require_images(found, "Projections")
    out = output_folder(found, out, "projections")
    names, given = read_named_images(images, found.image_shape, n)
    rows = sample_labels(labels, found, len(given), one=labels is None)
    gan = load.load_source(
        found, raw=raw, backend=backend, allow_plugin_mismatch=allow_plugin_mismatch
    )
    known, features = dataset_features(found) if feature_weight else (None, None)
    with reporting(events), Progress("projection", len(given) * steps, "steps") as progress:
        done = gan.project(
            given, labels=rows, space=space, steps=steps, starts=starts, seed=seed,
            features=features, feature_weight=feature_weight, advance=progress.advance,
        )  # fmt: skip
    saved = SavedLatents(done.latents, rows, done.styles, tuple(names))
    latents = dump_latents(saved, gan, model=found.about.get("model"), errors=done.errors.tolist())
    shown = done.images if found.levels is None else found.levels.to_pixels(done.images)

    def write(folder: Path) -> None:
        publish(folder / LATENTS, latents)
        publish(folder / SIDE_BY_SIDE, rendering.encode_png(side_by_side(given, shown)))
        publish(folder / ERRORS, _table(names, done.errors))

    publish_folder(out, write)
    return {
        "folder": str(out),
        "space": space or ("z" if done.styles is None else "w"),
        "features": known,
        "images": [
            {"name": name, "error": float(f"{error:.4g}")}
            for name, error in zip(names, done.errors, strict=True)
        ],
    }


def dataset_features(found: Source) -> "tuple[str | None, Features | None]":
    """Return name and differentiable function of the features of a model's data set.

    None for data sets that have none of their own.
    """
    name = default_features(found.recipe.dataset.name)
    if name not in (found.recipe.dataset.name, found.recipe.dataset.name.rpartition(":")[2]):
        return None, None
    extractor = load_extractor(discovery.find_plugin("features", name).name)
    fits = extractor.size in (None, found.image_shape[:2])
    fits = fits and extractor.channels == found.image_shape[-1]
    return (name, extractor.tensors) if fits and extractor.tensors is not None else (None, None)


def _table(names: list[str], errors: np.ndarray) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["image", "error"])
    rows.writerows((name, f"{error:.6g}") for name, error in zip(names, errors, strict=True))
    return text.getvalue().encode("utf-8")
