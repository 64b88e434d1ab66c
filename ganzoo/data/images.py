"""Decoding of image files: the same pixels on every backend, or an error that names the file.

PNG, JPEG, WebP and AVIF are decoded by Pillow, TIFF and NumPy's files as `arrays.py` says, whole or
not at all. What a file may hold beside plain RGB or gray has one documented meaning:

- EXIF orientation is applied, so that images stand upright;
- transparency is laid over white, unless the mode is `"rgba"` or `"raw"`;
- 16 bits per channel keep their upper 8, unless the mode is `"raw"` or the file a TIFF;
- CMYK and palettes become RGB by Pillow's own conversion; color profiles are ignored;
- color becomes gray by ITU-R 601-2 luma (299 R + 587 G + 114 B) / 1000;
- of a photo with a second view or depth map (MPO) the main image is used;
- a JPEG of more than `MAX_PIXELS` is decoded at half or a quarter of its height and width, as
  libjpeg does it, if that is still no smaller than the size that it is brought to;
- animations are refused.
"""

import contextlib
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFile, ImageOps, features

from ganzoo.data.decoding.arrays import (
    NUMPY_SUFFIXES,
    TIFF_SUFFIXES,
    is_deep_png,
    read_array,
    read_deep_png,
)
from ganzoo.data.decoding.fitting import fit_array, fit_image
from ganzoo.data.decoding.preprocessing import PILLOW_MODES, RAW, Preprocessing
from ganzoo.errors import EnvironmentProblem, InvalidInput

_HAS_AVIF = features.check("avif")
FORMATS = ("PNG", "JPEG", "WEBP", *(["AVIF"] if _HAS_AVIF else []))
HEADER_FORMATS = (*FORMATS, "TIFF")  # of which Pillow reads size and profile
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", *([".avif"] if _HAS_AVIF else []))
SUFFIX_FAMILIES = (SUFFIXES, TIFF_SUFFIXES, NUMPY_SUFFIXES)  # the first that a folder has counts
MAX_PIXELS = 50_000_000  # decoded, of an image: four bytes each; by the header
MAX_JPEG_PIXELS = 89_000_000  # of a JPEG that is decoded smaller; Pillow warns of more
REVISION = 3  # of the decoder; see `revision_of`

_AS_IT_IS = Preprocessing()
_GRAY_MODES = ("1", "L", "LA", "La", "I", "F")


def decode_image(data: bytes, name: str, preprocessing: Preprocessing = _AS_IT_IS) -> np.ndarray:
    """Decode an image file and preprocess the image.

    Args:
        data: Bytes of the file.
        name: Name of the file, for the error.
        preprocessing: Crop, size and channels.

    Returns:
        Array (height, width, channels): uint8 with 1, 3 or 4 channels; with the mode "raw", and of
        TIFF and NumPy's files, of any type in `ganzoo.modalities.IMAGES` and up to 64.

    Raises:
        InvalidInput: Not an image that can be read whole, too large, animated, or smaller
            than the crop.
    """
    if name.lower().endswith((*TIFF_SUFFIXES, *NUMPY_SUFFIXES)):
        array = read_array(data, name)
        if preprocessing.mode in (None, RAW):
            return _crop_and_fit_array(array, name, preprocessing)
        image = _in_8_bits(array, name, preprocessing.mode)
    else:
        image = open_image(data, name, mode=preprocessing.mode, min_size=_min_size(preprocessing))
        if preprocessing.mode == RAW and is_deep_png(data):
            try:
                return _crop_and_fit_array(read_deep_png(data), name, preprocessing)
            except (ValueError, OSError) as fault:
                raise InvalidInput(f"The image {name!r} cannot be used: {fault}.") from fault
    array = np.asarray(crop_and_fit(image, name, preprocessing))
    return array[:, :, None] if array.ndim == 2 else array


def _in_8_bits(array: np.ndarray, name: str, mode: str) -> Image.Image:
    """Return an array as an image of Pillow's, the upper 8 of 16 bits."""
    if array.dtype == np.uint16:
        array = (array >> 8).astype(np.uint8)
    if array.dtype != np.uint8 or array.shape[2] > 4:
        raise InvalidInput(
            f"The image {name!r} cannot be used: mode={mode} makes 8 bits of up to 4 channels, and"
            f" it has {array.shape[2]} of {array.dtype}.",
            hint="Leave the mode out to keep them.",
        )
    return _plain(Image.fromarray(array[..., 0] if array.shape[2] == 1 else array), mode)


