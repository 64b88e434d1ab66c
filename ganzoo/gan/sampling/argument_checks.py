"""Checks of the arguments of sampling: counts, seeds and labels."""

import operator
import reprlib
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from ganzoo.backend import Tensor
from ganzoo.errors import UsageError

_LIMIT = 2**31  # of an int32 on the device


def check_count(n: int) -> int:
    """Return a number of samples, a whole number from 1.

    Raises:
        UsageError: it is something else.
    """
    return _check_whole("n", n, minimum=1, hint="At least one sample: n=1.")


def check_seed(number: int) -> int:
    """Return a seed, a whole number in [0, 2**31).

    Raises:
        UsageError: it is something else.
    """
    return _check_whole("seed", number, minimum=0, hint="Without one it is 0.")


def check_two_seeds(seeds: Sequence[int]) -> tuple[int, int]:
    """Return the two seeds of an interpolation.

    Raises:
        UsageError: there are not two, or one is not a seed.
    """
    given = list(seeds) if isinstance(seeds, Sequence | np.ndarray) else [seeds]
    if len(given) != 2 or isinstance(seeds, str):
        raise UsageError(
            f"seeds must be two of them. Received: {reprlib.repr(seeds)}.",
            hint="An interpolation leads from one seed to another: seeds=(3, 9).",
        )
    return check_seed(given[0]), check_seed(given[1])


def check_walk(seeds: Sequence[int], n: int) -> list[int]:
    """Return the seeds of a walk of n samples.

    Raises:
        UsageError: there are less than two, more than samples, or one is not a seed.
    """
    given = [] if isinstance(seeds, str) else [check_seed(seed) for seed in seeds]
    if not 2 <= len(given) <= n:
        raise UsageError(
            f"A walk leads through at least two seeds, and has a sample for each. "
            f"Received: {len(given)} seeds, {n} samples.",
            hint="For example seeds=(0, 1, 2, 3), n=60.",
        )
    return given


def check_labels(given, n: int, taken: Tensor | None, num_classes: int | None) -> np.ndarray | None:
    """Return the labels of n samples, (n, ...); None for a generator that takes none.

    Args:
        given: One per sample: classes, soft labels, rows of attributes, or images. One whole
            number is that class for all.
        n: Number of samples.
        taken: The input of the generator that takes labels, symbolic; None without one.
        num_classes: Number of classes, where that is known.

    Raises:
        UsageError: the generator takes none, or others; or a class does not exist.
    """
    if taken is None:
        if given is not None:
            raise UsageError(
                "This generator is not conditional: it takes no labels. "
                f"Expected: None. Received: {_format_labels(given, _as_array(given))}.",
                hint="Leave out labels.",
            )
        return None
    shape = tuple(taken.shape[1:])
    array = None if given is None else _as_array(given)
    if shape == () and (num_classes is not None or "int" in taken.dtype):
        if array is not None and array.ndim == 2 and array.shape[1] > 1 and num_classes:
            return _check_soft_labels(array, n, num_classes)
        return _check_classes(array, given, n, num_classes)
    if array is None or not fits_shape(array.shape, (n, *shape)) or not np.isfinite(array).all():
        raise UsageError(
            "This generator is conditional: it needs labels, one per sample. "
            f"Expected: finite numbers of shape {(n, *shape)}. "
            f"Received: {_format_labels(given, array)}.",
            hint="Images that it translates, and rows of attributes, are labels, too.",
        )
    return array.astype("float32") if array.dtype == "float64" else array


def as_classes(array: np.ndarray, num_classes: int | None) -> np.ndarray | None:
    """Return classes (n,) or (n, 1) as int32 (n,); None if one of them does not exist.

    Args:
        array: Numbers.
        num_classes: Number of classes, where that is known.
    """
    if array.ndim == 2 and array.shape[1] == 1:  # as Keras' data sets have them
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        return None
    limit = num_classes or _LIMIT
    exist = ((array >= 0) & (array < limit)).all() and (np.rint(array) == array).all()
    return array.astype("int32") if exist else None


def _check_classes(array: np.ndarray | None, given, n: int, known: int | None) -> np.ndarray:
    """Class indices (n,), int32."""
    if array is not None and array.shape == ():
        array = np.repeat(array, n)
    classes = None if array is None else as_classes(array, known)
    if classes is None or len(classes) != n:
        expected = "whole numbers from 0" if known is None else f"whole numbers in [0, {known})"
        raise UsageError(
            f"This generator is conditional: it needs labels, one per sample. Expected: {n} "
            f"{expected}. Received: {_format_labels(given, array)}.",
            hint="One number is that class for all: labels=0.",
        )
    return classes


def _check_soft_labels(array: np.ndarray, n: int, classes: int) -> np.ndarray:
    """Weights of classes (n, classes), float32."""
    if array.shape != (n, classes) or not (array.min() >= 0 and abs(array.sum(1) - 1).max() < 1e-3):
        raise UsageError(
            "Soft labels are a row for each sample: the weight of each class, from 0 to 1, the sum "
            f"of which is 1. Expected: shape {(n, classes)}. Received: shape {array.shape}.",
            hint="A single class is a whole number.",
        )
    return array.astype("float32")


def fits_shape(shape: Sequence[int | None], taken: Sequence[int | None]) -> bool:
    """Compare a shape with one in which None stands for any size."""
    if len(shape) != len(taken):
        return False
    return all(size in (None, own) for size, own in zip(taken, shape, strict=True))


def _as_array(given) -> np.ndarray | None:
    """Labels as an array; None if they are not numbers, or are rows of different lengths."""
    if ops.is_tensor(given):
        of_floats = "float" in keras.backend.standardize_dtype(given.dtype)
        given = ops.convert_to_numpy(ops.cast(given, "float32") if of_floats else given)
    try:
        array = np.asarray(given)
    except (TypeError, ValueError):
        return None
    return array if array.dtype.kind in "biuf" else None


def _check_whole(name: str, given, *, minimum: int, hint: str) -> int:
    try:
        number = operator.index(given)
    except TypeError:
        number = minimum - 1
    if not minimum <= number < _LIMIT:
        raise UsageError(
            f"{name} must be a whole number in [{minimum}, 2**31). "
            f"Received: {reprlib.repr(given)}.",
            hint=hint,
        )
    return number


def _format_labels(given, array: np.ndarray | None = None) -> str:
    """Labels for a message: short; of rows and images their shape."""
    if array is None:
        return reprlib.repr(given)
    return reprlib.repr(array.tolist()) if array.ndim < 2 else f"shape {array.shape}"
