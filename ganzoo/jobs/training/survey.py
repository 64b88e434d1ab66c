"""A survey of somebody's own images: how many, how large, in color or not. Nothing is decoded."""

import io
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from ganzoo.catalog.recipe.recipe import Part
from ganzoo.data.folder import Files
from ganzoo.data.images import FORMATS, SUFFIXES, decode_image
from ganzoo.data.prepare import NotDecoded, decoding_forbidden
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.text import quote
from ganzoo.jobs.models.open_dataset import open_dataset

_MAX_HEADERS = 500  # images whose headers are read, evenly spread
_GRAY = ("1", "L", "LA", "La", "I", "I;16", "F")  # modes of Pillow


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Number, size and kind of the images of a data set.

    Args:
        images: Number of files named like an image.
        size: The smaller edge in pixels that half of the images reach.
        gray: Whether nearly all of them have one channel.
        raw: Whether they are TIFF or NumPy's files, which are taken as they are.
    """

    images: int
    size: int
    gray: bool
    raw: bool = False


def survey_images(part: Part) -> Survey:
    """Look at the images that a data set would decode; of many, at some.

    Args:
        part: The data set as a table of a recipe, with the options that choose among its files.

    Raises:
        UsageError: There is nothing, or the data set is not made of files.
        InvalidInput: There is no image, none that can be read, or no way to know which are meant.
    """
    files, names = _find_images(part)
    edges, gray = [], 0
    raw = not names[0].lower().endswith(SUFFIXES)
    with files.reader() as read:
        for name in names[:: -(-len(names) // _MAX_HEADERS)]:
            try:
                if raw:
                    edges.append(min(decode_image(read(name), name).shape[:2]))
                    continue
                with Image.open(io.BytesIO(read(name)), formats=FORMATS) as image:
                    edges.append(min(image.size))
                    gray += image.mode in _GRAY
            except Exception:  # a broken file is named when the data are prepared
                continue
    if not edges:
        raise InvalidInput(
            f"No image in {quote(files.where)} can be read. Received: {quote(names[0])}."
        )
    return Survey(
        images=len(names),
        size=int(statistics.median_high(edges)),
        gray=gray > 0.9 * len(edges),
        raw=raw,
    )


def _find_images(part: Part) -> tuple[Files, Sequence[str]]:
    try:
        with decoding_forbidden():
            open_dataset(part)
    except NotDecoded as found:
        return found.files, found.names
    raise UsageError(
        f"A recipe is proposed for files of images. Received: the data set {part.name!r}.",
        hint=f"The models on it: ganzoo list {part.name}",
    )
