"""Resizing of an image that comes row by row, by Pillow's Lanczos filter."""

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
        while top + len(held) < min(height, stop * factor + margin):
            band = next(bands)
            held = np.concatenate([held, band]) if len(held) else band
        box = (0.0, made * factor - top, float(width), stop * factor - top)
        yield _resized(held, (stop - made, new_size[1]), box)
        made = stop
        done = max(int(made * factor - margin) - top, 0)
        held, top = held[done:], top + done


def _resized(
    rows: np.ndarray, size: tuple[int, int], box: tuple[float, float, float, float]
) -> np.ndarray:
    """Each channel by itself: colors under transparent pixels count as they are."""
    made = []
    for channel in np.moveaxis(rows, -1, 0):
        deep = rows.dtype != np.uint8
        image = Image.fromarray(np.ascontiguousarray(channel, dtype="float32" if deep else None))
        image = image.resize((size[1], size[0]), Image.Resampling.LANCZOS, box=box)
        values = np.asarray(image)
        made.append(np.rint(values).clip(0, 65535).astype(rows.dtype) if deep else values)
    return np.stack(made, axis=-1)
