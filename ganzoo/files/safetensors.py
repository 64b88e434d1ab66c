"""Weights files in the safetensors format, read and written by the library of that name.

The same content always gives the same bytes: arrays in C order, and one key of metadata,
"ganzoo", that holds canonical JSON. The header is also read here, alone and under limits,
since the library reads it from a path only and together with the tensors.

The format: https://huggingface.co/docs/safetensors (Format).
"""

import io
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import safetensors
import safetensors.numpy

from ganzoo.errors import EnvironmentProblem, GanzooError, InvalidInput, UsageError, unknown
from ganzoo.files.publish import publish
from ganzoo.files.reading import open_regular, read_bytes
from ganzoo.files.strict_json import canonical_json, parse_object
from ganzoo.files.text import environment_problem, quote

MAX_HEADER_BYTES = 8 * 2**20
MAX_TENSORS = 65_536
_MAX_METADATA_BYTES = 2**20
_MAX_NAME_CHARACTERS = 512
_MAX_DIMENSIONS = 32  # of an array in numpy 1
_MAX_ELEMENTS = 2**48  # more than any machine holds; products of sizes stay small numbers
_NAME_PART = re.compile(r"[A-Za-z0-9_.:+-]+")

# Types by their names in a file.
DTYPES = {
    "BOOL": np.dtype("bool"),
    **{f"I{bits}": np.dtype(f"int{bits}") for bits in (8, 16, 32, 64)},
    **{f"U{bits}": np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64)},
    **{f"F{bits}": np.dtype(f"float{bits}") for bits in (16, 32, 64)},
    "BF16": np.dtype(ml_dtypes.bfloat16),
}
DTYPE_NAMES = {dtype.name: name for name, dtype in DTYPES.items()}


@dataclass(frozen=True, kw_only=True)
class TensorInfo:
    """Type and shape of a tensor in a weights file."""

    dtype: np.dtype
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Number of bytes of its content."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True, kw_only=True)
class Header:
    """Header of a weights file.

    Args:
        tensors: Type and shape of each tensor by name, in the order of the names.
        metadata: Texts by key, as the format has them.
    """

    tensors: dict[str, TensorInfo]
    metadata: dict[str, str]


def read_header(source: str | os.PathLike | bytes) -> Header:
    """Return the header of a weights file, without reading a tensor.

    Args:
        source: Path of a regular file, or the bytes of one.

    Raises:
        UsageError: There is no such file.
        InvalidInput: It is not a safetensors file, or one with names, types or sizes that
            ganzoo never writes.
    """
    where = _location(source)
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else open_regular(source) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            start = file.read(8)
            length = int.from_bytes(start, "little")
            if not 2 <= length <= min(size - 8, MAX_HEADER_BYTES):
                raise _invalid(where, _describe_other_format(start, size))
            entries = parse_object(file.read(length), f"the header of {where}")
    except OSError as error:
        raise environment_problem("read", os.fsdecode(source), error) from error
    texts = entries.pop("__metadata__", {})
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise _invalid(where, "its metadata must be texts by key")
    if len(entries) > MAX_TENSORS:
        raise _invalid(where, f"it holds more than {MAX_TENSORS} tensors")
    tensors = {name: _parse_entry(name, entries[name], where) for name in sorted(entries)}
    expected, received = sum(tensor.nbytes for tensor in tensors.values()), size - 8 - length
    if expected != received:
        raise _invalid(where, f"expected {expected} bytes of tensors. Received: {received}")
    return Header(tensors=tensors, metadata=texts)


def metadata(source: str | os.PathLike | bytes) -> dict[str, Any]:
    """Return the metadata that ganzoo wrote into a weights file; `{}` if there is none.

    Args:
        source: Path of a regular file, or the bytes of one.
    """
    text = read_header(source).metadata.get("ganzoo", "{}")
    if len(text.encode("utf-8")) > _MAX_METADATA_BYTES:
        raise _invalid(_location(source), f"its metadata exceed {_MAX_METADATA_BYTES} bytes")
    return parse_object(text, f"the metadata of {_location(source)}")


def load(
    source: str | os.PathLike | bytes,
    *,
    names: Iterable[str] | None = None,
    expected: Mapping[str, tuple[str, tuple[int, ...]]] | None = None,
) -> dict[str, np.ndarray]:
    """Return tensors of a weights file by name, as writable arrays.

    Args:
        source: Path of a regular file, or the bytes of one.
        names: Names of the tensors to return; all by default.
        expected: Type and shape of every tensor of the file, such as
            `{"generator/up_8/kernel": ("float32", (4, 4, 64, 128))}`; a file with others is
            refused.

    Raises:
        UsageError: There is no such file.
        InvalidInput: It is not a valid weights file, or not the expected one.
        EnvironmentProblem: It cannot be read, or memory does not suffice.
    """
    where, header = _location(source), read_header(source)
    if expected is not None:
        _check_expected(header, expected, where)
    chosen = header.tensors if names is None else sorted(set(names))
    try:
        content = source if isinstance(source, bytes) else read_bytes(source)
        tensors = dict(safetensors.deserialize(content))
        return {name: _to_array(tensors[name]) for name in chosen}
    except safetensors.SafetensorError as error:
        raise _invalid(where, str(error)) from None
    except KeyError as error:
        raise _invalid(where, unknown("tensor", error.args[0], header.tensors).message) from None
    except MemoryError as error:
        raise EnvironmentProblem(f"Not enough memory to load {where}.") from error


