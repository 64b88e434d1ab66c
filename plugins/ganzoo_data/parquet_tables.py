"""Tables of images in Parquet, as `datasets` repositories of the Hub have them.

    data/train-00000-of-00002.parquet     image: {bytes, path}, or bytes, or the path of a file
    data/train-00001-of-00002.parquet     label: a number, with names in the schema, or a word

Rows are read a few at a time, on their way into the prepared array.
"""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from ganzoo.data.folder import Files, Read
from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError
from ganzoo.files.digests import bytes_digest
from ganzoo.files.text import quote

SUFFIX = ".parquet"
_BATCH = 32  # rows in memory at once
_LABELS = ("label", "labels", "class")
_IMAGES = ("image", "img", "images", "jpg", "png")
_MAX_CLASSES = 10_000


@dataclass(frozen=True, kw_only=True)
class ImageTable:
    """Images and labels of tables.

    Args:
        files: The images, each as a file of its own.
        labels: int32 (n,), or `None` if no column has any.
        classes: Names of the classes.
    """

    files: Files
    labels: np.ndarray | None
    classes: tuple[str, ...]


def read_tables(
    files: Files, tables: Sequence[str], image_column: str | None, label_column: str | None
) -> ImageTable:
    """Return the images and the labels in Parquet files of one schema.

    Args:
        files: Files that the tables are among, and the images, if columns hold paths.
        tables: Names of the tables, in the order of the rows.
        image_column: Name of the column of images; by default the only one that can be.
        label_column: Name of the column of labels; by default the only one of classes.

    Raises:
        UsageError: There is no such column, or several can be meant.
        InvalidInput: A table is damaged, or has no images.
        EnvironmentProblem: pyarrow is not installed.
    """
    schema, features = _schema(files, tables[0])
    image = _image_column(schema, features, image_column, tables[0])
    label = _label_column(schema, features, label_column, tables[0])
    rows: dict[str, tuple[str, int]] = {}
    values: list[Any] = []
    for table in tables:
        with _opened(files, table) as file:
            for name in (image, label):
                if name is not None and name not in file.schema_arrow.names:
                    raise InvalidInput(f"The table {quote(table)} has no column {quote(name)}.")
            rows |= {f"{table}/{i:08d}": (table, i) for i in range(file.metadata.num_rows)}
            if label is not None:
                values += file.read([label])[label].to_pylist()
    if not rows:
        raise InvalidInput(f"The table {quote(tables[0])} holds no image: it has no rows.")
    labels, classes = (None, ()) if label is None else _classes(values, features.get(label), label)

    @contextlib.contextmanager
    def reader() -> Iterator[Read]:
        with files.reader() as read:
            cells = _Cells(files, image, read)
            yield lambda name: cells.read(*rows[name])

    stamp = bytes_digest(f"{files.stamp} {image}".encode())
    own = replace(files, names=tuple(rows), folders=(), stamp=stamp, reader=reader)
    return ImageTable(files=own, labels=labels, classes=classes)


class _Cells:
    """Cells of a column, read forward in batches."""

    def __init__(self, files: Files, column: str, read: Read):
        self.files, self.column, self.read_file = files, column, read
        self._table, self._start, self._cells = "", 0, []
        self._batches: Iterator[Any] = iter(())

    def read(self, table: str, row: int) -> bytes:
        """Return the bytes of the image in a row."""
        try:
            if table != self._table or row < self._start:
                self._batches = self._read_batches(table)
                self._table, self._start, self._cells = table, 0, []
            while row >= self._start + len(self._cells):
                self._start += len(self._cells)
                self._cells = next(self._batches).column(0).to_pylist()
        except (OSError, ValueError, StopIteration) as fault:
            raise _damaged(table, fault) from fault
        cell = self._cells[row - self._start]
        path = cell.get("path") if isinstance(cell, dict) else cell
        content = cell.get("bytes") if isinstance(cell, dict) else cell
        if isinstance(content, bytes):
            return content
        if not isinstance(path, str):
            raise InvalidInput(f"Row {row:,} of the table {quote(table)} has no image.")
        below = str(PurePosixPath(table).parent / path)
        found = next((name for name in (path, below) if name in self.files.names), None)
        if found is None:
            raise InvalidInput(
                f"The image {quote(path)} in row {row:,} of the table {quote(table)} is not there."
            )
        return self.read_file(found)

    def _read_batches(self, table: str) -> Iterator[Any]:
        with _opened(self.files, table) as file:
            yield from file.iter_batches(_BATCH, columns=[self.column])


