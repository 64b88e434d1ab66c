"""`check_dataset`: the promises of a data set, one named check each. No framework is needed."""

import functools
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.recipe.checks import check_plugin_options
from ganzoo.catalog.recipe.recipe import Part
from ganzoo.data.dataset import Dataset
from ganzoo.files.digests import tensors_digest
from ganzoo.jobs.models.build import open_dataset
from ganzoo.testing.report import Broken, CheckFailed, Report, run, wanted

# Each check, and the checks without which it tells nothing.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "opens": (),
    "named": ("opens",),
    "labels": ("opens",),
    "fingerprint": ("opens",),
    "repeats": ("opens",),
    "order": ("opens",),
    "copies": ("opens",),
    "tidy": ("opens",),
}
_ROWS = 256  # that are looked at, evenly spread over the data
_SAYS_NOTHING = {"", "?", "-", "todo", "tbd", "none", "unknown", "n/a"}


class _Opened:
    """A data set, opened twice."""

    def __init__(self, part: Part):
        self.part = part
        self.plugin = discovery.find_plugin("dataset", part.name)

    @functools.cached_property
    def beside(self) -> tuple[set[str], set[str]]:
        """What lies in the working folder before it is opened and after."""
        before = set(os.listdir())
        _ = self.first
        return before, set(os.listdir())

    @functools.cached_property
    def first(self) -> Dataset:
        return open_dataset(self.part)

    @functools.cached_property
    def second(self) -> Dataset:
        return open_dataset(self.part)

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """Indices of a few rows, not in rising order."""
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
    """Check an installed data set. It is opened twice, so it may be fetched and prepared.

    Args:
        name: The data set's name, or `"distribution:name"`.
        options: Keywords of its function.
        checks: Names of the checks to run; by default all.
        raises: Whether a failed check is an error.

    Returns:
        What was found.

    Raises:
        CheckFailed: a check failed and `raises` is true.
        UnknownName, UsageError: there is no such data set, or it does not take these options.
    """
    part = Part.model_validate({"name": name, **(options or {})})
    check_plugin_options("dataset", part, "the options")
    opened = _Opened(part)
    functions: dict[str, Callable[[_Opened], None]] = {
        name: globals()[f"_{name}"] for name in NEEDS
    }
    bound = {check: functools.partial(functions[check], opened) for check in wanted(NEEDS, checks)}
    results = tuple(run(bound, NEEDS))
    report = Report(kind="data set", name=name, setting={"options": part.options}, results=results)
    if raises and not report.passed:
        raise CheckFailed(report)
    return report


def _opens(opened: _Opened) -> None:
    """It opens and is a `Dataset`, which checks types, shapes and ranges itself."""
    _ = opened.beside


def _named(opened: _Opened) -> None:
    """It says its name, its license and where it comes from; all of it can be written down."""
    data = opened.first
    if data.name != opened.plugin.name:
        raise Broken(f"Its name must be {opened.plugin.name!r}. Received: {data.name!r}.")
    for field in ("license", "source"):
        if str(getattr(data, field)).strip().lower() in _SAYS_NOTHING:
            raise Broken(f"Its {field} must say something. Received: {getattr(data, field)!r}.")
    json.dumps(data.describe(), allow_nan=False)


def _labels(opened: _Opened) -> None:
    """Each class has a name of its own, and each class has samples."""
    data = opened.first
    blank = [name for name in data.classes if not isinstance(name, str) or not name.strip()]
    if blank or len(set(data.classes)) < len(data.classes):
        raise Broken(f"Classes must have names of their own. Received: {data.classes}.")
    if data.labels is None or data.labels.ndim != 1:
        return
    counts = np.bincount(np.asarray(data.labels), minlength=len(data.classes))
    missing = [name for name, count in zip(data.classes, counts, strict=True) if not count]
    if missing:
        raise Broken(f"No sample is of the class {missing[0]!r}.")


def _fingerprint(opened: _Opened) -> None:
    """Its fingerprint is a SHA-256, the same at each opening, and another for fewer samples."""
    one, other = opened.first.fingerprint, opened.second.fingerprint
    if not re.fullmatch(r"[0-9a-f]{64}", str(one)):
        raise Broken(f"Its fingerprint must be a SHA-256 in hex. Received: {one!r}.")
    if one != other:
        raise Broken(f"Opened twice, its fingerprint is {one[:12]}... and then {other[:12]}...")
    if len(opened.first) > 1 and opened.first.first(len(opened.first) - 1).fingerprint == one:
        raise Broken("With a sample less, its fingerprint is the same.")


def _repeats(opened: _Opened) -> None:
    """Opened twice, it holds the same samples and labels in the same order."""
    if len(opened.first) != len(opened.second):
        lengths = (len(opened.first), len(opened.second))
        raise Broken(f"Opened twice, it holds {lengths[0]} samples and then {lengths[1]}.")
    if _content(opened.first, opened.rows) != _content(opened.second, opened.rows):
        raise Broken("Opened twice, it holds other samples or another order of them.")


def _order(opened: _Opened) -> None:
    """`batch` gives the rows that are asked for, in the order in which they are asked for."""
    data, rows = opened.first, opened.rows
    images, labels = data.batch(rows)
    for position in (0, len(rows) // 2, len(rows) - 1):
        image, label = data.batch(rows[position : position + 1])
        same = np.array_equal(images[position], image[0])
        if labels is not None:
            same = same and np.array_equal(labels[position], label[0])
        if not same:
            raise Broken(f"Row {rows[position]} of a batch is not what it is alone.")


def _copies(opened: _Opened) -> None:
    """Writing into a batch changes nothing of the data."""
    data, rows = opened.first, opened.rows
    before = _content(data, rows)
    for array in data.batch(rows):
        if array is not None:
            array[...] = 0
    if _content(data, rows) != before:
        raise Broken("Writing into a batch changes the data: a batch must be a copy.")


def _tidy(opened: _Opened) -> None:
    """Opening it leaves nothing in the working folder."""
    before, after = opened.beside
    if after - before:
        raise Broken(f"Opening it leaves {sorted(after - before)} in the working folder.")


def _content(data: Dataset, rows: np.ndarray) -> str:
    images, labels = data.batch(rows)
    arrays = {"images": images} | ({} if labels is None else {"labels": labels})
    return tensors_digest(arrays)
