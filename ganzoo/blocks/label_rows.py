"""Labels as vectors: one-hot rows of classes, or rows of attributes or numbers as they are."""

from typing import Literal

import keras

from ganzoo.backend import Tensor
from ganzoo.errors import UsageError
from ganzoo.layers import OneHot


def label_rows(
    classes: int, labels: Literal["classes", "rows"] = "classes"
) -> tuple[Tensor, Tensor]:
    """Return an input for labels, and the rows that a network is conditioned on.

    The vector y of Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784, section 3.2, "could be
    any kind of auxiliary information".

    Args:
        classes: Number of classes, or of attributes or numbers in a row.
        labels: What a label is: a class, or a row.

    Returns:
        Labels, (batch,) int32 or (batch, classes); and rows (batch, classes).

    Raises:
        UsageError: `labels` is neither.
    """
    if labels == "rows":
        rows = keras.Input((classes,), name="labels")
        return rows, rows
    if labels != "classes":
        raise UsageError(f'labels must be "classes" or "rows". Received: {labels!r}.')
    indices = keras.Input((), dtype="int32", name="labels")
    return indices, OneHot(classes, name="classes")(indices)
