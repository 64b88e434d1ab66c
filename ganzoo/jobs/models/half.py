"""Half precision: float32 arrays that a file keeps as float16, and says so.

Half the bytes, and pictures that differ by rounding. Nothing is trained or computed in it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.text import quote
from ganzoo.jobs.models.weights import Spec

KEY = "stored"  # in a file's metadata
HALF = "float16"
_FULL = "float32"


def halved(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays, those of float32 as float16.

    Raises:
        UsageError: A number is too large for float16, whose largest is 65504.
    """
    found = {}
    for name, array in arrays.items():
        found[name] = array
        if array.dtype != _FULL:
            continue
        with np.errstate(over="ignore"):  # told below
            found[name] = array.astype(HALF)
        if not np.isfinite(found[name]).all():
            raise UsageError(
                f"{name} does not fit half precision. Expected: numbers of at most "
                f"{np.finfo(HALF).max:g} in size. Received: {np.abs(array).max():g}.",
                hint="Publish it without --half.",
            )
    return found


def is_half(about: Mapping[str, Any], where: str) -> bool:
    """Whether a file's metadata says that its float32 arrays are kept as float16.

    Args:
        about: The metadata.
        where: The file, for the message.

    Raises:
        InvalidInput: It says something else of how they are kept.
    """
    if KEY in about and about[KEY] != HALF:
        raise InvalidInput(
            f"{where} keeps its arrays in a way that this ganzoo does not know. "
            f"Expected: {HALF}, or nothing said. Received: {quote(about[KEY])}.",
        )
    return KEY in about


def half_spec(spec: Spec) -> Spec:
    """What a file in half precision must hold for variables of this spec."""
    return {
        name: (HALF if dtype == _FULL else dtype, shape) for name, (dtype, shape) in spec.items()
    }


def restored(arrays: Mapping[str, np.ndarray], spec: Spec) -> dict[str, np.ndarray]:
    """The arrays of a file that fits `half_spec(spec)` in the types of `spec`."""
    return {name: array.astype(spec[name][0], copy=False) for name, array in arrays.items()}
