"""Options by which images are made alike: size, channels, parts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from PIL import ImageColor

from ganzoo.errors import UsageError
from ganzoo.files.text import quote

FITS = ("crop", "pad", "stretch")
MAX_SIZE = 4096  # of the prepared images
PILLOW_MODES = {"rgb": "RGB", "gray": "L", "rgba": "RGBA"}
RAW = "raw"  # the mode that changes nothing


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """Cropping, resizing and channels, by which decoded images are made alike.

    Args:
        size: Height and width in pixels, one number if they are equal. `None` keeps every
            image's own.
        mode: `"rgb"`, `"gray"` or `"rgba"`: 8 bits for all; `"raw"`: channels, alpha and values of
            each file as they are. `None`: that for TIFF and NumPy's files, and 8 bits without
            alpha for the others, gray or RGB.
        crop: Box [left, top, right, bottom] in pixels of the upright image, cut out first.
        fit: How an image of other proportions reaches the size; see `fit_image`.
        border: Color of the borders that `"pad"` adds, as Pillow names it.
        mirror: Whether each image is followed by itself mirrored, left to right.
        skip_damaged: Whether files that cannot be decoded are left out instead of refused: damaged,
            animated or of too many pixels; not those that a crop or a mode does not fit.

    Raises:
        UsageError: A value is out of range.
    """

    size: int | Sequence[int] | None = None
    mode: str | None = None
    crop: Sequence[int] | None = None
    fit: str = "crop"
    border: str = "white"
    mirror: bool = False
    skip_damaged: bool = False

    def __post_init__(self):
        object.__setattr__(self, "size", _height_and_width(self.size))
        if self.mode is not None and self.mode not in (*PILLOW_MODES, RAW):
            raise UsageError(
                f"mode must be 'rgb' or 'gray', 'rgba' or 'raw'. Received: {self.mode!r}."
            )
        if self.crop is not None:
            object.__setattr__(self, "crop", _box(self.crop))
        if self.fit not in FITS or (self.fit != "crop" and self.size is None):
            raise UsageError(
                f"fit must be 'crop', 'pad' or 'stretch', the latter two with a size. Received:"
                f" fit={self.fit!r}, size={self.size!r}."
            )
        if not _is_color(self.border):
            raise UsageError(
                "border must be a color such as 'white' or '#808080'."
                f" Received: {quote(self.border)}."
            )
        if not isinstance(self.mirror, bool):
            raise UsageError(f"mirror must be true or false. Received: {self.mirror!r}.")
        if not isinstance(self.skip_damaged, bool):
            raise UsageError(
                f"skip_damaged must be true or false. Received: {self.skip_damaged!r}."
            )

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width of the prepared images in pixels; `None` for their own."""
        if self.size is None:
            return None
        height, width = (self.size, self.size) if isinstance(self.size, int) else self.size
        return height, width

    @property
    def copies(self) -> int:
        """Number of prepared rows for each image."""
        return 2 if self.mirror else 1

    def options(self) -> dict[str, Any]:
        """Return the values as JSON types, for keys and fingerprints."""
        # keys without them are older
        new = {"fit": "crop", "border": "white", "mirror": False, "skip_damaged": False}
        options = {key: value for key, value in asdict(self).items() if value != new.get(key)}
        if self.fit != "pad":
            options.pop("border", None)
        lists = {key: list(value) for key, value in options.items() if isinstance(value, tuple)}
        return {"size": None, "mode": None, "crop": None} | options | lists


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_color(border: object) -> bool:
    try:
        return isinstance(border, str) and bool(ImageColor.getrgb(border))
    except ValueError:
        return False


def _height_and_width(size: Any) -> int | tuple[int, int] | None:
    """Return the option `size`, one number for a square, if it is valid."""
    edges = list(size) if isinstance(size, (list, tuple)) else [size, size]
    if size is not None and not (
        len(edges) == 2 and all(_is_int(edge) and 1 <= edge <= MAX_SIZE for edge in edges)
    ):
        raise UsageError(
            f"size must be an integer from 1 to {MAX_SIZE} pixels, or two of them as"
            f" [height, width]. Received: {size!r}."
        )
    return edges[0] if edges[0] == edges[1] else (edges[0], edges[1])


def _box(crop: Any) -> tuple[int, int, int, int]:
    """Return `crop` as a tuple, if it is a box."""
    box = tuple(crop) if isinstance(crop, (list, tuple)) else ()
    if len(box) != 4 or not all(_is_int(edge) and edge >= 0 for edge in box):
        raise UsageError(
            f"crop must be four integers [left, top, right, bottom], in pixels. Received: {crop!r}."
        )
    left, top, right, bottom = box
    if left >= right or top >= bottom:
        raise UsageError(f"crop must have left < right and top < bottom. Received: {list(box)!r}.")
    return box
