"""The training images that are nearest to samples, beside them: for eyes that look for copies."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo import rendering
from ganzoo.catalog.plugins import discovery
from ganzoo.data.progress import Listener, reporting
from ganzoo.errors import UsageError
from ganzoo.files.publish import publish
from ganzoo.jobs.evaluation.evaluate import real_part
from ganzoo.jobs.evaluation.features import default_features, load_extractor, real_features
from ganzoo.jobs.latents.starting_points import require_images
from ganzoo.jobs.models import load
from ganzoo.jobs.models.find import find_source
from ganzoo.jobs.models.open_dataset import open_dataset
from ganzoo.jobs.models.output_paths import output_file
from ganzoo.jobs.sample_labels import sample_labels
from ganzoo.metrics.distances import nearest_rows
from ganzoo.rendering.grid import image_grid


# long: its arguments are those of `ganzoo nearest`
def nearest(
    source: str | os.PathLike | int,
    *,
    n: int = 8,
    seed: int = 0,
    neighbors: int = 5,
    features: str | None = None,
    data: str | None = None,
    truncation: float | None = None,
    out: Path | None = None,
    overwrite: bool = False,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
    events: Listener | None = None,
) -> dict[str, Any]:
    """Draw samples, each followed by the training images nearest to it.

    Args:
        source: A model's name, a run or a weights file.
        n: Number of samples, those of `ganzoo sample`; a row each.
        seed: Their seed.
        neighbors: Training images in each row, the nearest first.
        features: Name of the features in which distances are measured; by default the data set's
            own, or `photo`.
        data: Path of the training data on this machine, if its recipe does not say.
        truncation: See `ganzoo.jobs.models.sample.sample`.
        out: The image to write; by default a name that is free in the current folder.
        overwrite: Replace a file that is there.
        backend: "jax", "torch" or "tensorflow".
        allow_plugin_mismatch: Accept another architecture; see `ganzoo.load`.
        events: Called with progress events.

    Returns:
        The file, the features, and for each sample the indices of its neighbors in the data set
        and their distances.

    Raises:
        UsageError: The model draws no images from latents, or an argument is not usable.
    """
    source = str(source) if isinstance(source, int) else source
    found = find_source(source)
    require_images(found, "Neighbors")
    out = output_file(found, out, "nearest", rendering.STILL_FORMATS, overwrite=overwrite)
    if features is not None:
        discovery.find_plugin("features", features)
    part = real_part(source, found, None, data)
    labels = sample_labels(None, found, n, one=False)
    gan = load.load_source(found, backend=backend, allow_plugin_mismatch=allow_plugin_mismatch)
    with reporting(events):
        dataset = open_dataset(part)
        if dataset.image_shape != found.image_shape or len(dataset) < neighbors:
            raise UsageError(
                f"The data set must hold at least {neighbors} images of {found.image_shape}. "
                f"Received: {len(dataset)} of {dataset.image_shape}."
            )
        extractor = load_extractor(features or default_features(part.name))
        real = real_features(dataset, extractor)
    latents = gan.sampler.sample_latents(n, seed, truncation)
    samples = gan.sampler.generate_images(latents, labels, truncation=truncation)
    shown, trained = samples, dataset.images
    pixels = found.levels.to_pixels if found.levels is not None else np.asarray
    closest = nearest_rows(extractor.extract(pixels(shown))[0], real, neighbors)
    rows = [
        np.concatenate([pixels(shown[i : i + 1]), pixels(trained[closest.indices[i]])])
        for i in range(n)
    ]
    grid = image_grid(np.concatenate(rows), columns=1 + neighbors)
    publish(out, rendering.encode_still(grid, out.suffix.lower()), overwrite=overwrite)
    return {
        "file": str(out),
        "features": extractor.name,
        "nearest": [
            {"indices": indices.tolist(), "distances": np.round(distances, 4).tolist()}
            for indices, distances in zip(*closest, strict=True)
        ],
    }
