"""CMP Facades: photographs and label maps in pairs. Tyleček and Šára 2013, GCPR.

As Isola et al. 2017 (pix2pix, https://arxiv.org/abs/1611.07004) prepared it:

    train/1.jpg ...     512x256: the photograph on the left, its label map on the right
    val/1.jpg ...       test/1.jpg ...

License: none stated; its authors ask to cite them, https://cmp.felk.cvut.cz/~tylecr1/facade/.
"""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from ganzoo.data.dataset import Dataset, check_max_images
from ganzoo.data.fetching import Known, described
from ganzoo.data.folder import Files
from ganzoo.data.images import Preprocessing, crop_and_resize, open_image
from ganzoo.data.prepare import prepare_files
from ganzoo.errors import InvalidInput, unknown
from ganzoo.files.digests import bytes_digest
from ganzoo.files.text import quote

from .places import at_home, not_here, open_files, within

_DIRECTIONS = {"labels-to-photo": (1, 0), "photo-to-labels": (0, 1)}  # source half, target half
_PARTS = {"train": 400, "val": 100, "test": 106}  # pairs in each
_LICENSE = "none stated; research data, its authors ask to cite Tyleček and Šára 2013"
_SOURCE = "Tyleček and Šára 2013, https://cmp.felk.cvut.cz/~tylecr1/facade/"
_WAYS = (
    "unpack http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/facades.tar.gz there; it is the"
    " copy that pix2pix's authors offer."
)


@dataclass(frozen=True, kw_only=True)
class _Halves:
    """How a pair becomes two images, for the cache's key."""

    halves: int  # height and width of each, in pixels

    def options(self) -> dict[str, Any]:
        return asdict(self)


def facades(
    *,
    data: str | None = None,
    size: int = 256,
    direction: str = "labels-to-photo",
    part: str = "train",
    images: int | None = None,
) -> Dataset:
    """400 facades of houses with their label maps, in pairs: for translating one to the other.

    Args:
        data: Folder or zip in the layout of pix2pix. By default `facades` in the data folder
            (GANZOO_DATA).
        size: Height and width of both images in pixels.
        direction: `"labels-to-photo"` or `"photo-to-labels"`: from which to which.
        part: `"train"`, `"val"` or `"test"`.
        images: Use at most so many, in the order of their numbers.

    Returns:
        Images (n, size, size, 3) to be reached, and as labels the images (n, size, size, 3)
        to start from.

    Raises:
        UsageError: Nothing is at `data`, or an option is out of range.
        InvalidInput: Not that layout, or an image that is no pair.
        EnvironmentProblem: Nothing is there.
    """
    count = check_max_images(images)
    Preprocessing(size=size or 0)  # in range?
    if direction not in _DIRECTIONS:
        raise unknown("direction", str(direction), _DIRECTIONS)
    if part not in _PARTS:
        raise unknown("part", str(part), _PARTS)
    with described(_known(min(count or _PARTS[part], _PARTS[part]), size)):
        files = open_files(data if data is not None else at_home("facades", _bring))
    files, pairs = _pairs(files, part)
    prepared = prepare_files(
        files,
        pairs[:count],
        dataset="facades",
        preprocessing=_Halves(halves=size),
        decode=partial(_halves, size=size),
    )
    source, target = _DIRECTIONS[direction]
    return Dataset(
        name="facades",
        images=prepared.images[:, target],  # (n, 2, size, size, 3) -> (n, size, size, 3)
        labels=prepared.images[:, source],
        license=_LICENSE,
        source=_SOURCE,
        fingerprint=bytes_digest(f"{prepared.about['fingerprint']} {direction}".encode()),
    )


def _known(count: int, size: int) -> Known:
    return Known(
        name="facades",
        license=_LICENSE,
        source=_SOURCE,
        count=count,
        image_shape=(size, size, 3),
        source_shape=(size, size, 3),
    )


def _bring(root) -> None:
    raise not_here("The set of facades", root, _WAYS)


def _pairs(files: Files, part: str) -> tuple[Files, list[str]]:
    """The pairs of a part in the order of their numbers, named from the folder above."""
    found = [name for name in files.image_names() if PurePosixPath(name).parent.name == part]
    tops = {str(PurePosixPath(name).parent.parent) for name in found}
    if len(tops) != 1:
        raise InvalidInput(
            f"Expected one folder {part!r} with pairs, as pix2pix has it, in {quote(files.where)}."
            f" Received: {'none' if not tops else f'{len(tops)} of them'}."
        )
    top = tops.pop()
    top = "" if top == "." else top
    names = [name.removeprefix(f"{top}/") for name in found]
    files = within(files, top)
    return files, sorted(names, key=lambda name: (len(name), name))  # 2.jpg before 10.jpg


def _halves(data: bytes, name: str, *, size: int) -> np.ndarray:
    """Both images of a pair, uint8 (2, size, size, 3): left and right."""
    pair = open_image(data, name, mode="rgb")
    side = pair.height
    if pair.width != 2 * side:
        raise InvalidInput(
            f"The image {name!r} cannot be used: a pair is two squares side by side, twice as"
            f" wide as high. Received: {pair.width}x{pair.height} pixels."
        )
    boxes = ((0, 0, side, side), (side, 0, 2 * side, side))
    return np.stack([np.asarray(crop_and_resize(pair, name, size=size, crop=box)) for box in boxes])
