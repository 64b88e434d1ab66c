"""The user's own images, as input of a model that translates images."""

import os
from pathlib import Path

import numpy as np

from ganzoo.data.archive import open_zip
from ganzoo.data.decoding.fitting import fit_image
from ganzoo.data.folder import MAX_FILE_BYTES, open_folder
from ganzoo.data.images import open_image
from ganzoo.errors import UsageError
from ganzoo.files.reading import read_bytes
from ganzoo.files.text import quote

_MODES = {1: "gray", 3: "rgb"}  # channels, and what an image is decoded to


def read_source_images(
    path: str | os.PathLike, shape: tuple[int, ...], max_images: int
) -> np.ndarray:
    """Read images, decoded and preprocessed as the data sets `folder` and `zip` do.

    The largest centered part of the right proportions is cut out and scaled by Pillow's
    antialiased Lanczos filter; color becomes gray, or gray color.

    Args:
        path: Path of a folder or a zip archive of images, or of one image.
        shape: Shape (height, width, channels) of the result's images.
        max_images: Largest number of images to read, the first by name.

    Returns:
        uint8 (n, height, width, channels), n at least 1.

    Raises:
        UsageError: There is nothing at the path, or images cannot have that many channels.
        InvalidInput: An image cannot be used, or there is none.
    """
    return read_named_images(path, shape, max_images)[1]


def read_named_images(
    path: str | os.PathLike, shape: tuple[int, ...], max_images: int
) -> tuple[list[str], np.ndarray]:
    """Return the names of the images in their folder, too; see `read_source_images`."""
    height, width, channels = shape
    if channels not in _MODES:
        raise UsageError(
            f"Images are read in gray or color: 1 or 3 channels. Received: {channels}."
        )
    files = _read_first_files(Path(path), max_images)
    found = [
        np.asarray(fit_image(image, (height, width), "crop", "white"))
        for image in (open_image(data, name, mode=_MODES[channels]) for name, data in files)
    ]
    return [name for name, _ in files], np.stack(found).reshape(-1, height, width, channels)


def _read_first_files(path: Path, max_images: int) -> list[tuple[str, bytes]]:
    """Return names and bytes of the first images."""
    if not path.exists():
        raise UsageError(
            "Expected a folder or a zip archive of images, or one image."
            f" Received: {quote(path)}, which does not exist.",
            hint="Check the path.",
        )
    if path.is_file() and path.suffix.lower() != ".zip":
        return [(path.name, read_bytes(path.resolve(), limit=MAX_FILE_BYTES))]
    files = open_folder(path) if path.is_dir() else open_zip(path)
    with files.reader() as read:
        return [(name, read(name)) for name in files.image_names()[:max_images]]
