"""SHA-256 of bytes, files and tensors."""

import hashlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ganzoo.files.reading import open_regular
from ganzoo.files.strict_json import canonical_json
from ganzoo.files.text import environment_problem

if TYPE_CHECKING:
    import numpy as np

__all__ = ["bytes_digest", "canonical_json", "file_digest", "tensors_digest"]


def bytes_digest(data: bytes | memoryview) -> str:
    """Return the SHA-256 of the data in 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def file_digest(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a regular file's content."""
    with open_regular(path) as file:
        try:
            return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise environment_problem("read", path, error) from error


def tensors_digest(tensors: "Mapping[str, np.ndarray]") -> str:
    """Return the SHA-256 of tensors' content, in whatever order and file they are.

    It covers, for each tensor in the order of the names, one line of JSON `[name, dtype, shape]`
    and then the bytes in little-endian C order.
    """
    from ganzoo.files.safetensors import DTYPE_NAMES, to_little_endian  # NumPy

    total = hashlib.sha256()
    for name in sorted(tensors):
        array = to_little_endian(name, tensors[name])
        line = canonical_json([name, DTYPE_NAMES[array.dtype.name], array.shape])
        total.update(line.encode("utf-8") + b"\n")
        total.update(array.reshape(-1).view("uint8").data)
    return total.hexdigest()