def _crop_and_fit_array(array: np.ndarray, name: str, preprocessing: Preprocessing) -> np.ndarray:
    height, width, channels = array.shape
    if array.dtype == np.uint8 and channels <= 4:
        image = Image.fromarray(array[..., 0] if channels == 1 else array)
        found = np.asarray(crop_and_fit(image, name, preprocessing))
        return found.reshape(*found.shape[:2], channels)
    if preprocessing.crop is not None:
        _check_crop(preprocessing, name, width, height)
        left, top, right, bottom = preprocessing.crop
        array = array[top:bottom, left:right]
    if preprocessing.shape is None:
        return array
    return fit_array(array, preprocessing.shape, preprocessing.fit)


def open_image(
    data: bytes, name: str, *, mode: str | None = None, min_size: int | None = None
) -> Image.Image:
    """Decode an image file into an upright image in Pillow's mode `RGB` or `L`.

    With the mode "rgba" it is `RGBA`; with "raw" it is any of `L`, `LA`, `RGB` and `RGBA`.

    Args:
        data: Bytes of the file.
        name: Name of the file, for the error.
        mode: Mode of `Preprocessing`.
        min_size: Pixels that the shorter edge must keep where a JPEG that is too large may be
            decoded smaller; None: it may not.
    """
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise EnvironmentProblem(
            "Pillow has been told to accept truncated images, so half-decoded images could"
            " slip in. Received: PIL.ImageFile.LOAD_TRUNCATED_IMAGES = True.",
            hint="Remove that setting from the code that made it.",
        )
    try:
        # no lazy surprises: every fault of the file shows up in here
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if min_size is not None and image.format == "JPEG":
                _decode_smaller(image, min_size)
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


def _min_size(preprocessing: Preprocessing) -> int | None:
    """Return the longer edge of the size that images are brought to; None without one."""
    if preprocessing.shape is None or preprocessing.crop is not None:
        return None
    return max(preprocessing.shape)


def _decode_smaller(image: Image.Image, min_size: int) -> None:
    """Have a JPEG decoded at the largest of 1/2, 1/4 and 1/8 that is not too large."""
    width, height = image.size
    progressive = "progressive" in image.info  # its coefficients would be held, all of them
    if not MAX_PIXELS < width * height <= MAX_JPEG_PIXELS or progressive:
        return
    scale = 2
    while width * height > MAX_PIXELS * scale**2:
        scale *= 2
    if min(width, height) >= min_size * scale:
        image.draft(None, (width // scale, height // scale))


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


def revision_of(data: bytes) -> int:
    """Return the revision of the decoder since which a file has had its pixels.

    It is 3 for a JPEG of more than `MAX_PIXELS`; 2 for a PNG, gray or RGB, with a transparent color
    and neither 1 nor 8 bits per sample; and 1 for any other file.

    Args:
        data: Bytes of the file.
    """
    if data.startswith(b"\xff\xd8") and len(data) > MAX_PIXELS // 1000:
        with (
            contextlib.suppress(Exception),
            Image.open(io.BytesIO(data), formats=["JPEG"]) as image,
        ):
            return 3 if image.width * image.height > MAX_PIXELS else 1
    is_deep = data.startswith(b"\x89PNG") and data[24:25] not in (b"\1", b"\x08")
    has_key = data[25:26] in (b"\0", b"\2") and b"tRNS" in data[: data.find(b"IDAT")]
    return 2 if is_deep and has_key else 1


def newest_revision(names: Sequence[str], preprocessing: Preprocessing) -> int:
    """Return the highest that `revision_of` may be among files, as far as their names tell."""
    jpegs = any(name.lower().endswith((".jpg", ".jpeg")) for name in names)
    return REVISION if jpegs and _min_size(preprocessing) is not None else 2


def _plain(image: Image.Image, mode: str | None) -> Image.Image:
    """Convert any of Pillow's modes to the target's; see `open_image`."""
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


def crop_and_fit(image: Image.Image, name: str, preprocessing: Preprocessing) -> Image.Image:
    """Cut out `crop`, then bring the image to the size.

    Lanczos with antialiasing, as the StyleGAN papers prepare their data
    (https://github.com/NVlabs/stylegan2-ada-pytorch, dataset_tool.py).
    """
    if preprocessing.crop is not None:
        _check_crop(preprocessing, name, image.width, image.height)
        left, top, right, bottom = preprocessing.crop
        image = image.crop((left, top, right, bottom))
    if preprocessing.shape is None:
        return image
    return fit_image(image, preprocessing.shape, preprocessing.fit, preprocessing.border)


def _check_crop(preprocessing: Preprocessing, name: str, width: int, height: int) -> None:
    crop = preprocessing.crop
    if crop is not None and (crop[2] > width or crop[3] > height):
        raise InvalidInput(
            f"The image {name!r} is smaller than the crop, which must lie inside it."
            f" Received: {width}x{height} pixels, crop={list(crop)}."
        )
