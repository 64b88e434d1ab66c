"""Decoding of image files: the same pixels on every backend, or an error that names the file.

PNG, JPEG, WebP and AVIF are decoded by Pillow, TIFF and NumPy's files as `arrays.py` says, whole or
not at all. What a file may hold beside plain RGB or gray has one documented meaning:

- EXIF orientation is applied, so that images stand upright;
- transparency is laid over white, unless the mode is `"rgba"` or `"raw"`;
- 16 bits per channel keep their upper 8, unless the mode is `"raw"` or the file a TIFF;
- CMYK and palettes become RGB by Pillow's own conversion; color profiles are ignored;
- color becomes gray by ITU-R 601-2 luma (299 R + 587 G + 114 B) / 1000;
- of a photo with a second view or depth map (MPO) the main image is used;
- a JPEG that needs more than `MAX_BYTES` is decoded at half or a quarter of its height and width,
  as libjpeg does it, if that is still no smaller than the size that it is brought to;
- animations are refused.
"""

import contextlib
import io
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import ExifTags, Image, ImageFile, features

from ganzoo.data.decoding.arrays import (
    NUMPY_SUFFIXES,
    TIFF_SUFFIXES,
    is_deep_png,
    read_array,
    read_deep_png,
)
from ganzoo.data.decoding.fitting import fit_array, fit_image, image_array
from ganzoo.data.decoding.preprocessing import RAW, Preprocessing
from ganzoo.data.decoding.upright import Box, UprightImage, plain
from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput

_HAS_AVIF = features.check("avif")
FORMATS = ("PNG", "JPEG", "WEBP", *(["AVIF"] if _HAS_AVIF else []))
HEADER_FORMATS = (*FORMATS, "TIFF")  # of which Pillow reads size and profile
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", *([".avif"] if _HAS_AVIF else []))
SUFFIX_FAMILIES = (SUFFIXES, TIFF_SUFFIXES, NUMPY_SUFFIXES)  # the first that a folder has counts
MAX_BYTES = 188_000_000  # of memory that decoding an image takes, by its header; 200 million in all
MAX_JPEG_PIXELS = 89_000_000  # of a JPEG that is decoded smaller; Pillow warns of more
# Of a pixel; with other formats 4. Of WebP it is 16, and little besides: 4032x3024 is read.
_BYTES = {"WEBP": 15.4, "AVIF": 10}
_JPEGS = ("JPEG", "MPO")
_REMEDY = " (up to 89,000,000 for a JPEG that is no progressive one, where a smaller size is set)"
_TINY = 50_000  # bytes of a file: none so small is a JPEG that is decoded smaller
REVISION = 3  # of the decoder; see `revision_of`

_AS_IT_IS = Preprocessing()


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
        image = open_upright(data, name, mode=preprocessing.mode, min_size=_min_size(preprocessing))
        if preprocessing.mode == RAW and is_deep_png(data):
            try:
                return _crop_and_fit_array(read_deep_png(data), name, preprocessing)
            except (ValueError, OSError) as fault:
                raise InvalidInput(f"The image {name!r} cannot be used: {fault}.") from fault
    with _naming(name):
        if preprocessing.shape is None:
            array = image_array(image, _part_to_use(preprocessing, name, *image.size))
        else:
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
    return plain(Image.fromarray(array[..., 0] if array.shape[2] == 1 else array), mode)


def _crop_and_fit_array(array: np.ndarray, name: str, preprocessing: Preprocessing) -> np.ndarray:
    height, width, channels = array.shape
    if array.dtype == np.uint8 and channels <= 4:
        image = Image.fromarray(array[..., 0] if channels == 1 else array)
        found = np.asarray(crop_and_fit(image, name, preprocessing))
        return found.reshape(*found.shape[:2], channels)
    left, top, right, bottom = _part_to_use(preprocessing, name, width, height)
    array = array[top:bottom, left:right]
    if preprocessing.shape is None:
        return array
    return fit_array(array, preprocessing.shape, preprocessing.fit)


def open_image(data: bytes, name: str, *, mode: str | None = None) -> Image.Image:
    """Decode an image file into an upright image in Pillow's mode `RGB` or `L`.

    With the mode "rgba" it is `RGBA`; with "raw" it is any of `L`, `LA`, `RGB` and `RGBA`.

    Args:
        data: Bytes of the file.
        name: Name of the file, for the error.
        mode: Mode of `Preprocessing`.
    """
    image = open_upright(data, name, mode=mode)
    with _naming(name):
        return image.whole()


