"""Networks of ncnn: a text of layers, `.param`, and beside it their numbers, `.bin`.

The layouts: https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure. Read are float32
and float16; a layer whose numbers are not known to lie as they do here is refused by its kind.
"""

import math
import os
from io import BufferedReader
from typing import Any

import numpy as np

from ganzoo.files.foreign.stand_ins import Refused, Span, Tensor
from ganzoo.files.reading import open_regular

MAGIC = b"7767517\n"
_MAX_TEXT_BYTES = 2**22
_MAX_LAYERS = 10_000
_MAX_NUMBER = 2**31
_FLOAT16, _FLOAT32 = 0x01306B47, 0  # what is before the numbers of a kernel
_ALIGNMENT = 4  # bytes
_LISTS = -23300
_WITHOUT_NUMBERS = {
    "BinaryOp", "Clip", "Concat", "Crop", "Dropout", "Eltwise", "Input", "Interp", "Noop",
    "Padding", "PixelShuffle", "Pooling", "ReLU", "Reorg", "Sigmoid", "Split", "TanH", "UnaryOp",
}  # fmt: skip

_Option = float | tuple[float, ...]


class _NumbersFile:
    """The file of numbers, read from its beginning."""

    def __init__(self, file: BufferedReader):
        self.file, self.position = file, 0
        self.size = file.seek(0, 2)

    def tag(self) -> int:
        self.file.seek(self.position)
        content = self.file.read(4)
        if len(content) != 4:
            raise Refused("its file of numbers ends too early")
        self.position += 4
        return int.from_bytes(content, "little")

    def array(self, dtype: str, shape: tuple[int, ...]) -> Tensor:
        kind = np.dtype(dtype).newbyteorder("<")
        length = math.prod(shape) * kind.itemsize
        if length > self.size - self.position:
            raise Refused("its file of numbers ends too early")
        tensor = Tensor.contiguous(kind, shape, Span(self.position, length))
        self.position += -(-length // _ALIGNMENT) * _ALIGNMENT
        return tensor


def open_numbers(path: str) -> BufferedReader:
    """Open the `.bin` file beside a `.param` file."""
    return open_regular(os.path.splitext(path)[0] + ".bin", follow_symlinks=True)


def read_layers(
    layers: BufferedReader, file: BufferedReader
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the arrays of a network by name, in the order of its layers, and what else it says.

    Names are those of the layers, with `.weight`, `.bias` or `.slope`; shapes those of PyTorch,
    (out, in, h, w). What else is said of a layer is under its name, too: `.kind`, and its numbers
    by their keys, `"Resize_1.0"`, where a list is a tuple.

    Args:
        layers: The `.param` file.
        file: The `.bin` file.

    Raises:
        Refused: It is no such network, or the numbers are not those of its layers.
    """
    layers.seek(0)
    text = layers.read(_MAX_TEXT_BYTES + 1)
    if len(text) > _MAX_TEXT_BYTES or not text.startswith(MAGIC):
        raise Refused("its list of layers is too long")
    lines = [line for line in text.decode("ascii").split("\n")[1:] if line.strip()]
    count = _counts(lines[0].split(), 2)[0]
    if not 0 < count <= _MAX_LAYERS or count != len(lines) - 1:
        raise Refused("it does not have as many layers as it says")
    numbers, tensors, metadata = _NumbersFile(file), {}, {}
    for line in lines[1:]:
        kind, name, *rest = line.split()
        ends = sum(_counts(rest, 2))
        options = _options(rest[2 + ends :])
        if f"{name}.kind" in metadata or not 0 <= ends < len(rest):
            raise Refused("two of its layers have one name, or a layer is not whole")
        metadata[f"{name}.kind"] = kind
        metadata |= {f"{name}.{key}": value for key, value in options.items()}
        for part, tensor in _arrays(kind, options, numbers).items():
            tensors[f"{name}.{part}"] = tensor
    if numbers.position != numbers.size:
        raise Refused("its file of numbers is longer than its layers say")
    return tensors, metadata


def _arrays(kind: str, options: dict[int, _Option], numbers: _NumbersFile) -> dict[str, Tensor]:
    """The arrays of a layer, which follow each other in the file."""
    if kind == "PReLU":
        return {"slope": numbers.array("float32", (_size(options, 0),))}
    if kind != "Convolution":
        if kind not in _WITHOUT_NUMBERS:
            raise Refused("it has a layer of a kind that is not known here")
        return {}
    filters, width, total = (_size(options, key) for key in (0, 1, 6))
    height = _size(options, 11) if 11 in options else width
    channels, left = divmod(total, filters * height * width)
    if left or not channels or options.get(8) or options.get(19):  # of 8 bits; of another input
        raise Refused("the size of a kernel is not that of its layer, or its numbers have 8 bits")
    tag = numbers.tag()
    if tag not in (_FLOAT16, _FLOAT32):
        raise Refused("its numbers are neither of 32 nor of 16 bits")
    shape = (filters, channels, height, width)
    found = {"weight": numbers.array("float16" if tag else "float32", shape)}
    if options.get(5):
        found["bias"] = numbers.array("float32", (filters,))
    return found


def _options(words: list[str]) -> dict[int, _Option]:
    """Numbers by key, and lists of them, which are written with their length and -23300 - key."""
    found: dict[int, _Option] = {}
    for word in words:
        key, _, value = word.partition("=")
        index, texts = int(key), value.split(",")
        is_list = index <= _LISTS
        if is_list:
            index, length, texts = _LISTS - index, int(texts[0]), texts[1:]
        numbers = tuple(map(_number, texts))
        if index < 0 or index in found or len(numbers) != (length if is_list else 1):
            raise Refused("a layer has an option twice, or one of another length")
        found[index] = numbers if is_list else numbers[0]
    return found


def _number(text: str) -> float:
    number = float(text)
    if not abs(number) < _MAX_NUMBER:
        raise Refused("a layer has an option that is no number")
    return int(number) if number == int(number) else number


def _size(options: dict[int, _Option], key: int) -> int:
    value = options.get(key, 0)
    if not isinstance(value, int) or value < 1:
        raise Refused("a layer does not say its sizes")
    return value


def _counts(words: list[str], count: int) -> list[int]:
    found = [int(word) for word in words[:count]]
    if len(found) != count or min(found) < 0:
        raise Refused("it does not say its numbers of layers")
    return found
