"""Files of HDF5 as Keras writes them: groups of arrays, each of which lies in one piece.

The format, https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, in the oldest of
its forms, which the library writes by default. What that has beside it is refused: links, chunks,
filters, other files.
"""

import math
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from ganzoo.files.foreign.stand_ins import Limits, Pairs, Refused, Span, Tensor

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_MAX_DEPTH = 32  # of groups
_MAX_NAME = 512
_ENTRY = 40  # bytes of an entry of a group
_UNDEFINED = 2**64 - 1  # address of an array without numbers
_SPACE, _TYPE, _LAYOUT, _CONTINUATION, _GROUP = 0x01, 0x03, 0x08, 0x10, 0x11  # messages
_REFUSED = {0x02, 0x06, 0x07, 0x0B}  # links of the newer form, external files, filters
_OTHER_KIND = "it has another form of HDF5 than Keras writes"


def read_hdf5(file: BinaryIO, span: Span, limits: Limits) -> Pairs:
    """Return the arrays by name; the names of groups are joined by dots.

    Args:
        file: File.
        span: Part of the file that is a file of HDF5.
        limits: Limits of the whole file, which are used up.
    """
    return Pairs(_Reader(file, span, limits).arrays())


class _Reader:
    """No part of the file is read twice, so that its cost is that of the file."""

    def __init__(self, file: BinaryIO, span: Span, limits: Limits):
        self.file, self.span, self.limits = file, span, limits
        self.seen: set[int] = set()

    def arrays(self) -> Iterator[tuple[str, Tensor]]:
        start = self.read(0, 96)
        sizes, base = start[13:15], _number(start[24:32])
        if not start.startswith(SIGNATURE + b"\0") or sizes != b"\x08\x08" or base:
            raise Refused(_OTHER_KIND)
        objects = [("", _number(start[64:72]), 0)]
        while objects:
            name, address, depth = objects.pop()
            messages = self.messages(address)
            if _GROUP not in messages:
                yield name, self.tensor(messages)
                continue
            if depth == _MAX_DEPTH:
                raise Refused("its groups are nested too deeply")
            for member, header in self.members(messages[_GROUP]):
                objects.append((f"{name}.{member}" if name else member, header, depth + 1))

    def read(self, address: int, count: int) -> bytes:
        if count > self.span.length - address:
            raise Refused("it ends too early")
        self.limits.spend(instructions=1, text=count)
        self.file.seek(self.span.start + address)
        return self.file.read(count)

    def visit(self, address: int) -> None:
        if address in self.seen:
            raise Refused("a part of it stands at two places")
        self.seen.add(address)

    def messages(self, address: int) -> dict[int, bytes]:
        """Return the messages of an object's header that matter."""
        self.visit(address)
        head = self.read(address, 16)
        count, blocks, found = _number(head[2:4]), [(address + 16, _number(head[8:12]))], {}
        if head[0] != 1:
            raise Refused(_OTHER_KIND)
        while blocks:
            start, length = blocks.pop()
            content, at = self.read(start, length), 0
            while count and at + 8 <= length:
                kind, size = _number(content[at : at + 2]), _number(content[at + 2 : at + 4])
                data, shared = content[at + 8 : at + 8 + size], content[at + 4] & 2
                at, count = at + 8 + size, count - 1
                if kind in _REFUSED:
                    raise Refused(_OTHER_KIND)
                if kind == _CONTINUATION:
                    self.visit(_number(data[:8]))
                    blocks.append((_number(data[:8]), _number(data[8:16])))
                elif kind in (_SPACE, _TYPE, _LAYOUT, _GROUP):
                    if shared or kind in found:
                        raise Refused(_OTHER_KIND)
                    found[kind] = data
        return found

    def members(self, group: bytes) -> Iterator[tuple[str, int]]:
        """Yield name and address of what a group holds."""
        heap = self.read(_number(group[8:16]), 32)
        size, start = _number(heap[8:16]), _number(heap[24:32])
        nodes = [_number(group[:8])]
        while nodes:
            node = nodes.pop()
            self.visit(node)
            head = self.read(node, 8)
            count = _number(head[6:8])
            if head.startswith(b"TREE\0"):
                children = self.read(node + 24, 16 * count)
                nodes += [_number(children[16 * i + 8 : 16 * i + 16]) for i in range(count)][::-1]
            elif head.startswith(b"SNOD\x01"):
                entries = self.read(node + 8, _ENTRY * count)
                for i in range(0, _ENTRY * count, _ENTRY):
                    name, header = _number(entries[i : i + 8]), _number(entries[i + 8 : i + 16])
                    if _number(entries[i + 16 : i + 20]) == 2:
                        raise Refused("it holds a link")
                    text = self.read(start + name, min(_MAX_NAME, max(size - name, 0)))
                    yield text.partition(b"\0")[0].decode("ascii"), header
            else:
                raise Refused(_OTHER_KIND)

    def tensor(self, messages: dict[int, bytes]) -> Tensor:
        """Return an array of which space, type and layout are given."""
        shape = _shape(messages[_SPACE])
        dtype, layout = _dtype(messages[_TYPE]), messages[_LAYOUT]
        size = math.prod(shape) * dtype.itemsize
        content: Any = b""
        if layout[:2] == b"\x03\x01":
            address, length = _number(layout[2:10]), _number(layout[10:18])
            if address != _UNDEFINED:
                content = Span(self.span.start + address, length)
            elif size:
                raise Refused("an array has no numbers")
            if length != size or (size and address + length > self.span.length):
                raise Refused("an array is not of its size")
        elif layout[:2] == b"\x03\x00":
            content = layout[4 : 4 + _number(layout[2:4])]
            if len(content) != size:
                raise Refused("an array is not of its size")
        else:
            raise Refused("it holds an array in pieces, or in another form")
        return Tensor.contiguous(dtype, shape, content)


def _number(content: bytes) -> int:
    return int.from_bytes(content, "little")


def _shape(space: bytes) -> tuple[int, ...]:
    version, rank, start = space[0], space[1], 8 if space[0] == 1 else 4
    sizes = space[start : start + 8 * rank]
    if version not in (1, 2) or len(sizes) != 8 * rank or (version == 2 and space[3] > 1):
        raise Refused(_OTHER_KIND)
    return tuple(_number(sizes[8 * i : 8 * i + 8]) for i in range(rank))


def _dtype(content: bytes) -> np.dtype:
    kind, order, size = content[0] & 15, content[1] & 1, _number(content[4:8])
    signed, bits = content[1] & 8, _number(content[10:12])
    letter = {0: "i" if signed else "u", 1: "f"}.get(kind, "")
    if not letter or size not in (1, 2, 4, 8)[kind:] or bits != 8 * size or content[1] & 64:
        raise Refused("it holds an array of something else than numbers")
    return np.dtype(f"{'>' if order else '<'}{letter}{size}")
