"""CMP Facades: photographs and label maps in pairs. Tyleček and Šára 2013, GCPR.

As Isola et al. 2017 (pix2pix, https://arxiv.org/abs/1611.07004) prepared it:

    train/1.jpg ...     512x256: the photograph on the left, its label map on the right
    val/1.jpg ...       test/1.jpg ...

License: none stated; its authors ask to cite them, https://cmp.felk.cvut.cz/~tylecr1/facade/.
"""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ganzoo.data.availability import DatasetInfo, attach_info
from ganzoo.data.dataset import Dataset, check_max_images
from ganzoo.data.folder import Files
from ganzoo.data.images import Preprocessing, crop_and_fit, open_image
from ganzoo.data.prepare import prepare_files
from ganzoo.errors import InvalidInput, unknown
from ganzoo.files.digests import bytes_digest
from ganzoo.files.text import quote

from .data_files import files_in_folder, find_in_data_home, missing_data, open_files

_DIRECTIONS = {"labels-to-photo": (1, 0), "photo-to-labels": (0, 1)}  # source half, target half
_SPLITS = {"train": 400, "val": 100, "test": 106}  # pairs in each
_LICENSE = "none stated; research data, its authors ask to cite Tyleček and Šára 2013"
_SOURCE = "Tyleček and Šára 2013, https://cmp.felk.cvut.cz/~tylecr1/facade/"
_WAYS = (
    "unpack http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/facades.tar.gz there; it is the"
    " copy that pix2pix's authors offer."
)


@dataclass(frozen=True, kw_only=True)
class _PairOptions:
    """Options by which a pair becomes two images, for the cache's key."""

    halves: int  # height and width of each, in pixels

    def options(self) -> dict[str, Any]:
        return asdict(self)


def facades(
    *,
    data: str | None = None,
    size: int = 256,
    direction: str = "labels-to-photo",
    split: str = "train",
    images: int | None = None,
) -> Dataset:
    """400 facades of houses with their label maps, paired, for image-to-image translation.

    Args:
        data: Path of a folder or zip in the layout of pix2pix. By default `facades` in the data
            folder (GANZOO_DATA).
        size: Height and width of both images in pixels.
        direction: `"labels-to-photo"` or `"photo-to-labels"`.
        split: `"train"`, `"val"` or `"test"`.
        images: Largest number of images to use, in the order of their numbers.

    Returns:
        Target images (n, size, size, 3), and as labels the source images (n, size, size, 3).

    Raises:
        UsageError: Nothing is at `data`, or an option is out of range.
        InvalidInput: The layout is another, or an image is not a pair.
        EnvironmentProblem: Nothing is there.
    """
    count = check_max_images(images)
    Preprocessing(size=size or 0)  # in range?
    if direction not in _DIRECTIONS:
        raise unknown("direction", str(direction), _DIRECTIONS)
    if split not in _SPLITS:
        raise unknown("split", str(split), _SPLITS)
    shape, whole = (size, size, 3), _SPLITS[split]
    known = DatasetInfo(
        name="facades", license=_LICENSE, source=_SOURCE, count=min(count or whole, whole),
        image_shape=shape, source_shape=shape,
    )  # fmt: skip
    with attach_info(known):
        files = open_files(
            data if data is not None else find_in_data_home("facades", _raise_missing)
        )
    files, pairs = _pairs(files, split)
    prepared = prepare_files(
        files,
        pairs[:count],
        dataset="facades",
        preprocessing=_PairOptions(halves=size),
        decode=partial(_decode_pair, size=size),
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


def _raise_missing(root: Path) -> None:
    raise missing_data("The set of facades", root, _WAYS)


def _pairs(files: Files, split: str) -> tuple[Files, list[str]]:
    """Return the pairs of a split in the order of their numbers, named from the folder above."""
    found = [name for name in files.image_names() if PurePosixPath(name).parent.name == split]
    tops = {str(PurePosixPath(name).parent.parent) for name in found}
    if len(tops) != 1:
        raise InvalidInput(
            f"Expected one folder {split!r} with pairs, as pix2pix has it, in {quote(files.where)}."
            f" Received: {'none' if not tops else f'{len(tops)} of them'}."
        )
    top = tops.pop()
    top = "" if top == "." else top
    names = [name.removeprefix(f"{top}/") for name in found]
    files = files_in_folder(files, top)
    return files, sorted(names, key=lambda name: (len(name), name))  # 2.jpg before 10.jpg


def _decode_pair(data: bytes, name: str, *, size: int) -> np.ndarray:
    """Decode both images of a pair, uint8 (2, size, size, 3): left and right."""
    pair = open_image(data, name, mode="rgb")
    side = pair.height
    if pair.width != 2 * side:
        raise InvalidInput(
            f"The image {name!r} cannot be used: a pair is two squares side by side, twice as"
            f" wide as high. Received: {pair.width}x{pair.height} pixels."
        )
    boxes = ((0, 0, side, side), (side, 0, 2 * side, side))
    fits = (Preprocessing(size=size, crop=box) for box in boxes)
    return np.stack([np.asarray(crop_and_fit(pair, name, fit)) for fit in fits])
