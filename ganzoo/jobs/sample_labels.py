"""Labels of the samples that a conditional model is asked for: classes, attributes or numbers."""

import re
from collections.abc import Sequence

import numpy as np

from ganzoo.errors import UsageError, unknown
from ganzoo.jobs.models.find import Source

_PAIR = re.compile(r"([^=]+)=(\S+)")  # of "age=30 hair color=2", in which a name may have spaces


def sample_labels(
    labels: Sequence[int | str] | None, found: Source, n: int, *, one: bool
) -> np.ndarray | None:
    """Return the labels of n samples; None for a generator that takes no classes and no rows.

    Args:
        labels: Repeated as often as needed. A class is its index or its name. A row is "age=30
            height=1.8", by names or indices: what is not named is 0, if it is an attribute, or in
            the middle of its range; an index or a name alone stands for the highest value. A model
            of classes takes such rows as soft labels, "cat=0.5 dog=0.5", the sum of which is 1. By
            default all classes or attributes in turn; of numbers one after the other, from the
            lowest to the highest of the training.
        found: The model.
        n: Number of samples.
        one: Whether all samples have one label.

    Returns:
        int32 (n,), or float32 (n, k) where the model's metadata say that it takes rows, and of
        soft labels.

    Raises:
        UsageError: There is no such class, attribute or number, the model takes none, or soft
            labels are no weights.
    """
    # a discriminator may learn classes that its generator does not take
    shape = found.about.get("generator_labels", [])
    if shape is None or not found.classes:
        if labels:
            raise UsageError(f"This model takes no labels. Received: labels {list(labels)}.")
        return None
    soft = any(isinstance(one, str) and _PAIR.search(one) for one in labels or ())
    if len(shape) == 1 or soft:
        rows = _rows(list(labels or ()), found, n, one=one)
        if len(shape) != 1:
            rows = _as_weights(rows, found.classes, labels)
        return np.resize(rows, (n, len(found.classes))).astype("float32")
    return np.resize(np.array(_classes(labels, found.classes, one=one), "int32"), n)


def _rows(labels: list[int | str], found: Source, n: int, *, one: bool) -> np.ndarray:
    """Rows of attributes or numbers, (m, k)."""
    names, numbers = found.classes, found.label_range is not None
    low, high = np.array(found.label_range or [[0.0] * len(names), [1.0] * len(names)])
    others = (low + high) / 2 if numbers else low
    if labels or not numbers:
        labels = labels or list(range(1 if one else len(names)))
        return np.stack([_row(label, names, others, high) for label in labels])
    if one:
        return others[None]
    steps = -(-n // len(names))  # of each number
    rows = np.tile(others, (len(names), steps, 1))
    for index in range(len(names)):
        rows[index, :, index] = np.linspace(low[index], high[index], steps)
    return rows.reshape(-1, len(names))


def _as_weights(rows: np.ndarray, names: Sequence[str], labels: object) -> np.ndarray:
    """Soft labels whose sums are exactly 1: a third may be written as 0.333."""
    sums = rows.sum(axis=1, keepdims=True)
    if rows.min() < 0 or abs(sums - 1).max() > 0.002:
        raise UsageError(
            "Between classes each of them has a weight from 0 to 1, and the sum of the weights is "
            f"1. Received: {labels}.",
            hint=f"For instance: '{names[0]}=0.5 {names[-1]}=0.5'.",
        )
    return rows / sums


def _row(
    label: int | str, names: Sequence[str], others: np.ndarray, high: np.ndarray
) -> np.ndarray:
    row = others.copy()
    pairs = _PAIR.findall(label) if isinstance(label, str) and label not in names else []
    if not pairs:
        index = _classes([label], names, one=True)[0]
        row[index] = high[index]
    for name, text in pairs:
        try:
            value = float(text)
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise UsageError(
                f"A label is a name with a number, such as {names[0]}=0.5. Received: {label!r}."
            )
        name = name.strip()
        index = int(name) if name.isdecimal() and name not in names else name
        row[_classes([index], names, one=True)[0]] = value
    return row


def _classes(labels: Sequence[int | str] | None, names: Sequence[str], *, one: bool) -> list[int]:
    """The index of each label; by default of all classes, or of the first if `one`."""
    labels = list(labels) if labels else list(range(1 if one else len(names)))
    chosen = [_class_index(label, names) for label in labels]
    wrong = [label for label in chosen if not 0 <= label < len(names)]
    if wrong:
        raise UsageError(
            f"Labels must be in [0, {len(names)}). Received: {wrong}.",
            hint=f"Classes: {_describe_classes(names)}.",
        )
    return chosen


def _describe_classes(names: Sequence[str]) -> str:
    """List classes for a message: "0 cat, 1 dog"; "0 to 9" if their numbers are their names."""
    if all(name == str(index) for index, name in enumerate(names)):
        return f"0 to {len(names) - 1}"
    return ", ".join(f"{index} {name}" for index, name in enumerate(names))


def _class_index(label: int | str, names: Sequence[str]) -> int:
    if not isinstance(label, str):
        return label
    if label not in names:
        raise unknown("class", label, names)
    return list(names).index(label)
