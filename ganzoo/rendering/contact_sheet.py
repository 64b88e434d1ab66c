"""Contact sheets: samples in rows and columns that have names."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ganzoo.errors import UsageError
from ganzoo.modalities import IMAGES
from ganzoo.rendering.colors import BACKGROUND
from ganzoo.rendering.grid import single_image
from ganzoo.rendering.renderers import render_samples

_CELL = 96  # pixels that small images are enlarged to, at least
_PLOT = 160  # pixels that plots of other samples are reduced to
_GAP, _FONT = 4, 14


def contact_sheet(
    cells: Sequence[Sequence[np.ndarray]],
    rows: Sequence[str],
    columns: Sequence[str],
    behind: np.ndarray | None = None,
) -> Image.Image:
    """Draw samples in a table.

    Args:
        cells: For each row and column a sample: of images uint8 (h, w, c); of others a batch
            (n, ...), drawn as `ganzoo.rendering.render_samples` does.
        rows: A name of each row.
        columns: A name of each column.
        behind: Points (n, d) that are drawn behind those of each cell, in a frame that fits them.

    Raises:
        UsageError: Cells and names are not as many.
    """
    if [len(row) for row in cells] != [len(columns)] * len(rows) or not rows or not columns:
        raise UsageError("A contact sheet has a cell for each name of a row and of a column.")
    images = [[_cell(cell, behind) for cell in row] for row in cells]
    width = max(image.width for row in images for image in row)
    height = max(image.height for row in images for image in row)
    font = ImageFont.load_default(_FONT)
    left = max((round(font.getlength(name)) for name in rows), default=0) + 2 * _GAP
    top = _FONT + 2 * _GAP
    size = left + len(columns) * (width + _GAP), top + len(rows) * (height + _GAP)
    sheet = Image.new("RGB", size, tuple(BACKGROUND))
    draw = ImageDraw.Draw(sheet)
    for j, name in enumerate(columns):
        draw.text((left + j * (width + _GAP) + width / 2, _GAP), name, "#ddd", font, anchor="ma")
    for i, name in enumerate(rows):
        y = top + i * (height + _GAP)
        draw.text((left - _GAP, y + height / 2), name, "#ddd", font, anchor="rm")
        for j, image in enumerate(images[i]):
            sheet.paste(image, (left + j * (width + _GAP), y))
    return sheet


def _cell(sample: np.ndarray, behind: np.ndarray | None) -> Image.Image:
    """One cell, small images enlarged by a whole number."""
    if sample.ndim == IMAGES.rank:
        image = single_image(sample).convert("RGB")
        times = max(1, -(-_CELL // max(image.size)))
        return image.resize((times * image.width, times * image.height), Image.Resampling.NEAREST)
    image = render_samples(sample, behind).convert("RGB")
    image.thumbnail((_PLOT, _PLOT))
    return image