def open_upright(
    data: bytes, name: str, *, mode: str | None = None, min_size: int | None = None
) -> UprightImage:
    """Decode an image file, whose parts are turned upright and converted when they are cut out.

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
    # no lazy surprises: every fault of the file shows up in here
    with _naming(name), Image.open(io.BytesIO(data), formats=FORMATS) as image:
        scale = _scale_to_decode(image, min_size)
        problem = _refusal(image, scale)
        if problem is None:
            if scale > 1:
                image.draft(None, (image.width // scale, image.height // scale))
            _scale_color_key(image, data)
            image.load()
            orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
            return UprightImage(image, mode, orientation)
    raise InvalidInput(f"The image {name!r} cannot be used: {problem}.")


@contextlib.contextmanager
def _naming(name: str) -> Iterator[None]:
    """Name the file in whatever a decoder raises on a hostile one."""
    try:
        yield
    except (MemoryError, GanzooError):
        raise
    except Exception as fault:
        raise InvalidInput(f"The image {name!r} cannot be used: {_reason(fault)}.") from None


def _min_size(preprocessing: Preprocessing) -> int | None:
    """Return the longer edge of the size that images are brought to; None without one."""
    if preprocessing.shape is None or preprocessing.crop is not None:
        return None
    return max(preprocessing.shape)


def _bytes_to_decode(image: Image.Image, scale: int = 1) -> int:
    """Return the memory that decoding takes, at 1/`scale` of height and width."""
    pixels = image.width * image.height
    found = int(pixels * _BYTES.get(image.format or "", 4)) // scale**2
    if _is_progressive(image):  # all its coefficients are held, two bytes each
        layers = [(down, across) for _, down, across, _ in getattr(image, "layer", ())]
        largest = max(down for down, _ in layers) * max(across for _, across in layers)
        found += 2 * pixels * sum(down * across for down, across in layers) // largest
    return found


def _is_progressive(image: Image.Image) -> bool:
    """Return whether it is a progressive JPEG; a text of a PNG may have that name, too."""
    return image.format in _JPEGS and "progressive" in image.info


def _scale_to_decode(image: Image.Image, min_size: int | None) -> int:
    """Return the least of 1, 2, 4 and 8 by which a JPEG that needs too much memory is to be decoded
    smaller; 1 where none would do.
    """
    if image.format not in _JPEGS or min_size is None:
        return 1
    for scale in (1, 2, 4, 8):
        if _bytes_to_decode(image, scale) <= MAX_BYTES:
            too_large = image.width * image.height > MAX_JPEG_PIXELS
            return 1 if too_large or min(image.size) < min_size * scale else scale
    return 1


def _refusal(image: Image.Image, scale: int = 1) -> str | None:
    """Return why the header alone rules an image out, if it does."""
    width, height = image.size
    if width < 1 or height < 1:
        return f"it has no pixels ({width}x{height})"
    if _bytes_to_decode(image, scale) > MAX_BYTES:
        limit = MAX_BYTES * width * height // _bytes_to_decode(image)
        kind = "progressive JPEG" if _is_progressive(image) else image.format
        remedy = _REMEDY if image.format in _JPEGS else ""
        return f"it has {width}x{height} pixels; the limit is {limit:,} for a {kind}{remedy}"
    frames = getattr(image, "n_frames", 1)
    if image.format != "MPO" and frames > 1:
        return f"it is an animation of {frames} frames; one image is expected"
    return None


def _reason(fault: Exception) -> str:
    if isinstance(fault, Image.UnidentifiedImageError):
        return "it is not a PNG, JPEG or WebP file that Pillow can read"
    if isinstance(fault, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return f"it has too many pixels; no image may have more than {MAX_JPEG_PIXELS:,}"
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

    It is 3 for a JPEG that needs more than `MAX_BYTES`; 2 for a PNG, gray or RGB, with a
    transparent color and neither 1 nor 8 bits per sample; and 1 for any other file.

    Args:
        data: Bytes of the file.
    """
    if data.startswith(b"\xff\xd8") and len(data) > _TINY:
        with (
            contextlib.suppress(Exception),
            Image.open(io.BytesIO(data), formats=["JPEG"]) as image,
        ):
            return 3 if _bytes_to_decode(image) > MAX_BYTES else 1
    is_deep = data.startswith(b"\x89PNG") and data[24:25] not in (b"\1", b"\x08")
    has_key = data[25:26] in (b"\0", b"\2") and b"tRNS" in data[: data.find(b"IDAT")]
    return 2 if is_deep and has_key else 1


def newest_revision(names: Sequence[str], preprocessing: Preprocessing) -> int:
    """Return the highest that `revision_of` may be among files, as far as their names tell."""
    jpegs = any(name.lower().endswith((".jpg", ".jpeg")) for name in names)
    return REVISION if jpegs and _min_size(preprocessing) is not None else 2


def crop_and_fit(
    image: Image.Image | UprightImage, name: str, preprocessing: Preprocessing
) -> Image.Image:
    """Cut out `crop`, then bring the image to the size.

    Lanczos with antialiasing, as the StyleGAN papers prepare their data
    (https://github.com/NVlabs/stylegan2-ada-pytorch, dataset_tool.py).
    """
    box = _part_to_use(preprocessing, name, *image.size)
    if preprocessing.shape is None:
        return image.crop(box)
    return fit_image(image, preprocessing.shape, preprocessing.fit, preprocessing.border, box=box)


def _part_to_use(preprocessing: Preprocessing, name: str, width: int, height: int) -> Box:
    """Return the edges of `crop`, or else of the whole image."""
    if preprocessing.crop is None:
        return 0, 0, width, height
    left, top, right, bottom = preprocessing.crop
    if right > width or bottom > height:
        raise InvalidInput(
            f"The image {name!r} is smaller than the crop, which must lie inside it."
            f" Received: {width}x{height} pixels, crop={list(preprocessing.crop)}."
        )
    return left, top, right, bottom
