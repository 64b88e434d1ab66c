"""A survey of somebody's own images: how many, how large, in color or not. Nothing is decoded."""

import io
import statistics
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ganzoo.data.archive import open_zip
from ganzoo.data.folder import open_folder
from ganzoo.data.images import FORMATS
from ganzoo.errors import InvalidInput
from ganzoo.files.text import quote

_MAX_HEADERS = 500  # images whose headers are read, evenly spread
_GRAY = ("1", "L", "LA", "La", "I", "I;16", "F")  # modes of Pillow


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Number, size and kind of the images in a folder or a zip archive.

    Args:
        where: Path of the folder or archive.
        dataset: Name of the data set that reads it.
        images: Number of files named like an image.
        size: The smaller edge in pixels that half of the images reach.
        gray: Whether nearly all of them have one channel.
    """

    where: Path
    dataset: str
    images: int
    size: int
    gray: bool


def survey_images(path: Path) -> Survey:
    """Look at the images in a folder or a zip archive; of many, at some.

    Args:
        path: The folder or archive.

    Raises:
        UsageError: There is neither.
        InvalidInput: There is no image in it, or none that can be read.
    """
    is_archive = path.is_file()
    files = open_zip(path) if is_archive else open_folder(path)
    names = files.image_names()
    edges, gray = [], 0
    with files.reader() as read:
        for name in names[:: -(-len(names) // _MAX_HEADERS)]:
            try:
                with Image.open(io.BytesIO(read(name)), formats=FORMATS) as image:
                    edges.append(min(image.size))
                    gray += image.mode in _GRAY
            except Exception:  # a broken file is named when the data are prepared
                continue
    if not edges:
        raise InvalidInput(f"No image in {quote(path)} can be read. Received: {quote(names[0])}.")
    return Survey(
        where=files.where,
        dataset="zip" if is_archive else "folder",
        images=len(names),
        size=int(statistics.median_high(edges)),
        gray=gray > 0.9 * len(edges),
    )