def dump(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, Any] | None = None) -> bytes:
    """Return the bytes of a weights file, a pure function of its content.

    Args:
        tensors: Arrays by name. A name is parts of letters, digits and `_.:+-`, joined by `/`.
        metadata: JSON object to be stored beside the tensors.

    Raises:
        UsageError: A name, type or size is none that a weights file may have.
    """
    if len(tensors) > MAX_TENSORS:
        raise UsageError(
            f"Too many tensors: expected at most {MAX_TENSORS}. Received: {len(tensors)}."
        )
    for name in tensors:
        _check_tensor_name(name, error=UsageError)
    text = canonical_json(dict(metadata)) if metadata else ""
    if len(text.encode("utf-8")) > _MAX_METADATA_BYTES:
        raise UsageError(f"The metadata of a weights file exceeds {_MAX_METADATA_BYTES} bytes.")
    content = safetensors.numpy.save(
        {name: to_little_endian(name, array) for name, array in tensors.items()},
        {"ganzoo": text} if text else None,
    )
    if int.from_bytes(content[:8], "little") > MAX_HEADER_BYTES:
        raise UsageError(f"The header of a weights file exceeds {MAX_HEADER_BYTES} bytes.")
    return content


def save(
    path: str | os.PathLike,
    tensors: Mapping[str, np.ndarray],
    metadata: Mapping[str, Any] | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Write a weights file that appears whole or not at all.

    Args:
        path: Path of the new file.
        tensors: Arrays by name; see `dump`.
        metadata: JSON object to be stored beside the tensors.
        overwrite: Whether a file that is already there may be replaced.
    """
    publish(path, dump(tensors, metadata), overwrite=overwrite)


def to_little_endian(name: str, array: np.ndarray) -> np.ndarray:
    """Return an array in C order and little-endian bytes, itself if it is so already.

    Args:
        name: Name of the tensor, for the message.
        array: Array of one of the types in `DTYPES`.
    """
    array = np.asarray(array)
    if array.dtype.name not in DTYPE_NAMES:
        raise UsageError(
            f"Tensor {quote(name)} has a type that a weights file cannot hold: expected one of "
            f"{', '.join(DTYPE_NAMES)}. Received: {array.dtype}."
        )
    # Not ascontiguousarray, which turns a 0-d array into one of shape (1,).
    return np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")


def _parse_entry(name: str, entry: Any, where: str) -> TensorInfo:
    _check_tensor_name(name, error=InvalidInput)
    try:
        dtype, shape = DTYPES[entry["dtype"]], tuple(entry["shape"])
        if (
            len(shape) <= _MAX_DIMENSIONS
            and all(type(size) is int and size >= 0 for size in shape)
            and math.prod(size or 1 for size in shape) <= _MAX_ELEMENTS
        ):
            return TensorInfo(dtype=dtype, shape=shape)
    except (KeyError, TypeError):
        pass
    raise _invalid(
        where,
        f"tensor {quote(name)}: expected a dtype of {', '.join(DTYPES)} and a shape. "
        f"Received: {quote(entry)}",
    )


def _to_array(tensor: dict[str, Any]) -> np.ndarray:
    dtype = DTYPES[tensor["dtype"]]
    content = tensor["data"]  # bytes or, in later versions of the library, a bytearray
    content = content if isinstance(content, bytearray) else bytearray(content)
    array = np.frombuffer(content, dtype.newbyteorder("<")).reshape(tensor["shape"])
    return array.astype(dtype, copy=False)


def _check_tensor_name(name: str, *, error: type[GanzooError]) -> None:
    """Refuse a name that is not parts of plain characters joined by `/`."""
    if (
        len(name) > _MAX_NAME_CHARACTERS
        or name == "__metadata__"
        or any(not _NAME_PART.fullmatch(p) or p in (".", "..") for p in name.split("/"))
    ):
        raise error(
            f"Not a valid tensor name: expected 1 to {_MAX_NAME_CHARACTERS} letters, digits and "
            f"'_.:+-' in parts joined by '/'. Received: {quote(name)}."
        )


def _check_expected(
    header: Header, expected: Mapping[str, tuple[str, tuple[int, ...]]], where: str
) -> None:
    """Refuse a file whose tensors are not exactly the expected ones."""
    found = {name: (info.dtype.name, info.shape) for name, info in header.tensors.items()}
    for name in sorted({*found, *expected}):
        if found.get(name) != expected.get(name):
            raise InvalidInput(
                f"{where} holds weights of another architecture or other sizes: tensor "
                f"{quote(name)}: expected {expected.get(name, 'none of this name')}. "
                f"Received: {found.get(name, 'none of this name')}.",
                hint="Use the recipe that these weights were trained with.",
            )


_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive (.keras, .npz, .pt)",
    b"\x89HDF": "HDF5 (.h5)",
    b"\x80": "a pickle",
    b"\x93NUMPY": "a numpy array (.npy)",
    b"version ": "a Git LFS pointer, without the file itself",
    b"<": "HTML or XML, perhaps an error page",
}


def _describe_other_format(start: bytes, size: int) -> str:
    """Return the reason why a file that begins with these 8 bytes is no weights file."""
    for magic, kind in _OTHER_FORMATS.items():
        if start.startswith(magic):
            return f"it looks like {kind}"
    return f"its {size} bytes cannot begin with a header of {int.from_bytes(start, 'little')} bytes"


def _location(source: str | os.PathLike | bytes) -> str:
    """Return the name of a weights file for messages."""
    return "these bytes" if isinstance(source, bytes) else quote(source)


def _invalid(where: str, reason: str) -> InvalidInput:
    return InvalidInput(f"Not a valid safetensors file: {where}: {reason.rstrip('.')}.")
