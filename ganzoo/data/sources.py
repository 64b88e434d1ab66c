"""Pictures of the user's own, for a model that translates pictures."""

import os
from pathlib import Path

import numpy as np
from PIL import Image

from ganzoo.data.archive import open_zip
from ganzoo.data.folder import MAX_FILE_BYTES, open_folder
from ganzoo.data.images import decode
from ganzoo.errors import UsageError
from ganzoo.files.reading import read_bytes
from ganzoo.files.text import quote

_MODES = {1: "gray", 3: "rgb"}  # channels, and what a picture is decoded to


def read_sources(path: str | os.PathLike, shape: tuple[int, ...], most: int) -> np.ndarray:
    """Pictures, decoded and made alike as the data sets `folder` and `zip` do.

    The largest centerd part of the right proportions is cut out and scaled by Pillow's
    antialiased Lanczos filter; color becomes gray, or gray color.

    Args:
        path: A folder or a zip archive of pictures, or one picture.
        shape: (height, width, channels) that they are to have.
        most: How many, at most: the first by name.

    Returns:
        uint8 (n, height, width, channels), n at least 1.

    Raises:
        UsageError: There is nothing at the path, or pictures cannot have that many channels.
        InvalidInput: A picture cannot be used, or there is none.
    """
    height, width, channels = shape
    if channels not in _MODES:
        raise UsageError(
            f"Pictures are read in gray or color: 1 or 3 channels. Received: {channels}."
        )
    found = [
        _fitted(decode(data, name, mode=_MODES[channels]), width, height)
        for name, data in _files(Path(path), most)
    ]
    return np.stack(found).reshape(-1, height, width, channels)


def _files(path: Path, most: int) -> list[tuple[str, bytes]]:
    """Names and bytes of the first pictures."""
    if not path.exists():
        raise UsageError(
            "Expected a folder or a zip archive of pictures, or one picture."
            f" Received: {quote(path)}, which does not exist.",
            hint="Check the path.",
        )
    if path.is_file() and path.suffix.lower() != ".zip":
        return [(path.name, read_bytes(path.resolve(), limit=MAX_FILE_BYTES))]
    files = open_folder(path) if path.is_dir() else open_zip(path)
    with files.reader() as read:
        return [(name, read(name)) for name in files.pictures()[:most]]


def _fitted(image: Image.Image, width: int, height: int) -> np.ndarray:
    """The largest centerd part of that shape, scaled: of a square what `images.resize` gives."""
    scale = min(image.width / width, image.height / height)
    across, down = round(width * scale), round(height * scale)
    left, top = (image.width - across) // 2, (image.height - down) // 2
    image = image.crop((left, top, left + across, top + down))
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image)
