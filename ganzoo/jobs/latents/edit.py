"""Samples moved along directions, as a contact sheet or as latents."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo import rendering
from ganzoo.data.progress import Listener, reporting
from ganzoo.errors import UsageError, unknown
from ganzoo.files.publish import publish
from ganzoo.jobs.latents.directions import find, known_features, read_directions
from ganzoo.jobs.latents.latent_files import (
    SavedLatents,
    dump_latents,
    saved_directions,
    weights_digest,
)
from ganzoo.jobs.latents.starting_points import (
    cloud_behind,
    read_start,
    refuse_translation,
    sheet_cells,
    start_points,
)
from ganzoo.jobs.models import load
from ganzoo.jobs.models.find import Source, find_source
from ganzoo.jobs.models.output_paths import output_file
from ganzoo.rendering.contact_sheet import contact_sheet

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN
    from ganzoo.gan.latents.principal_directions import Directions


# long: its arguments are those of `ganzoo edit`
def edit(
    source: str | os.PathLike | int,
    *,
    along: Sequence[str] = ("0",),
    amounts: Sequence[float] = (-3.0, -1.5, 0.0, 1.5, 3.0),
    directions: Path | None = None,
    seeds: Sequence[int] = (0, 1, 2, 3),
    latents: Path | None = None,
    labels: Sequence[int | str] | None = None,
    layers: Sequence[int] | None = None,
    truncation: float | None = None,
    raw: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
    events: Listener | None = None,
) -> Path:
    """Move samples along directions.

    Args:
        source: A model's name, a weights file, a run's folder or its number.
        along: Names of directions or their numbers, or classes that the data set's features know.
        amounts: How far, in standard deviations.
        directions: A file that `ganzoo directions` wrote. By default the one in the run or the
            version, if it is of these weights; otherwise, and for a class that has no direction
            there, directions are found again.
        seeds: Seeds of which sample 0 is moved.
        latents: A file of latents instead.
        labels: Classes, attributes or numbers of a conditional model; by default the first.
        layers: Layers of a style-based model that are moved; None: all.
        truncation: See `ganzoo.jobs.models.sample.sample`.
        raw: Use the generator's own weights instead of their average.
        out: An image, by default a .png that is free here: a row for each sample and direction.
            A .safetensors file takes the latents of all, for `ganzoo sample --latents`.
        overwrite: Replace a file that is there.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.
        allow_plugin_mismatch: Accept another architecture; see `ganzoo.load`.
        events: Called with progress events.

    Returns:
        The file.

    Raises:
        UsageError: The model draws nothing from latents, or an argument is not usable.
    """
    found = find_source(source, raw=raw)
    refuse_translation(found)
    endings = (*rendering.STILL_FORMATS, ".safetensors")
    out = output_file(found, out, "edits", endings, overwrite=overwrite)
    given = read_start(found, seeds, latents, labels)
    gan = load.load_source(
        found, raw=raw, backend=backend, allow_plugin_mismatch=allow_plugin_mismatch
    )
    from ganzoo.gan.latents.edits import moved
    from ganzoo.gan.latents.spaces import LatentSpace

    with reporting(events):
        known = _read_or_find(gan, found, directions, along)
    space = LatentSpace(gan, known.space)
    as_latents = out.suffix.lower() == ".safetensors"
    if as_latents and truncation is not None and gan.sampler.psi is not None and known.space == "z":
        raise UsageError(
            "A file of latents in z holds no truncation of styles. "
            f"Received: truncation={truncation:g}, directions in z.",
            hint="Take directions in w, whose styles are truncated already; or leave it out.",
        )
    points, start = start_points(gan, space, seeds, latents, given, truncation)
    chosen = [_index(name, known) for name in along]
    steps = [moved(points, known.unit * known.vectors[i], amounts, layers) for i in chosen]
    titles = [f"{start.names[n]}, {known.names[i]}" for i in chosen for n in range(len(points))]
    if as_latents:
        content = dump_latents(
            _all_latents(steps, start, space.mapping is not None, titles, amounts), gan
        )
    else:
        cells = [row for one in steps for row in sheet_cells(found, space, one, start, truncation)]
        columns = [f"{amount:+g}" for amount in amounts]
        sheet = contact_sheet(cells, titles, columns, cloud_behind(gan, found, start.labels))
        content = rendering.encode_still(sheet, out.suffix.lower())
    publish(out, content, overwrite=overwrite)
    return out


def _read_or_find(
    gan: "GAN", found: Source, given: Path | None, along: Sequence[str]
) -> "Directions":
    """Directions of a given file; or the saved ones, unless a class is named that is not there."""
    path = given or saved_directions(found.where.parent, weights_digest(gan))
    known = None if path is None else read_directions(path, gan)
    names = () if known is None else known.names
    missing = [name for name in along if name not in names and not name.isdecimal()]
    if known is not None and (given is not None or not missing):
        return known
    extractor = known_features(found, None, required=False)
    classes = () if extractor is None else extractor.classes
    if any(name in classes for name in missing):
        return find(gan, found, extractor, count=len(classes), method="classes")
    return find(gan, found, extractor) if known is None else known


def _index(name: str, known: "Directions") -> int:
    if name in known.names:
        return known.names.index(name)
    if name.isdecimal() and int(name) < len(known.names):
        return int(name)
    raise unknown("direction", name, known.names)


def _all_latents(
    steps: Sequence[np.ndarray], start: SavedLatents, styled: bool, titles: Sequence[str],
    amounts: Sequence[float],
) -> SavedLatents:  # fmt: skip
    """Latents of all edits, row by row."""
    points = np.concatenate([one.reshape(-1, *one.shape[2:]) for one in steps])

    def repeated(array: Any) -> Any:
        if array is None:
            return None
        each = np.repeat(array, len(amounts), axis=0)
        return np.concatenate([each] * len(steps))

    names = tuple(f"{title} {amount:+g}" for title in titles for amount in amounts)
    if styled:
        return SavedLatents(repeated(start.latents), repeated(start.labels), points, names)
    return SavedLatents(points, repeated(start.labels), None, names)
