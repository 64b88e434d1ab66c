"""What a trained generator may be asked for: how many pictures, of which seeds and labels."""

import operator
import reprlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import ops

from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.gan.sampling import Drawing

_END = 2**31  # of what is an int32 on the device


def count(n: int) -> int:
    """How many pictures: a whole number from 1.

    Raises:
        UsageError: it is something else.
    """
    return _whole("n", n, least=1, hint="Ask for one picture at least: n=1.")


def seed(number: int) -> int:
    """A seed: a whole number in [0, 2**31).

    Raises:
        UsageError: it is something else.
    """
    return _whole("seed", number, least=0, hint="Without one it is 0.")


def ends(seeds: Sequence[int]) -> tuple[int, int]:
    """The two seeds of a way between two pictures.

    Raises:
        UsageError: there are not two, or one is none.
    """
    given = list(seeds) if isinstance(seeds, Sequence | np.ndarray) else [seeds]
    if len(given) != 2 or isinstance(seeds, str):
        raise UsageError(
            f"seeds must be two of them. Received: {reprlib.repr(seeds)}.",
            hint="A way leads from one to another: seeds=(3, 9).",
        )
    return seed(given[0]), seed(given[1])


def labels(given, n: int, gan: "Drawing") -> np.ndarray | None:
    """Labels of n pictures, (n, ...); None for a generator that takes none.

    Args:
        given: One per picture: classes, rows of attributes, or pictures. One whole number is
            that class for all.
        n: How many pictures.
        gan: Who draws them.

    Raises:
        UsageError: the generator takes none, or others; a class that there is not.
    """
    if not gan.conditional:
        if given is not None:
            raise UsageError(
                "This generator is not conditional: it takes no labels. "
                f"Expected: None. Received: {_said(given, _array(given))}.",
                hint="Leave out labels.",
            )
        return None
    taken = gan.generator.inputs[1]
    shape = tuple(taken.shape[1:])
    classes = shape == () and (gan.class_count is not None or "int" in taken.dtype)
    array = None if given is None else _array(given)
    if classes and array is not None and array.shape == ():
        array = np.repeat(array, n)
    if classes:
        return _classes(array, given, n, gan.class_count)
    fits = array is not None and array.ndim == len(shape) + 1 and array.shape[0] == n
    fits = fits and all(t in (None, g) for t, g in zip(shape, array.shape[1:], strict=True))
    if not fits or not np.isfinite(array).all():
        raise UsageError(
            "This generator is conditional: it needs labels, one per picture. "
            f"Expected: finite numbers of shape {(n, *shape)}. Received: {_said(given, array)}.",
            hint="Pictures that it translates, or rows of attributes, are labels, too.",
        )
    return array.astype("float32") if array.dtype == "float64" else array


def _classes(array: np.ndarray | None, given, n: int, known: int | None) -> np.ndarray:
    """Class indices (n,), int32."""
    end = _END if known is None else known
    fits = array is not None and array.shape == (n,) and (np.rint(array) == array).all()
    if not fits or not ((array >= 0) & (array < end)).all():
        kinds = "whole numbers from 0" if known is None else f"whole numbers in [0, {known})"
        raise UsageError(
            f"This generator is conditional: it needs labels, one per picture. Expected: {n} "
            f"{kinds}. Received: {_said(given, array)}.",
            hint="One number is that class for all: labels=0.",
        )
    return array.astype("int32")


def _array(given) -> np.ndarray | None:
    """Labels as an array; None if they are no numbers, or rows of different lengths."""
    if ops.is_tensor(given):
        of_floats = "float" in keras.backend.standardize_dtype(given.dtype)
        given = ops.convert_to_numpy(ops.cast(given, "float32") if of_floats else given)
    try:
        array = np.asarray(given)
    except (TypeError, ValueError):
        return None
    return array if array.dtype.kind in "biuf" else None


def _whole(name: str, given, *, least: int, hint: str) -> int:
    try:
        number = operator.index(given)
    except TypeError:
        number = least - 1
    if not least <= number < _END:
        raise UsageError(
            f"{name} must be a whole number in [{least}, 2**31). Received: {reprlib.repr(given)}.",
            hint=hint,
        )
    return number


def _said(given, array: np.ndarray | None = None) -> str:
    """Labels for a message: short; of rows and pictures their shape."""
    if array is None:
        return reprlib.repr(given)
    return reprlib.repr(array.tolist()) if array.ndim < 2 else f"shape {array.shape}"
