"""Pickles, acted out on stand-ins: nothing is imported, called or compared.

An instruction costs a constant time; long texts and bytes are passed over, not read.
The instructions: https://docs.python.org/3/library/pickletools.html
"""

import codecs
import struct
from collections.abc import Callable
from typing import Any, BinaryIO

from ganzoo.files.foreign.constructors import construct, instance, known, set_state
from ganzoo.files.foreign.stand_ins import Limits, Pairs, Refused, Span

_MAX_TEXT = 512  # bytes; what is longer is no name
_MAX_BYTES = 64  # what is longer is no number
_MAX_INTEGER = 32  # bytes


class PickleReader:
    """Reader of the pickles that follow one another in a part of a file.

    Args:
        file: File.
        span: Part of the file in which everything lies.
        limits: Limits of the whole file, which are used up.
        persistent: Function from a persistent identity to what it stands for.
        nested: Function from the bytes of a file in the file to what it holds.
    """

    def __init__(
        self,
        file: BinaryIO,
        span: Span,
        limits: Limits,
        *,
        persistent: Callable[[Any], Any],
        nested: Callable[[Span], Any],
    ):
        self.file, self.limits = file, limits
        self.position, self.end = span.start, span.start + span.length
        self.persistent, self.nested = persistent, nested
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Return the value of the next pickle."""
        self.stack, self.marks, self.memo = [], [], {}
        self.file.seek(self.position)
        while (code := self.read(1)) != b".":
            self.limits.instructions -= 1
            if self.limits.instructions < 0:
                raise Refused("it holds too many values")
            _ACTIONS[code](self)
        return self.stack.pop()

    def read(self, count: int) -> bytes:
        self.advance(count)
        return self.file.read(count)

    def advance(self, count: int) -> None:
        if count > self.end - self.position:
            raise Refused("it ends too early")
        self.position += count

    def number(self, count: int) -> int:
        """Return an unsigned number of so many bytes."""
        return int.from_bytes(self.read(count), "little")

    def span(self, count: int, encoding: str = "") -> Span:
        """Return the next bytes without reading them."""
        start = self.position
        self.advance(count)
        self.file.seek(self.position)
        return Span(start, count, encoding)

    def text(self, count: int, encoding: str = "utf-8") -> str | Span:
        if count > _MAX_TEXT:
            return self.span(count, encoding)
        self.limits.spend(text=count)
        return self.read(count).decode(encoding)

    def bytes(self, count: int) -> bytes | Span:
        return self.span(count) if count > _MAX_BYTES else self.read(count)

    def integer(self, count: int) -> int:
        if count > _MAX_INTEGER:
            raise Refused("it holds a number of too many digits")
        return int.from_bytes(self.read(count), "little", signed=True)

    def line(self, encoding: str = "ascii", quotes: int = 0) -> Any:
        """Return a line as text, without its end and its quotes."""
        start, piece = self.position, b""
        while not piece.endswith(b"\n"):
            piece = self.file.readline(min(2**16, self.end - self.position))
            self.advance(len(piece) or self.end)
        after, self.position = self.position, start + quotes
        self.file.seek(self.position)
        text = self.text(max(after - 1 - quotes - self.position, 0), encoding)
        self.file.seek(after)
        self.position = after
        return text

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def mark(self) -> None:
        self.marks.append(len(self.stack))

    def items(self) -> list[Any]:
        """Take what lies above the last mark."""
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def append(self, items: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise Refused("it extends something that is not a list")
        self.stack[-1].extend(items)

    def set_items(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], Pairs):
            raise Refused("it sets keys of something that has none")
        self.stack[-1].extend(zip(items[::2], items[1::2], strict=True))

    def dictionary(self) -> None:
        items = self.items()
        self.push(Pairs())
        self.set_items(items)

    def put(self, index: int) -> None:
        if not 0 <= index < 2**24:
            raise Refused("it counts its values wrongly")
        self.memo[index] = self.stack[-1]

    def reduce(self) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        if not isinstance(arguments, tuple):
            raise Refused("it calls something without arguments")
        self.push(construct(name, arguments, self))
        self.file.seek(self.position)  # after a file within the file

    def refer(self, identity: Any) -> None:
        self.push(self.persistent(identity))
        self.file.seek(self.position)

    def build(self) -> None:
        set_state(self.stack[-2], self.stack.pop())

    def top(self, count: int) -> list[Any]:
        """Take the last values of the stack."""
        items = self.stack[-count:]
        if len(items) < count:
            raise Refused("it takes what is not there")
        del self.stack[-count:]
        return items

    def new(self, count: int) -> None:
        self.push(instance(self.top(count)[0]))


def _integer_of(text: str) -> int | bool:
    return text == "01" if text in ("00", "01") else int(text)


def _string(text: Any) -> Any:
    """Return the characters of a string in the source text of Python 2, if it is short."""
    return codecs.escape_decode(text)[0].decode("latin-1") if isinstance(text, str) else text


R = PickleReader
_ACTIONS: dict[bytes, Callable[[PickleReader], Any]] = {
    # plain values
    b"N": lambda r: r.push(None),
    b"\x88": lambda r: r.push(True),
    b"\x89": lambda r: r.push(False),
    b"I": lambda r: r.push(_integer_of(r.line())),
    b"L": lambda r: r.push(int(r.line().rstrip("L"))),
    b"J": lambda r: r.push(r.integer(4)),
    b"K": lambda r: r.push(r.number(1)),
    b"M": lambda r: r.push(r.number(2)),
    b"\x8a": lambda r: r.push(r.integer(r.number(1))),
    b"\x8b": lambda r: r.push(r.integer(r.number(4))),
    b"F": lambda r: r.push(float(r.line())),
    b"G": lambda r: r.push(struct.unpack(">d", r.read(8))[0]),
    b"S": lambda r: r.push(_string(r.line("latin-1", 1))),
    b"T": lambda r: r.push(r.text(r.number(4), "latin-1")),
    b"U": lambda r: r.push(r.text(r.number(1), "latin-1")),
    b"V": lambda r: r.push(r.line("raw-unicode-escape")),
    b"X": lambda r: r.push(r.text(r.number(4))),
    b"\x8c": lambda r: r.push(r.text(r.number(1))),
    b"\x8d": lambda r: r.push(r.text(r.number(8))),
    b"B": lambda r: r.push(r.bytes(r.number(4))),
    b"C": lambda r: r.push(r.bytes(r.number(1))),
    b"\x8e": lambda r: r.push(r.bytes(r.number(8))),
    b"\x96": lambda r: r.push(r.bytes(r.number(8))),
    # lists, sets (as lists), dictionaries, tuples
    b"]": lambda r: r.push([]),
    b"\x8f": lambda r: r.push([]),
    b"}": lambda r: r.push(Pairs()),
    b")": lambda r: r.push(()),
    b"l": lambda r: r.push(r.items()),
    b"t": lambda r: r.push(tuple(r.items())),
    b"\x91": lambda r: r.push(tuple(r.items())),
    b"\x85": lambda r: r.push(tuple(r.top(1))),
    b"\x86": lambda r: r.push(tuple(r.top(2))),
    b"\x87": lambda r: r.push(tuple(r.top(3))),
    b"d": R.dictionary,
    b"a": lambda r: r.append(r.top(1)),
    b"e": lambda r: r.append(r.items()),
    b"\x90": lambda r: r.append(r.items()),
    b"s": lambda r: r.set_items(r.top(2)),
    b"u": lambda r: r.set_items(r.items()),
    # stack and memory
    b"(": R.mark,
    b"0": lambda r: r.stack.pop(),
    b"1": R.items,
    b"2": lambda r: r.push(r.stack[-1]),
    b"p": lambda r: r.put(int(r.line())),
    b"q": lambda r: r.put(r.number(1)),
    b"r": lambda r: r.put(r.number(4)),
    b"\x94": lambda r: r.put(len(r.memo)),
    b"g": lambda r: r.push(r.memo[int(r.line())]),
    b"h": lambda r: r.push(r.memo[r.number(1)]),
    b"j": lambda r: r.push(r.memo[r.number(4)]),
    # names and objects
    b"c": lambda r: r.push(known(r.line("utf-8"), r.line("utf-8"))),
    b"\x93": lambda r: r.push(known(*r.top(2))),
    b"R": R.reduce,
    b"b": R.build,
    b"\x81": lambda r: r.new(2),
    b"\x92": lambda r: r.new(3),
    b"o": lambda r: r.push(instance(r.items()[0])),
    b"i": lambda r: r.push(instance(known(r.line(), r.line()))),
    b"P": lambda r: r.refer(r.line()),
    b"Q": lambda r: r.refer(r.stack.pop()),
    # the protocol, and frames, which group what follows
    b"\x80": lambda r: r.read(1),
    b"\x95": lambda r: r.read(8),
}
