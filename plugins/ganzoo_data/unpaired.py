"""Images of two domains without pairs: Zhu et al. 2017 (CycleGAN), https://arxiv.org/abs/1703.10593.

The user's own, as two folders or archives, or as two class folders of one:

    trainA/1.jpg ...     images to start from (the source)
    trainB/1.jpg ...     images to reach (the target)
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.data.cache import Prepared, load_or_build, write_array
from ganzoo.data.dataset import Dataset
from ganzoo.data.folder import Files, class_labels
from ganzoo.data.images import Preprocessing, open_image
from ganzoo.data.prepare import prepare_files
from ganzoo.errors import InvalidInput, UsageError, unknown
from ganzoo.files.digests import bytes_digest
from ganzoo.files.text import quote

from .data_files import common_folder, files_in_folder, open_files

_OFFICIAL = ("trainA", "trainB")  # as CycleGAN's own data sets call them, beside testA and testB
_SPLITS = {"train", "val", "test"}  # as pix2pix's data sets call theirs
_CHUNK = 256  # images in memory at once


def unpaired(
    *,
    data: str | None = None,
    source: str | None = None,
    target: str | None = None,
    size: int | list[int] = 256,
    fit: str = "crop",
    border: str = "white",
    mirror: bool = False,
) -> Dataset:
    """Your own images of two domains, for image-to-image translation without pairs.

    The images of the smaller domain are repeated from the first, so that both have as many as
    the larger one.

    Args:
        data: Path of a folder or zip with a folder for each domain. Without it, `source` and
            `target` are paths of two folders or zips.
        source: Name of the folder of source images; by default trainA, or of two the first in
            the order of their names.
        target: Name of the folder of target images; by default the other one.
        size: Height and width in pixels, or `[height, width]`.
        fit: How images of other proportions get there: `"crop"`, their largest centered part;
            `"pad"`, with borders; or `"stretch"`.
        border: Color of those borders: `"white"`, `"#808080"`.
        mirror: Whether each image of a domain is there a second time, mirrored
            left to right.

    Returns:
        Target images (n, height, width, 3) and, as labels that are unrelated to them, source images
        (n, height, width, 3).

    Raises:
        UsageError: Nothing is there, or an option is out of range.
        InvalidInput: There are not two such folders, or an image cannot be used.
    """
    preprocessing = Preprocessing(size=size, mode="rgb", fit=fit, border=border, mirror=mirror)
    if data is None:
        domains = [_all_images(open_files(path)) for path in _check_two_paths(source, target)]
    else:
        domains = _two_folders(open_files(data), source, target)
    before, after = (
        prepare_files(files, image_names, dataset=f"unpaired, {what}", preprocessing=preprocessing)
        for what, (files, image_names) in zip(("source", "target"), domains, strict=True)
    )
    count = max(len(before.images), len(after.images))
    prints = f"{before.about['fingerprint']} to {after.about['fingerprint']}"
    return Dataset(
        name="unpaired",
        images=_repeat(after, count),
        labels=_repeat(before, count),
        paired=False,
        license="not stated (the user's own images)",
        source=" to ".join(dict.fromkeys(str(files.where) for files, _ in domains)),
        fingerprint=bytes_digest(f"unpaired {prints}".encode()),
    )


def _check_two_paths(source: str | None, target: str | None) -> tuple[str, str]:
    """Return the paths, if there is something at both; the names in a card are no paths."""
    if source is not None and target is not None:
        missing = [quote(path) for path in (source, target) if not Path(path).exists()]
        if not missing:
            return source, target
        hint = f"There is nothing at {' and '.join(missing)}."
    else:
        hint = None
    raise UsageError(
        "unpaired needs --data PATH, a folder or zip with two folders of images; or the"
        " paths of two as source and target. Received:"
        f" data=None, source={source!r}, target={target!r}.",
        hint=hint,
    )


_Domain = tuple[Files, tuple[str, ...]]  # files, and the names of the images among them


def _all_images(files: Files) -> _Domain:
    image_names = files.image_names()
    folder = common_folder(image_names)
    files = files_in_folder(files, folder)
    return files, tuple(files.image_names())


def _two_folders(files: Files, source: str | None, target: str | None) -> list[_Domain]:
    """Return the images of the two chosen class folders."""
    image_names = files.image_names()
    folder = common_folder(image_names)
    files = files_in_folder(files, folder)
    image_names = files.image_names()
    labels, names = class_labels(files, image_names)
    if set(names) <= _SPLITS:
        _refuse_pairs(files, image_names[0])
    if labels is None:
        raise InvalidInput(
            f"Expected two folders of images in {quote(files.where)}. Received: one."
        )
    chosen = _choose_folders(names, source, target, files)
    return [
        (files, tuple(itertools.compress(image_names, labels == names.index(name))))
        for name in chosen
    ]


def _refuse_pairs(files: Files, name: str) -> None:
    """Refuse the layout of pix2pix: splits instead of domains, two images in each file."""
    with files.reader() as read:
        width, height = open_image(read(name), name, mode="rgb").size
    if width == 2 * height:
        raise InvalidInput(
            f"Expected two folders of images, one of each domain, in {quote(files.where)}."
            f" Received: pairs, such as {quote(name)} with {width}x{height} pixels.",
            hint="Pairs are read by the data set 'facades': --set dataset.name=facades.",
        )


def _choose_folders(
    names: tuple[str, ...], source: str | None, target: str | None, files: Files
) -> tuple[str, str]:
    """Return the names of the source and the target folder."""
    if source is None and target is None and set(_OFFICIAL) <= set(names):
        return _OFFICIAL
    for name in (source, target):
        if name is not None and name not in names:
            raise unknown("folder of images", str(name), names)
    rest = [name for name in names if name not in (source, target)]
    missing = (source is None) + (target is None)
    if source == target is not None or len(rest) < missing or (missing and len(names) > 2):
        raise UsageError(
            f"Name two of the folders of images in {quote(files.where)}: {', '.join(names[:10])}"
            f"{', ...' if names[10:] else ''}. Received: source={source!r}, target={target!r}.",
            hint="For instance: --set dataset.source=A --set dataset.target=B.",
        )
    source = rest.pop(0) if source is None else source
    target = rest.pop(0) if target is None else target
    return source, target


def _repeat(prepared: Prepared, count: int) -> np.ndarray:
    """Return the images, repeated until there are `count`, as a memory map."""
    images = prepared.images
    if len(images) == count:
        return images

    def rows() -> Iterator[np.ndarray]:
        for start in range(0, count, _CHUNK):
            yield images[np.arange(start, min(start + _CHUNK, count)) % len(images)]

    def build(folder: Path) -> dict[str, Any]:
        write_array(folder / "images.npy", (count, *images.shape[1:]), "uint8", rows())
        return {}

    key = {"repeated": prepared.about["fingerprint"], "count": count}
    return load_or_build(key, build).images
