"""Images of any shape brought to one: cropped, with borders, or stretched."""

import statistics
from collections import Counter
from collections.abc import Sequence

import numpy as np
from PIL import Image

FITS = ("crop", "pad", "stretch")
_STEP, _LONGEST = 16, 128  # pixels: of the shape that is proposed


def fit_image(
    image: Image.Image, shape: tuple[int, int], fit: str, border: str | float
) -> Image.Image:
    """Bring an image to a shape by Pillow's antialiased Lanczos filter.

    Args:
        image: Image of any shape.
        shape: Height and width in pixels.
        fit: `"crop"`: the largest centered part of the right proportions; `"pad"`: the whole image
            with borders; `"stretch"`: the whole image, its proportions changed.
        border: Color of the borders, as Pillow has it. Where there is transparency, they are
            transparent.
    """
    height, width = shape
    if fit == "pad":
        scale = min(width / image.width, height / image.height)
        inner = [max(1, round(edge * scale)) for edge in image.size]
        image = _resize(image, inner[0], inner[1])
        color = 0 if image.mode in ("LA", "RGBA") else border
        sheet = Image.new(image.mode, (width, height), color)
        sheet.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
        return sheet
    if fit == "crop":
        image = image.crop(centered_box(image.size, shape))
    return _resize(image, width, height)


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


def _resize(image: Image.Image, width: int, height: int) -> Image.Image:
    if image.size == (width, height):
        return image
    return image.resize((width, height), Image.Resampling.LANCZOS)


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
