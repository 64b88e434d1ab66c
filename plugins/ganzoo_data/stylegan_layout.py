"""Layout of images for StyleGAN, in a zip or a folder.

Karras et al. 2020, https://arxiv.org/abs/2006.06676 and those after it keep data so:

    00000/img00000000.png ...    square images of one size, in a zip without compression
    dataset.json                 {"labels": [["00000/img00000000.png", 6], ...]}, or null

The folders are there only to be small; a class is a number in `dataset.json`.
"""

import codecs
from collections.abc import Sequence
from typing import Any

import numpy as np

from ganzoo.data.folder import Files
from ganzoo.errors import InvalidInput
from ganzoo.files.strict_json import parse_json
from ganzoo.files.text import quote

from .data_files import common_folder, files_in_folder

LABELS_FILE = "dataset.json"
_MAX_CLASSES = 10_000


def find_stylegan_layout(files: Files) -> Files | None:
    """Return the files named from the folder with the list of labels; `None` in other layouts."""
    found = files_in_folder(files, common_folder(files.names))
    return found if LABELS_FILE in found.names else None


class ForeignList(InvalidInput):
    """A `dataset.json` in another format than that of StyleGAN's tools. Exit code 3.

    `has_labels` is `False` if it is JSON of another kind, without labels.
    """

    has_labels = True


def read_stylegan_labels(
    files: Files,
    image_names: Sequence[str],
    classes: Sequence[str] = (),
    *,
    others: Sequence[str] = (),
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Return the labels in `dataset.json`, and the names of their classes.

    Args:
        files: Files in this layout.
        image_names: Names of all images, in the order of the rows.
        classes: Names of the classes, if they are known; by default their numbers, the smallest of
            which is 0 or 1.
        others: Names of images, beside those, that the list may name: those of other splits.

    Returns:
        int32 labels (n,) and the classes; uint8 (n, k) for rows of 0 and 1; `None` and `()` if
        there are no labels.

    Raises:
        InvalidInput: The list is damaged, or does not name each image once.
    """
    where = f"{LABELS_FILE} of {quote(files.where)}"
    labels = read_stylegan_list(files)
    if labels is None:
        return None, ()
    known = {*image_names, *others}
    for missing, there in ((image_names, labels), (labels, known)):
        odd = next((name for name in missing if name not in there), None)
        if odd is not None:
            what = "an image without a label" if there is labels else "a label without its image"
            raise InvalidInput(f"{where} must label each image. Received: {what}, {quote(odd)}.")
    rows = dict.fromkeys([*image_names, *labels])  # all splits have the same classes
    array, classes = _label_array([labels[name] for name in rows], tuple(classes), where)
    return array[: len(image_names)], classes


def read_stylegan_list(files: Files) -> dict[str, object] | None:
    """Return the labels in `dataset.json` by the names of their images; `None` if it has none.

    Args:
        files: Files in this layout.

    Raises:
        ForeignList: It is in another format.
        InvalidInput: It is damaged.
    """
    where = f"{LABELS_FILE} of {quote(files.where)}"
    with files.reader() as read:
        data = read(LABELS_FILE).removeprefix(codecs.BOM_UTF8)
    try:
        content = parse_json(data, where)
    except InvalidInput as error:
        raise ForeignList(error.message) from error
    if not isinstance(content, dict) or "labels" not in content:
        error = ForeignList(f'Expected {{"labels": ...}} in {where}. Received: {quote(content)}.')
        error.has_labels = False
        raise error
    return None if content["labels"] is None else _labels_by_name(content["labels"], where)


def _labels_by_name(entries: object, where: str) -> dict[str, object]:
    if not isinstance(entries, list) or (entries and not any(map(_is_pair, entries))):
        raise ForeignList(
            f"Expected a list of [name, label] or null in {where}. Received: {quote(entries)}."
        )
    labels: dict[str, object] = {}
    for entry in entries:
        if not _is_pair(entry):
            raise InvalidInput(f"Expected [name, label] in {where}. Received: {quote(entry)}.")
        if entry[0] in labels:
            raise InvalidInput(f"{where} labels {quote(entry[0])} twice.")
        labels[entry[0]] = entry[1]
    return labels


def _is_pair(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str)


def _label_array(
    values: list[object], classes: tuple[str, ...], where: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return int32 (n,) of numbers or uint8 (n, k) of rows of 0 and 1, and the classes."""
    rows = [value for value in values if isinstance(value, list)]
    if all(type(value) is int and 0 <= value < _MAX_CLASSES for value in values):
        labels = np.array(values, np.int32)
        count = int(labels.max()) + 1
        if labels.min() == 1 and not classes:  # somebody counted from 1
            return labels - 1, tuple(str(i) for i in range(1, count))
    elif _are_attributes(rows) and len(rows) == len(values):
        labels = np.array(rows, np.uint8)
        count = len(rows[0])
    else:
        odd = next(v for v in values if type(v) is not int or not 0 <= v < _MAX_CLASSES)
        raise InvalidInput(
            f"A label in {where} must be a class from 0 to {_MAX_CLASSES - 1:,}, or all must"
            f" be rows of 0 and 1 of one length. Received: {quote(odd)}."
        )
    names = classes if len(classes) >= count else tuple(str(i) for i in range(count))
    return labels, names[:count] if labels.ndim == 2 else names


def _are_attributes(rows: list[list]) -> bool:
    """Return whether rows hold nothing but 0 and 1, equally many."""
    lengths = {len(row) for row in rows}
    one_length = len(lengths) == 1 and 0 < min(lengths) < _MAX_CLASSES
    return one_length and all(number in (0, 1) for row in rows for number in row)
