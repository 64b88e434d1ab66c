"""Decoded images whose parts are turned upright and converted one after the other."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from ganzoo.data.decoding.preprocessing import PILLOW_MODES, RAW

Box = tuple[int, int, int, int]  # left, top, right, bottom

_GRAY_MODES = ("1", "L", "LA", "La", "I", "F")
_METHODS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # by EXIF orientation
_ON_ITS_SIDE = (5, 6, 7, 8)


@dataclass(frozen=True)
class UprightImage:
    """An image as it is to be seen: a large one turned or converted as a whole would lie in memory
    twice.

    Args:
        image: The image, decoded.
        mode: Mode of `Preprocessing`.
        orientation: EXIF's number for how it lies.
    """

    image: Image.Image
    mode: str | None
    orientation: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        width, height = self.image.size
        return (height, width) if self.orientation in _ON_ITS_SIDE else (width, height)

    def crop(self, box: Box) -> Image.Image:
        """Return a part as an image of Pillow's.

        Args:
            box: Its edges, inside the image.
        """
        left, top, right, bottom = box
        width, height = self.size
        if self.orientation in (2, 3, 6, 7):
            left, right = width - right, width - left
        if self.orientation in (3, 4, 7, 8):
            top, bottom = height - bottom, height - top
        if self.orientation in _ON_ITS_SIDE:
            left, top, right, bottom = top, left, bottom, right
        part = self.image.crop((left, top, right, bottom))
        if self.orientation in _METHODS:
            part = part.transpose(_METHODS[self.orientation])
        return plain(part, self.mode)

    def whole(self) -> Image.Image:
        """Return all of it."""
        return self.crop((0, 0, *self.size))


def plain(image: Image.Image, mode: str | None) -> Image.Image:
    """Convert any of Pillow's modes to the target's; see `ganzoo.data.images.open_image`."""
    is_gray = image.mode in _GRAY_MODES or image.mode.startswith("I;16")
    if mode == RAW:
        target = ("L" if is_gray else "RGB") + ("A" if image.has_transparency_data else "")
    else:
        target = PILLOW_MODES[mode] if mode else ("L" if is_gray else "RGB")
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        # Pillow's convert("L") would clip at 255
        deep, key = np.asarray(image).astype(np.uint32), image.info.get("transparency")
        image = Image.fromarray((deep >> 8).astype(np.uint8))
        if key is not None:
            image.putalpha(Image.fromarray(np.where(deep == key, 0, 255).astype(np.uint8)))
    if image.has_transparency_data and "A" not in target:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == target else image.convert(target)
