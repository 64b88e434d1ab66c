"""Images of any shape brought to one: cropped, with borders, or stretched."""

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from ganzoo.data.decoding.upright import Box, UprightImage

_STEP, _LONGEST = 16, 128  # pixels: of the shape that is proposed
_STRIP = 1 << 18  # pixels of an image that are converted and scaled at once
_PREMULTIPLIED = {"LA": "La", "RGBA": "RGBa"}  # in which Pillow scales transparent images


def fit_image(
    image: Image.Image | UprightImage,
    shape: tuple[int, int],
    fit: str,
    border: str | float,
    *,
    box: Box | None = None,
) -> Image.Image:
    """Bring an image of any shape to another by Pillow's antialiased Lanczos filter.

    Args:
        image: The image.
        shape: Height and width in pixels.
        fit: `"crop"`: the largest centered part of the right proportions; `"pad"`: the whole image
            with borders; `"stretch"`: the whole image, its proportions changed.
        border: Color of the borders, as Pillow has it. Where there is transparency, they are
            transparent.
        box: The part of the image that counts; by default all of it.
    """
    height, width = shape
    box = box or (0, 0, *image.size)
    across, down = box[2] - box[0], box[3] - box[1]
    if fit == "pad":
        scale = min(width / across, height / down)
        inner = _resize(image, box, max(1, round(across * scale)), max(1, round(down * scale)))
        color = 0 if inner.mode in _PREMULTIPLIED else border
        sheet = Image.new(inner.mode, (width, height), color)
        sheet.paste(inner, ((width - inner.width) // 2, (height - inner.height) // 2))
        return sheet
    if fit == "crop":
        left, top, right, bottom = centered_box((across, down), shape)
        box = (box[0] + left, box[1] + top, box[0] + right, box[1] + bottom)
    return _resize(image, box, width, height)


def image_array(image: Image.Image | UprightImage, box: Box | None = None) -> np.ndarray:
    """Return an image, or a part of it, as an array (height, width[, channels])."""
    box = box or (0, 0, *image.size)
    found: np.ndarray | None = None
    for top, strip in _pieces(image, box):
        rows = np.asarray(strip)
        if found is None:
            found = np.empty((box[3] - box[1], *rows.shape[1:]), rows.dtype)
        found[top : top + len(rows)] = rows
    assert found is not None
    return found


def fit_array(array: np.ndarray, shape: tuple[int, int], fit: str) -> np.ndarray:
    """Bring an image of any type and number of channels to a shape; see `fit_image`.

    Channels are scaled one by one as floats, and stay in the range of the image. Borders are 0,
    or what is nearest to it in that range.

    Args:
        array: (height, width, channels).
        shape: Height and width in pixels.
        fit: As in `fit_image`.
    """
    if array.shape[:2] == shape:
        return array
    low, high = array.min(), array.max()
    border = float(min(high, max(low, 0)) - low) if fit == "pad" else 0.0
    rest = (array.astype(np.float64) - low).astype(np.float32)  # large numbers are exact, too
    channels = (Image.fromarray(rest[..., i]) for i in range(array.shape[2]))
    found = np.stack(
        [np.asarray(fit_image(one, shape, fit, border)) for one in channels], axis=-1
    ).astype(np.float64)
    found = (found + low).clip(low, high)
    return (found if array.dtype.kind == "f" else np.rint(found)).astype(array.dtype)


def centered_box(size: tuple[int, int], shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the largest centered part of the right proportions, (left, top, right, bottom).

    Args:
        size: Width and height of the image, as Pillow has it.
        shape: Height and width to which the part is scaled.
    """
    scale = min(size[0] / shape[1], size[1] / shape[0])
    across, down = max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))
    left, top = (size[0] - across) // 2, (size[1] - down) // 2
    return left, top, left + across, top + down


def _pieces(image: Image.Image | UprightImage, box: Box) -> Iterator[tuple[int, Image.Image]]:
    """Yield a part of an image from top to bottom, each piece after its first row there."""
    left, top, right, bottom = box
    rows = max(1, _STRIP // (right - left))
    for row in range(top, bottom, rows):
        yield row - top, image.crop((left, row, right, min(row + rows, bottom)))


def _resize(image: Image.Image | UprightImage, box: Box, width: int, height: int) -> Image.Image:
    """Scale a part of an image: all rows, then all columns.

    Pillow does either first, as is faster, from version 13 on, which rounds otherwise.
    """
    down = box[3] - box[1]
    if (box[2] - box[0], down) == (width, height):
        return image.crop(box)
    narrow, mode = None, ""
    for top, strip in _pieces(image, box):
        mode = strip.mode
        premultiplied = strip.convert(_PREMULTIPLIED[mode]) if mode in _PREMULTIPLIED else strip
        piece = premultiplied.resize((width, strip.height), Image.Resampling.LANCZOS)
        narrow = Image.new(piece.mode, (width, down)) if narrow is None else narrow
        narrow.paste(piece, (0, top))
    assert narrow is not None
    scaled = narrow.resize((width, height), Image.Resampling.LANCZOS)
    return scaled if scaled.mode == mode else scaled.convert(mode)


def propose_shape(shapes: Sequence[tuple[int, ...]]) -> int | list[int]:
    """Return the option `size` for images of several shapes (height, width, ...).

    That is the most frequent shape, or the median where none is frequent, at most 128 pixels
    a side and in steps of 16, which most networks take.
    """
    shape, count = Counter(shape[:2] for shape in shapes).most_common(1)[0]
    if 2 * count <= len(shapes):
        shape = (statistics.median(s[0] for s in shapes), statistics.median(s[1] for s in shapes))
    scale = min(1, _LONGEST / max(shape))
    height, width = (max(_STEP, round(edge * scale / _STEP) * _STEP) for edge in shape)
    return height if height == width else [height, width]
