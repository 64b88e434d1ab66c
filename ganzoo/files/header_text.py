"""The text of a safetensors header, walked entry by entry.

The parser knows only this form, and nothing nests in it. So whatever else a hostile
file holds is met at its first deviation, before it is built in memory.
"""

import json
import math
import re
from dataclasses import dataclass

from ganzoo.files.arrays import DTYPES, ITEM_SIZES
from ganzoo.files.strict_json import unique_keys
from ganzoo.files.text import quote

MOST_TENSORS = 65_536
_MOST_METADATA_KEYS = 1_024
_MOST_NAME_CHARACTERS = 512
_MOST_DIMENSIONS = 32  # numpy 1's own limit
_MOST_ELEMENTS = 2**48  # zero dimensions counted as one; numpy can index that many

_NAME_PART = re.compile(r"[A-Za-z0-9_.:+-]+")
_SPACE = re.compile(r"[ \t\n\r]*")
_ENTRY = re.compile(r"\{[^{}]{0,2048}\}")
_FIELDS = {"dtype", "shape", "data_offsets"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tensor:
    """Where a tensor lies in a file.

    Args:
        dtype: Its type in the file: `"F32"`.
        shape: Its shape.
        start: Its first byte, counted from the end of the header.
        end: The byte after its last.
    """

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def numpy_dtype(self) -> str:
        """The type's name in numpy: `"float32"`."""
        return DTYPES[self.dtype]


class Refused(ValueError):
    """The reason why a header is not valid."""


def check_tensor_name(name: str, *, error: type[Exception]) -> None:
    """Refuse a tensor name that is not parts of plain characters joined by `/`."""
    if (
        len(name) > _MOST_NAME_CHARACTERS
        or name == "__metadata__"
        or any(not _NAME_PART.fullmatch(p) or p in (".", "..") for p in name.split("/"))
    ):
        raise error(
            f"Not a valid tensor name: expected 1 to {_MOST_NAME_CHARACTERS} letters, digits and "
            f"'_.:+-' in parts joined by '/'. Received: {quote(name)}."
        )


def parse(text: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the metadata of a header's text; `Refused` with the reason if not valid."""
    tensors: dict[str, Tensor] = {}
    metadata: dict[str, str] | None = None
    at = _expect("{", text, 0)  # the format: it begins with `{`
    if text[at : at + 1] == "}":
        at += 1
    else:
        while True:
            name, at = _string(text, at)
            at = _expect(":", text, at)
            if name == "__metadata__":
                if metadata is not None:
                    raise Refused("'__metadata__' is given twice")
                metadata, at = _metadata(text, at)
            else:
                if name in tensors:
                    raise Refused(f"tensor {quote(name)} is given twice")
                if len(tensors) == MOST_TENSORS:
                    raise Refused(f"more than {MOST_TENSORS} tensors")
                check_tensor_name(name, error=Refused)
                tensors[name], at = _entry(name, text, at)
            more, at = _more(text, at)
            if not more:
                break
    if _SPACE.match(text, at).end() != len(text):
        raise Refused("something follows the end of the header")
    return tensors, metadata or {}


def _entry(name: str, text: str, at: int) -> tuple[Tensor, int]:
    found = _ENTRY.match(text, at)
    if not found:
        raise Refused(f"tensor {quote(name)} has no short object of dtype, shape, data_offsets")
    entry = _ENTRY_DECODER.decode(found.group())
    if entry.keys() != _FIELDS:
        raise Refused(
            f"tensor {quote(name)} must have dtype, shape and data_offsets and nothing else"
        )
    return _checked(name, **entry), _SPACE.match(text, found.end()).end()


def _checked(name: str, dtype: object, shape: object, data_offsets: object) -> Tensor:
    """The entry with its types, sizes and offsets checked."""
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise Refused(
            f"tensor {quote(name)}: expected a dtype of {', '.join(DTYPES)}. "
            f"Received: {quote(dtype)}"
        )
    for field, value in (("shape", shape), ("data_offsets", data_offsets)):
        if not isinstance(value, list) or any(type(n) is not int for n in value):
            raise Refused(
                f"tensor {quote(name)}: expected {field} to be a list of whole numbers. "
                f"Received: {quote(value)}"
            )
    if len(shape) > _MOST_DIMENSIONS or math.prod(n or 1 for n in shape) > _MOST_ELEMENTS:
        raise Refused(f"tensor {quote(name)} is too large. Received: shape {quote(shape)}")
    size = math.prod(shape) * ITEM_SIZES[dtype]
    if len(data_offsets) != 2 or data_offsets[1] - data_offsets[0] != size:
        raise Refused(
            f"tensor {quote(name)}: expected data_offsets [start, start + {size}] from its dtype "
            f"and shape. Received: {quote(data_offsets)}"
        )
    return Tensor(dtype=dtype, shape=tuple(shape), start=data_offsets[0], end=data_offsets[1])


def _metadata(text: str, at: int) -> tuple[dict[str, str], int]:
    metadata: dict[str, str] = {}
    at = _expect("{", text, at)
    if text[at : at + 1] == "}":
        return metadata, _expect("}", text, at)
    while True:
        key, at = _string(text, at)
        at = _expect(":", text, at)
        value, at = _string(text, at)
        if key in metadata:
            raise Refused(f"metadata {quote(key)} is given twice")
        if len(metadata) == _MOST_METADATA_KEYS:
            raise Refused(f"more than {_MOST_METADATA_KEYS} keys of metadata")
        metadata[key] = value
        more, at = _more(text, at)
        if not more:
            return metadata, at


def _string(text: str, at: int) -> tuple[str, int]:
    """The JSON string that begins here, and the place after it and any space."""
    if text[at : at + 1] != '"':
        raise Refused(f"expected text in quotes at character {at}")
    value, at = _STRING_DECODER.raw_decode(text, at)
    value.encode("utf-8")  # half of a surrogate pair is a UnicodeEncodeError
    return value, _SPACE.match(text, at).end()


def _more(text: str, at: int) -> tuple[bool, int]:
    """Whether a comma stands here, rather than the object's end."""
    if text[at : at + 1] == "}":
        return False, _expect("}", text, at)
    return True, _expect(",", text, at)


def _expect(character: str, text: str, at: int) -> int:
    """The place after this character and any space after it."""
    if text[at : at + 1] != character:
        raise Refused(f"expected {character!r} at character {at} of the header")
    return _SPACE.match(text, at + 1).end()


def _whole_number(text: str) -> int:
    if not text.isdigit() or len(text) > 19:
        raise Refused(f"expected a whole number of at most 19 digits. Received: {quote(text)}")
    return int(text)


def _no_fraction(text: str) -> int:
    raise Refused(f"expected a whole number. Received: {quote(text)}")


_STRING_DECODER = json.JSONDecoder()
_ENTRY_DECODER = json.JSONDecoder(
    object_pairs_hook=unique_keys,
    parse_int=_whole_number,
    parse_float=_no_fraction,
    parse_constant=_no_fraction,
)
