"""Stand-ins for the objects of a pickle: they hold values and do nothing."""

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

_MAX_DIMENSIONS = 32
_MAX_SIZE = 2**48  # products of sizes stay small numbers


class Refused(ValueError):
    """A reason not to read a file, in words that hold nothing of the file."""


@dataclass(slots=True)
class Limits:
    """Rest of what a file may use: instructions, bytes of texts, bytes of files within the file."""

    instructions: int = 2**20
    text: int = 2**24
    nested: int = 0

    def spend(self, *, instructions: int = 0, text: int = 0, nested: int = 0) -> None:
        """Take from what is left."""
        self.instructions -= instructions
        self.text -= text
        self.nested -= nested
        if self.instructions < 0 or self.text < 0 or self.nested < 0:
            raise Refused("it holds too many values, or too much text")


@dataclass(slots=True, eq=False)
class Span:
    """Bytes of the file that were not read yet.

    Args:
        start: Position in the file.
        length: Number of bytes.
        encoding: Encoding of the text whose characters, up to 255, are the content, as older
            pickles hold bytes; empty if the bytes are the content themselves.
        crc: Checksum of the bytes, if there is one.
    """

    start: int
    length: int
    encoding: str = ""
    crc: int | None = None


@dataclass(slots=True, eq=False)
class Storage:
    """Numbers in a row, which tensors share."""

    dtype: np.dtype
    count: int
    content: Span | bytes | None = None


@dataclass(slots=True, eq=False)
class Tensor:
    """A view of a storage; offset and strides are in elements."""

    storage: Storage | None = None
    offset: int = 0
    shape: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()

    def lay(self, storage: Storage, offset: int, shape: Any, strides: Any) -> "Tensor":
        """Lay the tensor over a storage, which must hold all of it and repeat none of it."""
        self.storage, (self.offset,) = storage, sizes((offset,))
        self.shape, self.strides = sizes(shape), sizes(strides)
        if (
            len(self.shape) != len(self.strides)
            or math.prod(self.shape) > storage.count
            or self.offset + self.extent > storage.count
        ):
            raise Refused("a tensor has a shape that its numbers cannot have")
        return self

    @classmethod
    def contiguous(
        cls, dtype: np.dtype, shape: Any, content: Span | bytes, *, fortran: bool = False
    ) -> "Tensor":
        """Make a tensor of all of its own storage, row after row or column after column."""
        shape = sizes(shape)
        order = shape if fortran else shape[::-1]
        steps = tuple(accumulate(order[:-1], lambda a, b: a * max(b, 1), initial=1))[: len(shape)]
        storage = Storage(dtype, math.prod(shape), content)
        return cls().lay(storage, 0, shape, steps if fortran else steps[::-1])

    @property
    def dtype(self) -> np.dtype:
        """Type of its numbers, in the file's order of bytes."""
        return self.source.dtype

    @property
    def nbytes(self) -> int:
        """Number of bytes from the first to the last element."""
        return self.extent * self.dtype.itemsize

    @property
    def source(self) -> Storage:
        """The storage, once there is one."""
        if self.storage is None:
            raise Refused("a tensor has no numbers")
        return self.storage

    @property
    def extent(self) -> int:
        """Number of elements from the first to the last one."""
        if 0 in self.shape:
            return 0
        return 1 + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))


def sizes(values: Any) -> tuple[int, ...]:
    """Return sizes, offsets or strides that an array can have."""
    if (
        not isinstance(values, list | tuple)
        or len(values) > _MAX_DIMENSIONS
        or not all(type(n) is int and 0 <= n <= _MAX_SIZE for n in values)
    ):
        raise Refused("an array has a shape that no array has")
    return tuple(values)


@dataclass(slots=True, eq=False)
class DType:
    """A type of NumPy, whose order of bytes is its state."""

    numpy: np.dtype


class Pairs(list):
    """Keys and values of a dictionary in order; keys of a stranger are not hashed."""

    __slots__ = ()


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a known class, with the state that was given to it."""

    class_name: str
    state: Any = None


@dataclass(slots=True, eq=False)
class Name:
    """A name that a pickle would import: "module name"."""

    text: str
