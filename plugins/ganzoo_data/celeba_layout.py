"""Official layout of CelebA: its images and the list of their attributes."""

import codecs
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ganzoo.data.archive import open_zip
from ganzoo.data.folder import MAX_FILE_BYTES, Files, open_folder
from ganzoo.errors import InvalidInput, unknown
from ganzoo.files.reading import read_bytes
from ganzoo.files.text import quote

_FOLDER = "img_align_celeba"
_ARCHIVE = "img_align_celeba.zip"
_ATTRIBUTES = "list_attr_celeba.txt"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The parts of CelebA that were found.

    Args:
        files: Files of the folder or archive that holds the images.
        image_names: Names of the images, in the order of their numbers.
        attributes: Reads the list of attributes; `None` if there is none.
    """

    files: Files
    image_names: tuple[str, ...]
    attributes: Callable[[], bytes] | None


def find_layout(path: Path) -> Layout:
    """Find CelebA in a folder or zip archive.

    The folder may also be `img_align_celeba` itself, or hold `img_align_celeba.zip`, at any
    depth; the list of attributes may lie anywhere in it, or beside it.

    Raises:
        UsageError: Nothing is there.
        InvalidInput: There are no images in the official layout, or two sets of them.
    """
    files = open_zip(path) if path.is_file() else open_folder(path)
    attributes = _attributes(files)
    image_names = _image_names(files)
    if not image_names:
        archives = [name for name in files.names if PurePosixPath(name).name == _ARCHIVE]
        if path.is_dir() and archives:
            files = open_zip(files.where / archives[0])
            image_names = _image_names(files)
    if not image_names:
        raise InvalidInput(
            f"Expected CelebA's official layout, {_FOLDER}/000001.jpg and so on, in"
            f" {quote(path)}. Received: {len(files.names):,} other files.",
            hint=f"For images of your own: ganzoo train --data {quote(path)}, or with a certain "
            f"architecture: ganzoo train dcgan --data {quote(path)}",
        )
    return Layout(files=files, image_names=image_names, attributes=attributes)


def _image_names(files: Files) -> tuple[str, ...]:
    found: dict[PurePosixPath, list[str]] = {}
    for name in files.names:
        path = PurePosixPath(name)
        # a bare folder of images counts if it has the official name itself
        folder = path.parent.name or files.where.name
        if folder == _FOLDER and path.suffix == ".jpg":
            found.setdefault(path.parent, []).append(name)
    if len(found) > 1:
        raise InvalidInput(
            f"Expected one folder {_FOLDER} in {quote(files.where)}."
            f" Received: {' and '.join(repr(str(parent)) for parent in found)}."
        )
    return tuple(next(iter(found.values()), ()))


def _attributes(files: Files) -> Callable[[], bytes] | None:
    for name in files.names:
        if PurePosixPath(name).name == _ATTRIBUTES:
            return lambda: _read(files, name)
    path = files.where.parent / _ATTRIBUTES
    if path.is_file():
        return lambda: read_bytes(path, limit=MAX_FILE_BYTES)
    return None


def _read(files: Files, name: str) -> bytes:
    with files.reader() as read:
        return read(name)


def attribute_labels(
    layout: Layout, image_names: Sequence[str], attribute: str | None
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Return labels and the names of their classes.

    Args:
        layout: Layout with the list of attributes.
        image_names: Names of the images, in the order of the rows.
        attribute: Name of one attribute, `"all"`, or `None`.

    Returns:
        int32 (n,) and two classes for one attribute; uint8 (n, 40) and 40 names for all.

    Raises:
        UnknownName: There is no such attribute.
        InvalidInput: There is no list, or it is damaged, or an image is not in it.
    """
    if attribute is None:
        return None, ()
    where = layout.files.where
    if layout.attributes is None:
        raise InvalidInput(
            f"Attributes need the official list {_ATTRIBUTES} beside the images."
            f" Received: attribute={attribute!r}, and no such file with {quote(where)}."
        )
    names, rows = _table(layout.attributes(), where)
    if attribute != "all" and attribute not in names:
        raise unknown("attribute", attribute, ["all", *names])
    column = slice(None) if attribute == "all" else names.index(attribute)
    try:
        values = np.array([rows[PurePosixPath(name).name][column] for name in image_names])
    except KeyError as missing:
        raise InvalidInput(
            f"Every image must be in {_ATTRIBUTES}. Received: {missing.args[0]!r} of"
            f" {quote(where)}, which is not."
        ) from None
    if attribute == "all":
        return values.astype(np.uint8), names
    return values.astype(np.int32), (f"not {attribute}", attribute)


def _table(content: bytes, where: Path) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
    """Return the names of the attributes, and for each image 0 or 1 for each of them."""
    try:
        count, header, *lines = content.removeprefix(codecs.BOM_UTF8).decode("ascii").splitlines()
        names = tuple(header.split())
        rows = {}
        for line in lines:
            image, *values = line.split()
            if len(values) != len(names) or not _SIGNS.issuperset(values):
                raise ValueError(f"the row {line[:60]!r}")
            rows[image] = np.array([value == "1" for value in values])
        if not names or len(rows) != int(count) or len(lines) != len(rows):
            raise ValueError(f"{len(lines):,} rows, {len(names)} names, count {count[:20]!r}")
    except ValueError as fault:
        raise InvalidInput(
            f"The list {_ATTRIBUTES} with {quote(where)} must hold a count, a line of names, and"
            f" a row of -1 and 1 for each image. Received: {fault}."
        ) from fault
    return names, rows


_SIGNS = frozenset(("1", "-1"))
