"""A user's own images as they are: all pixels, 8 or 16 bits, transparency, color profile."""

import contextlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ganzoo.data.archive import open_zip
from ganzoo.data.decoding.preprocessing import RAW, Preprocessing
from ganzoo.data.folder import MAX_FILE_BYTES, Read, open_folder, read_file, single_images
from ganzoo.data.images import HEADER_FORMATS, decode_image
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.reading import read_bytes
from ganzoo.files.text import quote

_AS_IT_IS = Preprocessing(mode=RAW)
_PROFILES = {1: b"GRAY", 2: b"GRAY", 3: b"RGB ", 4: b"RGB "}  # by channels
_MAX_PROFILE_BYTES = 1 << 22


@dataclass(frozen=True, kw_only=True)
class WholeImage:
    """An image of any size.

    Args:
        pixels: (height, width, channels), uint8 or uint16, upright; gray or color, with or without
            transparency.
        profile: ICC profile of its colors, where it has one that fits them.
    """

    pixels: np.ndarray
    profile: bytes | None


def image_files(path: str | os.PathLike, max_images: int | None = None) -> list[str]:
    """Return the names of the images in a folder or zip archive, or of one image.

    What else lies there is left out, and that is said.

    Args:
        path: Path of either.
        max_images: The most of them, the first by name; None: all.

    Raises:
        UsageError: There is nothing at the path.
        InvalidInput: There is no image in it.
    """
    path = Path(path)
    if not path.exists():
        raise UsageError(
            "Expected a folder or a zip archive of images, or one image."
            f" Received: {quote(path)}, which does not exist.",
            hint="Check the path.",
        )
    if is_one_image(path):
        return [path.name]
    files = open_folder(path) if path.is_dir() else open_zip(path)
    return single_images(files)[:max_images]


def is_one_image(path: Path) -> bool:
    """Return whether a path is that of a file which is no archive."""
    return path.is_file() and path.suffix.lower() != ".zip"


@contextlib.contextmanager
def open_files(path: str | os.PathLike) -> Iterator[Read]:
    """Open a folder, a zip archive or one image, to read one image file at a time.

    Each is used by itself: other files of a folder may come and go meanwhile.

    Args:
        path: Path of either.

    Yields:
        Function from a name of `image_files` to the bytes of the file; `InvalidInput` if it
        cannot be read.
    """
    path = Path(path)
    if is_one_image(path):
        yield lambda name: read_bytes(path.resolve(), limit=MAX_FILE_BYTES)
    elif path.is_dir():
        root = path.resolve()
        yield lambda name: read_file(root, name)
    else:
        with open_zip(path).reader() as read:
            yield read


def read_image(data: bytes, name: str) -> WholeImage:
    """Decode an image file.

    Args:
        data: Bytes of the file.
        name: Name of the file, for the error.

    Raises:
        InvalidInput: It cannot be read whole, or is neither of 8 nor of 16 bits, gray or color.
    """
    pixels = decode_image(data, name, _AS_IT_IS)
    if str(pixels.dtype) not in ("uint8", "uint16") or pixels.shape[-1] not in _PROFILES:
        raise InvalidInput(
            f"The image {name!r} cannot be used. Expected: gray or color of 8 or 16 bits."
            f" Received: {pixels.shape[-1]} channels of {pixels.dtype}."
        )
    return WholeImage(pixels=pixels, profile=_profile(data, _PROFILES[pixels.shape[-1]]))


def _profile(data: bytes, space: bytes) -> bytes | None:
    """The color profile of a file, if it is of the colors that its pixels were decoded to."""
    try:
        with Image.open(io.BytesIO(data), formats=HEADER_FORMATS) as image:
            profile = image.info.get("icc_profile")
    except Exception:  # of NumPy's files, which have none; all others were decoded before
        return None
    if not isinstance(profile, bytes) or not 128 <= len(profile) <= _MAX_PROFILE_BYTES:
        return None
    return profile if profile[16:20] == space else None
