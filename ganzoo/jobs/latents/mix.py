"""Grids of mixtures: styles of two samples, or what lies between them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo import rendering
from ganzoo.errors import UsageError
from ganzoo.files.publish import publish
from ganzoo.jobs.latents.starting_points import require_images, sheet_cells, start_points
from ganzoo.jobs.models import load
from ganzoo.jobs.models.find import find_source
from ganzoo.jobs.models.output_paths import output_file
from ganzoo.jobs.sample_labels import sample_labels
from ganzoo.rendering.contact_sheet import contact_sheet

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN


# long: its arguments are those of `ganzoo mix`
def mix(
    source: str | os.PathLike | int,
    *,
    rows: Sequence[int] = (0, 1, 2, 3),
    columns: Sequence[int] = (4, 5, 6, 7),
    layers: Sequence[int] | None = None,
    share: float | None = None,
    labels: Sequence[int | str] | None = None,
    truncation: float | None = None,
    raw: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
) -> Path:
    """Draw a grid: each sample of a row mixed with each of a column.

    Args:
        source: A model's name, a weights file, a run's folder or its number.
        rows: Seeds of which sample 0 begins a row, and gives its labels and noise.
        columns: Seeds of which sample 0 heads a column.
        layers: Layers of a style-based model that take the styles of the columns; by default the
            second half, which draws what is fine.
        share: Draw what lies between the two instead, so far on the way from row to column. The
            only mixture of models without styles, where it is 0.5 by default.
        labels: Classes, attributes or numbers of a conditional model; by default the first.
        truncation: See `ganzoo.jobs.models.sample.sample`.
        raw: Use the generator's own weights instead of their average.
        out: The image; by default a .png that is free in the current folder.
        overwrite: Replace a file that is there.
        backend: `"jax"`, `"torch"` or `"tensorflow"`.
        allow_plugin_mismatch: Accept another architecture; see `ganzoo.load`.

    Returns:
        The file.

    Raises:
        UsageError: The model draws no images from latents, or an argument is not usable.
    """
    found = find_source(source, raw=raw)
    require_images(found, "Mixtures")
    if layers is not None and share is not None:
        raise UsageError("Styles are mixed by layers, or samples by a share. Received: both.")
    if not (len(rows) and len(columns)):
        raise UsageError("A grid has at least a row and a column.")
    out = output_file(found, out, "mixtures", rendering.STILL_FORMATS, overwrite=overwrite)
    given = sample_labels(labels, found, len(rows) + len(columns), one=labels is None)
    gan = load.load_source(
        found, raw=raw, backend=backend, allow_plugin_mismatch=allow_plugin_mismatch
    )
    from ganzoo.gan.latents.spaces import LatentSpace

    styled = gan.style_networks is not None and share is None
    space = LatentSpace(gan, None if styled else "z")
    points, start = start_points(gan, space, [*rows, *columns], None, given, truncation)
    first, last = points[: len(rows)], points[len(rows) :]
    mixtures = _mixtures(gan, first, last, styled, layers, share)
    alone = sheet_cells(found, space, points[:, None], start, truncation)[:, 0]
    own = start._replace(
        latents=start.latents[: len(rows)],
        labels=None if start.labels is None else start.labels[: len(rows)],
    )
    grid = sheet_cells(found, space, mixtures, own, truncation)
    cells = [[np.zeros_like(alone[0]), *alone[len(rows) :]]]
    cells += [[one, *row] for one, row in zip(alone, grid, strict=False)]
    sheet = contact_sheet(cells, ["", *map(str, rows)], ["", *map(str, columns)])
    publish(out, rendering.encode_still(sheet, out.suffix.lower()), overwrite=overwrite)
    return out


def _mixtures(
    gan: "GAN", rows: np.ndarray, columns: np.ndarray, styled: bool,
    layers: Sequence[int] | None, share: float | None,
) -> np.ndarray:  # fmt: skip
    from ganzoo.gan import random
    from ganzoo.gan.latents.edits import check_layers, mixed

    if styled:
        count = rows.shape[1]
        return mixed(rows, columns, layers=range(count // 2, count) if layers is None else layers)
    if layers is not None:
        check_layers(layers, rows)
    share = 0.5 if share is None else share
    return mixed(rows, columns, share=share, arc=gan.prior is random.normal)
