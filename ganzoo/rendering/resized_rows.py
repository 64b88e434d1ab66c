"""Resizing of an image that comes row by row, by Pillow's Lanczos filter."""

import math
from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image

_RADIUS = 3  # of the filter
_ROWS = 64  # that are made at once


def resize_rows(
    bands: Iterable[np.ndarray], size: tuple[int, int], new_size: tuple[int, int]
) -> Iterator[np.ndarray]:
    """Yield the rows of an image of another size; they are those of the whole image resized.

    Args:
        bands: (rows, width, channels) from the top down, uint8 or uint16.
        size: Height and width of what the bands make.
        new_size: Height and width of what is yielded.
    """
    (height, width), (new_height, _) = size, new_size
    factor = height / new_height
    margin = _RADIUS * max(factor, 1.0) + 2
    held, top, made = np.empty((0, width, 1)), 0, 0
    bands = iter(bands)
    while made < new_height:
        stop = min(made + _ROWS, new_height)
        first = max(int(made * factor - margin), 0)
        last = min(math.ceil(stop * factor + margin), height)
        while top + len(held) < last:
            band = next(bands)
            held = np.concatenate([held, band]) if len(held) else band
        held, top = held[first - top :], first
        box = (0.0, made * factor - top, float(width), stop * factor - top)
        yield _resized(held[: last - top], (stop - made, new_size[1]), box)
        made = stop


def _resized(
    rows: np.ndarray, size: tuple[int, int], box: tuple[float, float, float, float]
) -> np.ndarray:
    """Each channel by itself: colors under transparent pixels count as they are.

    As floats: of 8 bits, Pillow rounds otherwise where a box begins elsewhere.
    """
    made, largest = [], np.iinfo(rows.dtype).max
    for channel in np.moveaxis(rows, -1, 0):
        image = Image.fromarray(np.ascontiguousarray(channel, dtype="float32"))
        image = image.resize((size[1], size[0]), Image.Resampling.LANCZOS, box=box)
        made.append(np.rint(np.asarray(image)).clip(0, largest).astype(rows.dtype))
    return np.stack(made, axis=-1)
