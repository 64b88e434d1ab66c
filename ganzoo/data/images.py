"""Decoding of image files: the same pixels on every backend, or an error that names the file.

Only PNG, JPEG and WebP are decoded, by Pillow, whole or not at all. What a file may hold
beside plain RGB or gray has one documented meaning:

- EXIF orientation is applied, so that images stand upright;
- transparency is laid over white;
- 16 bits per channel keep their upper 8;
- CMYK and palettes become RGB by Pillow's own conversion; color profiles are ignored;
- color becomes gray by ITU-R 601-2 luma (299 R + 587 G + 114 B) / 1000;
- of a photo with a second view or depth map (MPO) the main image is used;
- animations are refused.
"""

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageColor, ImageFile, ImageOps

from ganzoo.data.decoding.fitting import FITS, fit_image
from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.files.text import quote

FORMATS = ("PNG", "JPEG", "WEBP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
MAX_PIXELS = 64_000_000  # per image, read from the header before anything is decoded
MAX_SIZE = 4096  # of the prepared images
REVISION = 2  # of the decoder; 2: PNGs with a transparent color, see `is_revised`
PILLOW_MODES = {"rgb": "RGB", "gray": "L"}

_GRAY_MODES = ("1", "L", "LA", "La", "I", "F")


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """Cropping, resizing and channels, by which decoded images are made alike.

    Args:
        size: Height and width in pixels, one number if they are equal. `None` keeps every
            image's own.
        mode: `"rgb"` or `"gray"`; `None` keeps the channels of each image.
        crop: Box [left, top, right, bottom] in pixels of the upright image, cut out first.
        fit: How an image of other proportions reaches the size; see `fit_image`.
        border: Color of the borders that `"pad"` adds, as Pillow names it.
        mirror: Whether each image is followed by itself mirrored, left to right.

    Raises:
        UsageError: A value is out of range.
    """

    size: int | Sequence[int] | None = None
    mode: str | None = None
    crop: Sequence[int] | None = None
    fit: str = "crop"
    border: str = "white"
    mirror: bool = False

    def __post_init__(self):
        object.__setattr__(self, "size", _height_and_width(self.size))
        if self.mode is not None and self.mode not in PILLOW_MODES:
            raise UsageError(f"mode must be 'rgb' or 'gray'. Received: {self.mode!r}.")
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
        new = {"fit": "crop", "border": "white", "mirror": False}  # keys without them are older
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


def decode_image(
    data: bytes, name: str, preprocessing: Preprocessing = Preprocessing()
) -> np.ndarray:
    """Decode an image file and preprocess the image.

    Args:
        data: Bytes of the file.
        name: Name of the file, for the error.
        preprocessing: Crop, size and channels.

    Returns:
        uint8 array (height, width, channels) with 1 or 3 channels.

    Raises:
        InvalidInput: Not an image that can be read whole, too large, animated, or smaller
            than the crop.
    """
    image = open_image(data, name, mode=preprocessing.mode)
    array = np.asarray(crop_and_fit(image, name, preprocessing))
    return array[:, :, None] if array.ndim == 2 else array


def open_image(data: bytes, name: str, *, mode: str | None = None) -> Image.Image:
    """Decode an image file into an upright image in Pillow's mode `RGB` or `L`."""
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise EnvironmentProblem(
            "Pillow has been told to accept truncated images, so half-decoded images could"
            " slip in. Received: PIL.ImageFile.LOAD_TRUNCATED_IMAGES = True.",
            hint="Remove that setting from the code that made it.",
        )
    try:
        # no lazy surprises: every fault of the file shows up in here
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            problem = _refusal(image)
            if problem is None:
                _scale_color_key(image, data)
                image.load()
                ImageOps.exif_transpose(image, in_place=True)
                return _plain(image, mode)
    except MemoryError:
        raise
    except Exception as fault:  # a decoder may raise anything on a hostile file
        problem = _reason(fault)
    raise InvalidInput(f"The image {name!r} cannot be used: {problem}.")


def _refusal(image: Image.Image) -> str | None:
    """Return why the header alone rules an image out, if it does."""
    width, height = image.size
    if width < 1 or height < 1:
        return f"it has no pixels ({width}x{height})"
    if width * height > MAX_PIXELS:
        return f"it has {width}x{height} pixels; the limit is {MAX_PIXELS:,}"
    frames = getattr(image, "n_frames", 1)
    if image.format != "MPO" and frames > 1:
        return f"it is an animation of {frames} frames; one image is expected"
    return None


def _reason(fault: Exception) -> str:
    if isinstance(fault, Image.UnidentifiedImageError):
        return "it is not a PNG, JPEG or WebP file that Pillow can read"
    if isinstance(fault, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return f"it has too many pixels; the limit is {MAX_PIXELS:,}"
    return f"it is damaged or cut off ({' '.join(str(fault).split()) or type(fault).__name__})"


def _scale_color_key(image: Image.Image, data: bytes) -> None:
    """Bring the color that a PNG declares transparent into the range of the decoded pixels."""
    key = image.info.get("transparency")
    if image.format != "PNG" or not isinstance(key, int | tuple):
        return
    depth = data[24]  # bits per sample, in the header
    if isinstance(key, tuple):
        image.info["transparency"] = tuple(value >> max(0, depth - 8) for value in key)
    elif image.mode == "L" and depth in (2, 4):
        image.info["transparency"] = key * 255 // (2**depth - 1)


def is_revised(data: bytes) -> bool:
    """Return whether a file has had other pixels since the decoder's revision 2.

    So has a PNG, gray or RGB, with a transparent color and neither 1 nor 8 bits per sample.

    Args:
        data: Bytes of the file.
    """
    is_deep = data.startswith(b"\x89PNG") and data[24:25] not in (b"\1", b"\x08")
    return is_deep and data[25:26] in (b"\0", b"\2") and b"tRNS" in data[: data.find(b"IDAT")]


def _plain(image: Image.Image, mode: str | None) -> Image.Image:
    """Convert any of Pillow's modes to `RGB` or `L`."""
    is_gray = image.mode in _GRAY_MODES or image.mode.startswith("I;16")
    target = PILLOW_MODES[mode] if mode else ("L" if is_gray else "RGB")
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        # Pillow's convert("L") would clip at 255
        deep, key = np.asarray(image).astype(np.uint32), image.info.get("transparency")
        image = Image.fromarray((deep >> 8).astype(np.uint8))
        if key is not None:
            image.putalpha(Image.fromarray(np.where(deep == key, 0, 255).astype(np.uint8)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == target else image.convert(target)


def crop_and_fit(image: Image.Image, name: str, preprocessing: Preprocessing) -> Image.Image:
    """Cut out `crop`, then bring the image to the size.

    Lanczos with antialiasing, as the StyleGAN papers prepare their data
    (https://github.com/NVlabs/stylegan2-ada-pytorch, dataset_tool.py).
    """
    crop, shape = preprocessing.crop, preprocessing.shape
    if crop is not None:
        if crop[2] > image.width or crop[3] > image.height:
            raise InvalidInput(
                f"The image {name!r} is smaller than the crop, which must lie inside it."
                f" Received: {image.width}x{image.height} pixels, crop={list(crop)}."
            )
        left, top, right, bottom = crop
        image = image.crop((left, top, right, bottom))
    if shape is None:
        return image
    return fit_image(image, shape, preprocessing.fit, preprocessing.border)