@contextlib.contextmanager
def _opened(files: Files, table: str) -> Iterator[Any]:
    try:
        import pyarrow.parquet
    except ImportError:
        raise EnvironmentProblem(
            "Parquet files are read by pyarrow, which is not installed.",
            hint="pip install 'keras-ganzoo[hub]'",
        ) from None
    try:
        file = pyarrow.parquet.ParquetFile(files.where / table)
    except (OSError, ValueError) as fault:
        raise _damaged(table, fault) from fault
    with file:
        yield file


def _damaged(table: str, fault: Exception) -> InvalidInput:
    reason = " ".join(str(fault).split()) or "it ends too early"
    return InvalidInput(f"The table {quote(table)} is damaged or cut off: {quote(reason, 200)}.")


def _schema(files: Files, table: str) -> tuple[Any, dict[str, Any]]:
    """Return a table's schema, and what `datasets` wrote into it about each column."""
    with _opened(files, table) as file:
        schema = file.schema_arrow
    try:
        written = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = written["info"]["features"]
        return schema, {name: kind for name, kind in features.items() if isinstance(kind, dict)}
    except (ValueError, KeyError, TypeError, AttributeError):
        return schema, {}


def _image_column(schema: Any, features: dict[str, Any], chosen: str | None, table: str) -> str:
    if chosen is not None:
        return _check_column(schema, chosen, "image_column", table)
    types = {field.name: str(field.type) for field in schema}
    found = [name for name in types if features.get(name, {}).get("_type") == "Image"]
    found = found or [
        name for name, kind in types.items() if kind in ("binary", "large_binary")
        or (kind.startswith("struct<") and "bytes: binary" in kind)
    ]  # fmt: skip
    found = found or [name for name in types if name.lower() in _IMAGES]
    if len(found) == 1:
        return found[0]
    if not found:
        raise InvalidInput(f"The table {quote(table)} has no column of images: {', '.join(types)}.")
    raise UsageError(
        f"Several columns of {quote(table)} can be the images: {', '.join(found)}.",
        hint=f"Choose one: --set dataset.image_column={found[0]}.",
    )


def _label_column(
    schema: Any, features: dict[str, Any], chosen: str | None, table: str
) -> str | None:
    if chosen is not None:
        return _check_column(schema, chosen, "label_column", table)
    found = [name for name in schema.names if features.get(name, {}).get("_type") == "ClassLabel"]
    found = found or [name for name in schema.names if name.lower() in _LABELS]
    if len(found) > 1:
        raise UsageError(
            f"Several columns of {quote(table)} can be the labels: {', '.join(found)}.",
            hint=f"Choose one: --set dataset.label_column={found[0]}.",
        )
    return found[0] if found else None


def _check_column(schema: Any, name: str, option: str, table: str) -> str:
    if name not in schema.names:
        raise UsageError(
            f"The table {quote(table)} has the columns {', '.join(schema.names)}. Received:"
            f" {option}={name!r}."
        )
    return name


def _classes(values: list[Any], feature: Any, column: str) -> tuple[np.ndarray, tuple[str, ...]]:
    names = tuple(map(str, feature.get("names") or ())) if isinstance(feature, dict) else ()
    if all(type(value) is str for value in values):
        names = tuple(sorted(set(values)))
        index = {name: i for i, name in enumerate(names)}
        return np.array([index[value] for value in values], np.int32), names
    limit = len(names) or _MAX_CLASSES
    odd = next((v for v in values if type(v) is not int or not 0 <= v < limit), None)
    if odd is not None or None in values:
        raise InvalidInput(
            f"The labels in the column {quote(column)} must be words, or classes from 0 to"
            f" {limit - 1:,}. Received: {quote(odd)}.",
            hint="Choose another column: --set dataset.label_column=NAME.",
        )
    return np.array(values, np.int32), names or tuple(map(str, range(max(values) + 1)))
