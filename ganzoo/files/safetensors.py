"""Weights files: safetensors, read strictly and written canonically.

Written by ourselves, since the bytes must be a pure function of the content: names and
keys sorted, one metadata key "ganzoo" that holds canonical JSON, larger item types first
so that every tensor stays aligned. Any reader of the format reads them.
"""

import os
from collections.abc import Iterable, Mapping
from typing import BinaryIO

import numpy as np

from ganzoo.errors import EnvironmentProblem, InvalidInput, UsageError, unknown
from ganzoo.files.arrays import ITEM_SIZES, restored, stored
from ganzoo.files.header import (
    MOST_HEADER_BYTES,
    Header,
    check_expected,
    header_of,
    opened,
    read_header,
)
from ganzoo.files.header_text import MOST_TENSORS, Tensor, check_tensor_name
from ganzoo.files.problems import environment_problem
from ganzoo.files.publish import publish
from ganzoo.files.strict_json import canonical_json, parse_json
from ganzoo.files.text import quote

__all__ = ["Header", "Tensor", "dump", "load", "metadata", "read_header", "save"]

_MOST_METADATA_BYTES = 2**20


def load(
    source: str | os.PathLike | bytes,
    *,
    names: Iterable[str] | None = None,
    expected: Mapping[str, tuple[str, tuple[int, ...]]] | None = None,
) -> dict[str, np.ndarray]:
    """The tensors of a weights file, bit for bit, as writable arrays of their own.

    Args:
        source: A regular file, or the bytes of one.
        names: Which tensors to read; all by default.
        expected: The numpy type and shape of each of them by name, as in
            `{"generator/up_8/kernel": ("float32", (4, 4, 64, 128))}`. If anything is
            missing, left over or different, the file is refused before data is read.

    Raises:
        UsageError: There is no such file.
        InvalidInput: Not a valid file, or not the expected one.
        EnvironmentProblem: It cannot be read, or memory does not suffice.
    """
    with opened(source) as (file, where):
        header = header_of(file, where)
        chosen = sorted(header.tensors) if names is None else sorted(set(names))
        for name in chosen:
            if name not in header.tensors:
                problem = unknown("tensor", name, header.tensors)
                raise InvalidInput(f"{quote(where)}: {problem.message}", hint=problem.hint)
        if expected is not None:
            check_expected(header, chosen, expected, where)
        try:
            return {name: _read(file, header, name, where) for name in chosen}
        except OSError as error:
            raise environment_problem("read", where, error) from error
        except MemoryError as error:
            raise EnvironmentProblem(f"Not enough memory to load {quote(where)}.") from error


def metadata(source: str | os.PathLike | bytes) -> dict:
    """What ganzoo wrote into a weights file beside the tensors; `{}` if it did not.

    Args:
        source: A regular file, or the bytes of one.
    """
    with opened(source) as (file, where):
        text = header_of(file, where).metadata.get("ganzoo", "{}")
    if len(text.encode("utf-8")) > _MOST_METADATA_BYTES:
        raise InvalidInput(f"The metadata of {quote(where)} exceeds {_MOST_METADATA_BYTES} bytes.")
    found = parse_json(text, f"the metadata of {quote(where)}")
    if not isinstance(found, dict):
        raise InvalidInput(
            f"The metadata of {quote(where)} must be a JSON object. Received: {quote(text)}."
        )
    return found


def dump(tensors: Mapping[str, np.ndarray], metadata: Mapping | None = None) -> bytes:
    """The bytes of a weights file: the same for the same content, always.

    Args:
        tensors: By name: parts of letters, digits and `_.:+-` joined by `/`.
        metadata: Anything that JSON can hold.

    Raises:
        UsageError: A name, type or size that no weights file of ours may have.
    """
    return b"".join(_pieces(tensors, metadata))


def save(
    path: str | os.PathLike,
    tensors: Mapping[str, np.ndarray],
    metadata: Mapping | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Write a weights file that appears whole or not at all.

    Args:
        path: Where.
        tensors: As for `dump`.
        metadata: As for `dump`.
        overwrite: Whether a file that is already there may be replaced.
    """
    publish(path, _pieces(tensors, metadata), overwrite=overwrite)


def _read(file: BinaryIO, header: Header, name: str, where: str | os.PathLike) -> np.ndarray:
    tensor = header.tensors[name]
    content = np.empty(tensor.end - tensor.start, np.uint8)
    file.seek(header.data_start + tensor.start)
    if content.size and file.readinto(content.data) != content.size:
        raise InvalidInput(f"{quote(where)} shrank while it was read.")
    return restored(name, tensor.dtype, tensor.shape, content)


def _pieces(
    tensors: Mapping[str, np.ndarray], metadata: Mapping | None
) -> list[bytes | memoryview]:
    """The file's bytes in order: the header, then one piece for each tensor."""
    if len(tensors) > MOST_TENSORS:
        raise UsageError(
            f"Too many tensors: expected at most {MOST_TENSORS}. Received: {len(tensors)}."
        )
    for name in tensors:
        check_tensor_name(name, error=UsageError)
    contents = {name: stored(name, array) for name, array in tensors.items()}
    # Larger items first: then each tensor begins at a multiple of its item's size.
    order = sorted(contents, key=lambda name: (-ITEM_SIZES[contents[name][0]], name))
    header: dict[str, object] = {}
    if metadata:
        text = canonical_json(dict(metadata))
        if len(text.encode("utf-8")) > _MOST_METADATA_BYTES:
            raise UsageError(
                f"The metadata of a weights file exceeds {_MOST_METADATA_BYTES} bytes."
            )
        header["__metadata__"] = {"ganzoo": text}
    at = 0
    for name in order:
        dtype, shape, content = contents[name]
        end = at + content.nbytes
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": (at, end)}
        at = end
    text = canonical_json(header).encode("utf-8")
    text += b" " * (-len(text) % 8)
    if len(text) > MOST_HEADER_BYTES:
        raise UsageError(f"The header of a weights file exceeds {MOST_HEADER_BYTES} bytes.")
    return [len(text).to_bytes(8, "little"), text, *(contents[name][2] for name in order)]
