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
from PIL import Image, ImageFile, ImageOps

from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError

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
        size: Height and width in pixels, reached by Pillow's antialiased Lanczos filter from
            the largest centered square. `None` keeps every image's own size.
        mode: `"rgb"` or `"gray"`; `None` keeps the channels of each image.
        crop: Box [left, top, right, bottom] in pixels of the upright image, cut out first.

    Raises:
        UsageError: A value is out of range.
    """

    size: int | None = None
    mode: str | None = None
    crop: Sequence[int] | None = None

    def __post_init__(self):
        if self.size is not None and not (_is_int(self.size) and 1 <= self.size <= MAX_SIZE):
            raise UsageError(
                f"size must be an integer from 1 to {MAX_SIZE} pixels. Received: {self.size!r}."
            )
        if self.mode is not None and self.mode not in PILLOW_MODES:
            raise UsageError(f"mode must be 'rgb' or 'gray'. Received: {self.mode!r}.")
        if self.crop is not None:
            object.__setattr__(self, "crop", _box(self.crop))

    def options(self) -> dict[str, Any]:
        """Return the values as JSON types, for keys and fingerprints."""
        options = asdict(self)
        return options | {"crop": None if self.crop is None else list(self.crop)}


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


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
    image = crop_and_resize(image, name, size=preprocessing.size, crop=preprocessing.crop)
    array = np.asarray(image)
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


def crop_and_resize(
    image: Image.Image,
    name: str,
    *,
    size: int | None,
    crop: Sequence[int] | None = None,
) -> Image.Image:
    """Cut out `crop`, then the largest centered square, and scale that to `size`.

    Lanczos with antialiasing, as the StyleGAN papers prepare their data
    (https://github.com/NVlabs/stylegan2-ada-pytorch, dataset_tool.py).
    """
    if crop is not None:
        if crop[2] > image.width or crop[3] > image.height:
            raise InvalidInput(
                f"The image {name!r} is smaller than the crop, which must lie inside it."
                f" Received: {image.width}x{image.height} pixels, crop={list(crop)}."
            )
        left, top, right, bottom = crop
        image = image.crop((left, top, right, bottom))
    if size is None:
        return image
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    if image.size != (side, side):
        image = image.crop((left, top, left + side, top + side))
    if side == size:
        return image
    return image.resize((size, size), Image.Resampling.LANCZOS)
