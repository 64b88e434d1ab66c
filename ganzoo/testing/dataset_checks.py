"""Checks of a data set, without any framework."""

import functools
import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.recipe.checks import check_plugin_options
from ganzoo.catalog.recipe.recipe import Part
from ganzoo.data.dataset import Dataset
from ganzoo.files.digests import tensors_digest
from ganzoo.jobs.models.open_dataset import open_dataset
from ganzoo.testing.check_report import CheckFailed, Report, require, run_checks

# The checks of a data set, each with the checks that must have passed before.
DATASET_CHECKS: Mapping[str, tuple[str, ...]] = {
    "opens": (),
    "description": ("opens",),
    "labels": ("opens",),
    "fingerprint": ("opens",),
    "repeats": ("opens",),
    "order": ("opens",),
    "copies": ("opens",),
    "epochs": ("opens",),
    "tidy": ("opens",),
}
_ROWS = 256  # rows that are compared, evenly spread over the data
_EMPTY = {"", "?", "-", "todo", "tbd", "none", "unknown", "n/a"}


class DatasetCase:
    """A data set under test, opened twice.

    Args:
        part: Its name and options, as in a recipe.
    """

    def __init__(self, part: Part):
        self.part = part
        self.plugin = discovery.find_plugin("dataset", part.name)

    @functools.cached_property
    def new_files(self) -> set[str]:
        """Names in the working folder that are there only since the data set was opened."""
        before = set(os.listdir())
        _ = self.first
        return set(os.listdir()) - before

    @functools.cached_property
    def first(self) -> Dataset:
        return open_dataset(self.part)

    @functools.cached_property
    def second(self) -> Dataset:
        return open_dataset(self.part)

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """Indices of some rows, in falling order."""
        count = len(self.first)
        rows = np.unique(np.linspace(0, count - 1, min(count, _ROWS)).astype("int64"))
        return rows[::-1]


def check_dataset(
    name: str,
    options: Mapping[str, Any] | None = None,
    *,
    checks: Iterable[str] | None = None,
    raises: bool = True,
) -> Report:
    """Check an installed data set. It is opened twice, so it may be downloaded and prepared.

    The first line of each check's function says what it demands.

    Args:
        name: Name of the data set, or `"distribution:name"`.
        options: Keyword arguments of its function.
        checks: Names of the checks to run; by default all of `DATASET_CHECKS`.
        raises: Raise an error if a check fails.

    Raises:
        CheckFailed: a check failed and `raises` is true.
        UnknownName, UsageError: there is no such data set, or it does not take these options.
    """
    part = Part.model_validate({"name": name, **(options or {})})
    check_plugin_options("dataset", part, "the options")
    case = DatasetCase(part)
    results = run_checks(case, globals(), DATASET_CHECKS, checks)
    report = Report(kind="data set", name=name, setting={"options": part.options}, results=results)
    if raises and not report.passed:
        raise CheckFailed(report)
    return report


def check_opens(case: DatasetCase) -> None:
    """It opens and is a `Dataset`, which checks types, shapes and ranges itself."""
    _ = case.new_files


def check_description(case: DatasetCase) -> None:
    """It has its plugin's name, a license and a source; JSON can hold its description."""
    data = case.first
    expected = case.plugin.name
    require(data.name == expected, f"Its name must be {expected!r}. Received: {data.name!r}.")
    for field in ("license", "source"):
        text = str(getattr(data, field))
        stated = text.strip().lower() not in _EMPTY
        require(stated, f"Its {field} must say something. Received: {text!r}.")
    json.dumps(data.describe(), allow_nan=False)


def check_labels(case: DatasetCase) -> None:
    """Each class has a name of its own, and each class has samples."""
    data = case.first
    blank = [name for name in data.classes if not isinstance(name, str) or not name.strip()]
    unique = not blank and len(set(data.classes)) == len(data.classes)
    require(unique, f"Classes must have names of their own. Received: {data.classes}.")
    if data.labels is None or data.labels.ndim != 1:
        return
    counts = np.bincount(np.asarray(data.labels), minlength=len(data.classes))
    for name, count in zip(data.classes, counts, strict=True):
        require(count, f"No sample is of the class {name!r}.")


