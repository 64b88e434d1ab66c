"""The header of a safetensors file, read strictly and before anything else.

A file is 8 bytes of length n, n bytes of JSON, and the tensors' bytes:

    {"__metadata__": {"key": "text", ...},
     "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}

The format: https://huggingface.co/docs/safetensors (Format).
"""

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from ganzoo.errors import InvalidInput
from ganzoo.files.header_text import Refused, Tensor, parse
from ganzoo.files.problems import environment_problem
from ganzoo.files.reading import open_regular
from ganzoo.files.text import quote

MOST_HEADER_BYTES = 8 * 2**20


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a file says that it holds, checked.

    Args:
        tensors: By name, in the order of the names.
        metadata: Text by key.
        data_start: The file's byte at which the tensors' bytes begin.
    """

    tensors: dict[str, Tensor]
    metadata: dict[str, str]
    data_start: int


def read_header(source: str | os.PathLike | bytes) -> Header:
    """The header of a safetensors file, if the whole file is as the header says.

    Args:
        source: A regular file, or the bytes of one.

    Raises:
        UsageError: There is no such file.
        InvalidInput: Anything else than a valid file of allowed types and names.
    """
    with opened(source) as (file, where):
        return header_of(file, where)


@contextmanager
def opened(source: str | os.PathLike | bytes) -> Iterator[tuple[BinaryIO, str | os.PathLike]]:
    """A weights file to read from, and its name for messages."""
    if isinstance(source, bytes):
        yield io.BytesIO(source), "these bytes"
    else:
        with open_regular(source) as file:
            yield file, source


def header_of(file: BinaryIO, where: str | os.PathLike) -> Header:
    """The header of an open file; leaves the file at the tensors' first byte."""
    try:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        first = file.read(8)
        length = int.from_bytes(first, "little")
        if len(first) < 8 or not 2 <= length <= min(size - 8, MOST_HEADER_BYTES):
            raise Refused(_what_it_is_instead(first, length, size))
        raw = file.read(length)
        if len(raw) < length:
            raise Refused("the file shrank while it was read")
        tensors, metadata = parse(raw.decode("utf-8"))
        tensors = dict(sorted(tensors.items()))
        _check_cover(tensors, size - 8 - length)
    except OSError as error:
        raise environment_problem("read", where, error) from error
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        reason = reason.rstrip(".")
        raise InvalidInput(f"Not a valid safetensors file: {quote(where)}: {reason}.") from None
    return Header(tensors=tensors, metadata=metadata, data_start=8 + length)


def check_expected(
    header: Header,
    names: Iterable[str],
    expected: Mapping[str, tuple[str, tuple[int, ...]]],
    where: str | os.PathLike,
) -> None:
    """Refuse a file whose tensors are not exactly the expected ones.

    Args:
        header: The file's header.
        names: The tensors in question.
        expected: The numpy type and shape of each by name: `{"a": ("float32", (2, 3))}`.
        where: The file, for the message.
    """
    received = {
        name: (header.tensors[name].numpy_dtype, header.tensors[name].shape) for name in names
    }
    wanted = {name: (str(dtype), tuple(shape)) for name, (dtype, shape) in expected.items()}
    wrong = sorted(
        name for name in received.keys() | wanted if received.get(name) != wanted.get(name)
    )
    if wrong:
        name, others = wrong[0], len(wrong) - 1
        raise InvalidInput(
            f"{quote(where)} holds weights of another architecture or other sizes: tensor "
            f"{quote(name)}: expected {_spelled(wanted.get(name))}. "
            f"Received: {_spelled(received.get(name))}"
            f"{f' (and {others} more that differ)' if others else ''}.",
            hint="Use the recipe that these weights were trained with.",
        )


def _spelled(tensor: tuple[str, tuple[int, ...]] | None) -> str:
    return f"{tensor[0]} {list(tensor[1])}" if tensor else "none of this name"


def _check_cover(tensors: dict[str, Tensor], body: int) -> None:
    """Every byte after the header belongs to exactly one tensor."""
    at = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        if tensor.start != at:
            what = "leaves a gap before it" if tensor.start > at else "overlaps another"
            raise Refused(f"tensor {quote(name)} {what}")
        at = tensor.end
    if at != body:
        raise Refused(f"expected {at} bytes of tensors. Received: {body}")


_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive (.keras, .npz, .pt)",
    b"\x89HDF": "HDF5 (.h5)",
    b"\x80": "a pickle",
    b"\x1f\x8b": "gzip",
    b"\x89PNG": "a PNG picture",
    b"\x93NUMPY": "a numpy array (.npy)",
    b"version ": "a Git LFS pointer, without the file itself",
    b"<": "HTML or XML, perhaps an error page",
}


def _what_it_is_instead(first: bytes, length: int, size: int) -> str:
    """Why the first 8 bytes cannot be the length of a header."""
    if length > MOST_HEADER_BYTES:
        for magic, kind in _OTHER_FORMATS.items():
            if first.startswith(magic):
                return f"it looks like {kind}"
    if size < 10:
        return f"it is too short ({size} bytes)"
    most = min(size - 8, MOST_HEADER_BYTES)
    return f"expected a header of 2 to {most} bytes. Received: {length}"
