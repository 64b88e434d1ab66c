"""Tensors of a `.pth` file, read without running any code of it.

Such a file is a pickle, a program that may call whatever it likes. Here its instructions are
listed (`pickletools.genops` runs none of them) and interpreted on a stack of our own, on which
nothing can be called: only the names of a tensor's plain parts have a meaning, and a file with
any other instruction or name is refused. Both layouts of PyTorch are read, the zip
archive and the one before version 1.6.
"""

import io
import math
import pickletools
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.errors import InvalidInput
from ganzoo.files.reading import read_bytes
from ganzoo.files.text import quote

_MAX_BYTES = 1 << 30
_MAGIC = 0x1950A86A20F9469CFC6C  # of the older layout
_TYPES = {
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "DoubleStorage": "<f8",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
}


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a state dict by name.

    Args:
        path: A `.pth` or `.pt` file that holds nothing else.

    Raises:
        InvalidInput: The file is none, or holds anything else.
    """
    content = read_bytes(path, limit=_MAX_BYTES)
    try:
        if content.startswith(b"PK\x03\x04"):
            return _from_zip(content)
        return _from_stream(content)
    except Exception as error:  # zipfile and pickletools raise anything on hostile bytes
        reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        raise InvalidInput(
            f"Expected a PyTorch file with tensors by name and nothing else. "
            f"Received: {quote(path)}: {reason}."
        ) from None


def _from_zip(content: bytes) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (listing,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        folder = listing.removesuffix("data.pkl")

        def storage(entry: "_Storage") -> np.ndarray:
            member = archive.getinfo(f"{folder}data/{entry.key}")
            if member.file_size != entry.count * np.dtype(entry.dtype).itemsize:
                raise ValueError(f"the storage {entry.key} is not of the size it claims")
            return np.frombuffer(archive.read(member), entry.dtype)

        if archive.getinfo(listing).file_size > len(content):
            raise ValueError("its listing is compressed beyond reason")
        return _tensors(_interpret(io.BytesIO(archive.read(listing))), storage)


def _from_stream(content: bytes) -> dict[str, np.ndarray]:
    file = io.BytesIO(content)
    if _interpret(file) != _MAGIC:
        raise ValueError("it is not a PyTorch file")
    for _ in ("version", "system"):  # not needed
        _interpret(file)
    listing = _interpret(file)
    entries = {entry.key: entry for entry in _storages(listing)}
    arrays = {}
    for key in _interpret(file):
        count = int.from_bytes(file.read(8), "little")
        size = count * np.dtype(entries[key].dtype).itemsize
        if count != entries[key].count or size > len(content):
            raise ValueError(f"the storage {key} is not of the size it claims")
        arrays[key] = np.frombuffer(file.read(size), entries[key].dtype)
    return _tensors(listing, lambda entry: arrays[entry.key])


@dataclass(frozen=True)
class _Name:
    """A name that a pickle would import."""

    text: str


@dataclass(frozen=True)
class _Storage:
    dtype: str
    key: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Mark:
    """Marks the beginning of a list on the stack."""


def _tensors(listing: Any, storage: Callable[[_Storage], np.ndarray]) -> dict[str, np.ndarray]:
    if not isinstance(listing, dict) or not listing:
        raise ValueError("it holds no tensors by name")
    found = {}
    for name, tensor in listing.items():
        if not isinstance(name, str) or not isinstance(tensor, _Tensor):
            raise ValueError(f"{name!r} is not a tensor")
        flat = storage(tensor.storage)[tensor.offset :]
        count = math.prod(tensor.shape)
        dense = tuple(math.prod(tensor.shape[i + 1 :]) for i in range(len(tensor.shape)))
        if (tensor.strides != dense and count > 1) or len(flat) < count or tensor.offset < 0:
            raise ValueError(f"{name!r} is not stored row after row")
        found[name] = flat[:count].reshape(tensor.shape)
    return found


def _storages(listing: Any) -> list[_Storage]:
    tensors = listing.values() if isinstance(listing, dict) else ()
    return [tensor.storage for tensor in tensors if isinstance(tensor, _Tensor)]


def _interpret(file: io.BytesIO) -> Any:
    """Return the value of one pickle, whose names stay names; the file is read up to its end."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}

    def pop_to_mark() -> list[Any]:
        start = max(i for i, item in enumerate(stack) if isinstance(item, _Mark))
        items = stack[start + 1 :]
        del stack[start:]
        return items

    argument: Any
    for opcode, argument, _ in pickletools.genops(file):
        match opcode.name:
            case "PROTO" | "FRAME":
                pass
            case "STOP":
                return stack.pop()
            case "MARK":
                stack.append(_Mark())
            case "BINUNICODE" | "SHORT_BINUNICODE" | "BININT" | "BININT1" | "BININT2" | "LONG1":
                stack.append(argument)
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[opcode.name])
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_TUPLE":
                stack.append(())
            case "TUPLE":
                stack.append(tuple(pop_to_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(opcode.name[-1])
                stack[-count:] = [tuple(stack[-count:])]
            case "APPEND" | "APPENDS":
                items = [stack.pop()] if opcode.name == "APPEND" else pop_to_mark()
                stack[-1].extend(items)
            case "SETITEM" | "SETITEMS":
                items = [stack.pop(-2), stack.pop()] if opcode.name == "SETITEM" else pop_to_mark()
                stack[-1].update(zip(items[::2], items[1::2], strict=True))
            case "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "GLOBAL":
                stack.append(_Name(argument))
            case "BINPERSID":
                stack.append(_storage_of(stack.pop()))
            case "REDUCE":
                arguments = stack.pop()
                stack.append(_construct(stack.pop(), arguments))
            case "BUILD":  # attributes of the dictionary itself, which nobody needs
                stack.pop()
            case other:
                raise ValueError(f"it has the instruction {other}, which no tensor needs")
    raise ValueError("it ends too early")


def _storage_of(identity: Any) -> _Storage:
    kind, name, key, _, count, *_ = identity
    module, _, storage = name.text.partition(" ")
    if kind != "storage" or module != "torch" or type(count) is not int:
        raise ValueError(f"it has a storage of an unknown kind: {name.text!r}")
    return _Storage(_TYPES[storage], str(key), count)


def _construct(name: Any, arguments: tuple) -> Any:
    if name == _Name("collections OrderedDict") and arguments == ():
        return {}
    if name == _Name("torch._utils _rebuild_tensor_v2"):
        storage, offset, shape, strides, *_ = arguments
        numbers = (offset, *shape, *strides)
        if isinstance(storage, _Storage) and all(type(n) is int and n >= 0 for n in numbers):
            return _Tensor(storage, offset, tuple(shape), tuple(strides))
    raise ValueError(f"it calls {getattr(name, 'text', name)!r}")