def check_fingerprint(case: DatasetCase) -> None:
    """Its fingerprint is a SHA-256, the same at each opening, and another for fewer samples."""
    one, other = case.first.fingerprint, case.second.fingerprint
    is_digest = re.fullmatch(r"[0-9a-f]{64}", str(one))
    require(is_digest, f"Its fingerprint must be a SHA-256 in hex. Received: {one!r}.")
    require(one == other, f"Opened twice, its fingerprint is {one[:9]}... and then {other[:9]}...")
    if len(case.first) > 1:
        fewer = case.first.first(len(case.first) - 1).fingerprint
        require(fewer != one, "Without its last sample, its fingerprint is the same.")


def check_repeats(case: DatasetCase) -> None:
    """Opened twice, it holds the same samples and labels in the same order."""
    one, other = len(case.first), len(case.second)
    require(one == other, f"Opened twice, it holds {one} samples and then {other}.")
    same = _rows_digest(case.first, case.rows) == _rows_digest(case.second, case.rows)
    require(same, "Opened twice, it holds other samples or another order of them.")


def check_order(case: DatasetCase) -> None:
    """`batch` returns the rows of the given indices, in their order."""
    data, rows = case.first, case.rows
    images, labels = data.batch(rows)
    for position in (0, len(rows) // 2, len(rows) - 1):
        image, label = data.batch(rows[position : position + 1])
        same = np.array_equal(images[position], image[0])
        if labels is not None and label is not None:
            same = same and np.array_equal(labels[position], label[0])
        require(same, f"Row {rows[position]} differs in a batch and alone.")


def check_copies(case: DatasetCase) -> None:
    """Writing into a batch changes nothing of the data."""
    data, rows = case.first, case.rows
    before = _rows_digest(data, rows)
    for array in data.batch(rows):
        if array is not None:
            array[...] = 0
    same = _rows_digest(data, rows) == before
    require(same, "Writing into a batch changes the data: a batch must be a copy.")


def check_epochs(case: DatasetCase) -> None:
    """Samples made anew for training follow from row, epoch and seed, and are like the others."""
    data, rows = case.first, case.rows[:8]
    draw, draw_again = data.draw, case.second.draw
    if draw is None or draw_again is None:
        return
    made, again = _arrays(draw(rows, 1, 7)), _arrays(draw_again(rows, 1, 7))
    require(_same(made, again), "The same rows, epoch and seed give other samples.")
    alone, last = _arrays(draw(rows[-1:], 1, 7)), [array[-1:] for array in made]
    require(_same(alone, last), "A row differs in a batch and alone.")
    for array, expected in zip(made, _arrays(data.batch(rows)), strict=True):
        same = (array.shape, array.dtype) == (expected.shape, expected.dtype)
        require(same, f"It makes {array.dtype} {array.shape}, but holds {expected.shape}.")
    others = [_arrays(draw(rows, *at)) for at in ((2, 7), (1, 8))]
    differ = not any(_same(one, made) for one in others)
    require(differ, "Another epoch and another seed must give other samples.")


def check_tidy(case: DatasetCase) -> None:
    """Opening it leaves nothing in the working folder."""
    files = sorted(case.new_files)
    require(not files, f"Opening it leaves {files} in the working folder.")


def _arrays(parts: tuple[np.ndarray, np.ndarray | None]) -> list[np.ndarray]:
    return [part for part in parts if part is not None]


def _same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(one, other, strict=True))


def _rows_digest(data: Dataset, rows: np.ndarray) -> str:
    images, labels = data.batch(rows)
    arrays = {"images": images} | ({} if labels is None else {"labels": labels})
    return tensors_digest(arrays)
