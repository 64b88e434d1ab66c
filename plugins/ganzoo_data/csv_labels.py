"""Labels of one's own images in `labels.csv`, beside them or above: a row for each image.

    file,class            file,smiling,hat        file,age,weight
    1.png,cat             1.png,1,0               1.png,3.5,4.1
    more/2.png,dog        more/2.png,0,0          more/2.png,12.0,5.5

Columns are separated by commas, semicolons or tabs.
"""

import codecs
import csv
from collections.abc import Sequence

import numpy as np

from ganzoo.data.folder import Files
from ganzoo.errors import InvalidInput
from ganzoo.files.text import quote

CSV_FILE = "labels.csv"
_MAX_COLUMNS = 10_000


def read_csv_labels(
    files: Files, image_names: Sequence[str], *, others: Sequence[str] = ()
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the labels in `labels.csv`, and the names of classes, attributes or numbers.

    One column of words or whole numbers is classes; several of 0 and 1 are attributes, all
    other columns of numbers real values.

    Args:
        files: Files named from the folder that holds the list.
        image_names: Names of the images, in the order of the rows.
        others: Names of images that the list may name as well: those of other splits.

    Returns:
        int32 (n,) classes, uint8 (n, k) attributes, or float32 (n, k) numbers; and the names.

    Raises:
        InvalidInput: The list is damaged, or does not name each image once.
    """
    where = f"{CSV_FILE} of {quote(files.where)}"
    header, rows = _table(files, where)
    for name in image_names:
        if name not in rows:
            raise InvalidInput(
                f"{where} must label each image. Received: an image without a label, {quote(name)}."
            )
    known = {*image_names, *others}
    odd = next((name for name in rows if name not in known), None)
    if odd is not None:
        raise InvalidInput(
            f"{where} must label images. Received: a label without its image, {quote(odd)}."
        )
    every = list(dict.fromkeys([*image_names, *rows]))  # all splits have the same classes
    array, names = _label_array([rows[name] for name in every], header, where)
    return array[: len(image_names)], names


def _table(files: Files, where: str) -> tuple[list[str], dict[str, list[str]]]:
    """Return the names of the columns of labels, and the labels of each file."""
    with files.reader() as read:
        data = read(CSV_FILE).removeprefix(codecs.BOM_UTF8)
    try:
        lines = data.decode().splitlines()
        separator = max(",;\t", key=lines[0].count) if lines else ","
        table = [row for row in csv.reader(lines, delimiter=separator, strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as fault:
        raise InvalidInput(f"{where} is no CSV file in UTF-8: {fault}.") from fault
    header = [name.strip() for name in table[0][1:]] if table else []
    if len(table) < 2 or not header or len(header) > _MAX_COLUMNS or "" in header:
        raise InvalidInput(
            f"Expected a line of names in {where}, such as file,class, and a row for each image."
            f" Received: {quote(lines[0] if lines else '')}."
        )
    rows: dict[str, list[str]] = {}
    for name, *labels in table[1:]:
        name = name.strip().replace("\\", "/").removeprefix("./")
        if len(labels) != len(header):
            raise InvalidInput(
                f"A row of {where} must have {len(header) + 1} columns. Received: {quote(name)}"
                f" with {len(labels) + 1}."
            )
        if name in rows:
            raise InvalidInput(f"{where} labels {quote(name)} twice.")
        rows[name] = [label.strip() for label in labels]
    return header, rows


def _label_array(
    rows: list[list[str]], header: list[str], where: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    if len(header) == 1 and any(not _is_number(row[0]) or row[0].isdecimal() for row in rows):
        words = {row[0] for row in rows}
        numbers = all(word.isdecimal() for word in words)
        names = tuple(sorted(words, key=int if numbers else str))
        if "" in names:
            raise InvalidInput(f"Each image in {where} must have a class. Received: none for one.")
        index = {name: i for i, name in enumerate(names)}
        return np.array([index[row[0]] for row in rows], np.int32), names
    odd = next((label for row in rows for label in row if not _is_number(label)), None)
    if odd is not None:
        raise InvalidInput(
            f"Several columns of labels in {where} must be numbers. Received: {quote(odd)}.",
            hint="Classes stand in one column.",
        )
    if all(label in ("0", "1") for row in rows for label in row):
        return np.array(rows).astype(np.uint8), tuple(header)
    return np.array(rows, np.float64).astype(np.float32), tuple(header)


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(np.float32(float(text))))
    except ValueError:
        return False
