"""Samples in files that keep every value: PNG of 16 bits, TIFF, NumPy's arrays."""

import io
import struct
import zlib
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from ganzoo.errors import EnvironmentProblem
from ganzoo.files.images.png_chunks import encode_png_chunks
from ganzoo.modalities import IMAGES, Levels
from ganzoo.rendering.png import encode_png

_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # of PNG, by channels


def exact_file(
    shape: Sequence[int], levels: Levels | None
) -> tuple[str, Callable[[np.ndarray], bytes]] | None:
    """Return suffix and encoder of a file of one sample that keeps every value of an image.

    Args:
        shape: Shape of one sample.
        levels: Type and range of images that are not uint8.

    Returns:
        PNG for 8 or 16 bits and up to four channels, `.npy` for all others; `None` for samples
        that are no images.
    """
    if len(shape) != IMAGES.rank:
        return None
    dtype = "uint8" if levels is None else levels.dtype
    if shape[-1] in _COLOR_TYPES and dtype in ("uint8", "uint16"):
        return ".png", encode_deep_png if dtype == "uint16" else _encode_8_bits
    return ".npy", encode_npy


def encode_deep_png(image: np.ndarray) -> bytes:
    """Encode an image, uint16 (h, w, c) with up to four channels, as PNG of 16 bits."""
    height, width, channels = image.shape
    rows = image.astype(">u2").reshape(height, -1).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (1, 0)))  # filter 0 in front of each row
    header = struct.pack(">2I5B", width, height, 16, _COLOR_TYPES[channels], 0, 0, 0)
    data = zlib.compress(rows.tobytes(), 9)
    return encode_png_chunks([(b"IHDR", header), (b"IDAT", data)])


def encode_npy(array: np.ndarray) -> bytes:
    """Encode samples as an `.npy` file."""
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(array), allow_pickle=False)
    return file.getvalue()


def encode_tiff(images: np.ndarray) -> bytes:
    """Encode images (n, h, w, c) as a TIFF of n c pages: for each image, one for each channel."""
    try:
        import tifffile
    except ImportError:
        raise EnvironmentProblem(
            "TIFF files are written by tifffile, which is not installed.",
            hint="pip install 'keras-ganzoo[science]'",
        ) from None
    file = io.BytesIO()
    pages = np.ascontiguousarray(np.moveaxis(images, -1, 1))
    tifffile.imwrite(file, pages, photometric="minisblack", metadata={"axes": "QCYX"})
    return file.getvalue()


def _encode_8_bits(image: np.ndarray) -> bytes:
    return encode_png(Image.fromarray(image[..., 0] if image.shape[2] == 1 else image))
