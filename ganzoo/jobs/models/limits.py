"""Networks that a file asks for are built within what the file itself can justify.

A weights file names an installed architecture and its options, and may come from anybody. Its
arrays are compared with the architecture's before any is read, but the architecture must have
been built for that, with as many weights as the options say. So numbers that no option has are
refused at once, and the building ends at the first weight that is one too many. Both networks
are built and the file may hold the generator alone: hence the factors.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ganzoo.errors import InvalidInput
from ganzoo.files.safetensors import Header
from ganzoo.files.text import quote

_FREE = 2**23  # numbers in the weights of two networks, whatever the file: 32 MB
_FACTOR = 4  # ... and so many more for each byte of the file: 16 for a float32
_FREE_WEIGHTS = 1000  # arrays, whatever the file
_FACTOR_WEIGHTS = 4  # ... and so many more for each array in the file
_LARGEST = 2**16  # of an option, of classes; or as many as the file has numbers
_LARGEST_IMAGE = 2**26  # numbers

_BUILDING = threading.Lock()


def check_options(where: str, header: Header, options: dict[str, Any]) -> None:
    """Refuse an option that would take an architecture for ever before it makes any weight.

    Args:
        where: The file, for messages.
        header: Of the file.
        options: Of the architecture.

    Raises:
        InvalidInput: A whole number is larger than any size in a network can be.
    """
    numbers = sum(math.prod(tensor.shape) for tensor in header.tensors.values())
    most = max(_LARGEST, numbers)
    for name, value in options.items():
        for number in _whole(value):
            if abs(number) > most:
                raise InvalidInput(
                    f"{where} asks for an architecture that its weights cannot be of. Expected: "
                    f"whole numbers of at most {most}. Received: {quote(name)} {number}."
                )


def check_data(where: str, image_shape: tuple[int, ...], classes: int) -> None:
    """Refuse images and classes that are too many for any machine; see `check_options`."""
    if math.prod(image_shape) > _LARGEST_IMAGE or classes > _LARGEST:
        raise InvalidInput(
            f"{where} is a model of too large images or too many classes. Expected: at most "
            f"{_LARGEST_IMAGE} numbers, and {_LARGEST} classes. Received: images of shape "
            f"{image_shape}, {classes} classes."
        )


@contextmanager
def limited(where: str, header: Header) -> Iterator[None]:
    """In which this thread can make no more weights than the file can be of.

    Keras asks nobody before it makes a weight. So the one method through which layers make
    them is watched as long as the networks are built.

    Args:
        where: The file, for messages.
        header: Of the file.

    Raises:
        InvalidInput: Inside, by the layer that makes one too many.
    """
    from keras import layers

    size = sum(tensor.nbytes for tensor in header.tensors.values())
    left = {
        "numbers": _FREE + _FACTOR * size,
        "weights": _FREE_WEIGHTS + _FACTOR_WEIGHTS * len(header.tensors),
    }
    thread, add_weight = threading.get_ident(), layers.Layer.add_weight

    def watched(layer, shape=None, *args, **kwargs):
        if threading.get_ident() == thread:
            axes = (shape,) if isinstance(shape, int) else shape or ()
            left["numbers"] -= math.prod(axes)
            left["weights"] -= 1
            if min(left.values()) < 0:
                raise InvalidInput(
                    f"{where} asks for an architecture that its weights cannot be of. Expected: "
                    f"networks of the size of its {size} bytes in {len(header.tensors)} arrays. "
                    f"Received: many times that, with a weight of shape {tuple(axes)}."
                )
        return add_weight(layer, shape, *args, **kwargs)

    with _BUILDING:
        layers.Layer.add_weight = watched
        try:
            yield
        finally:
            layers.Layer.add_weight = add_weight


def _whole(value: Any) -> Iterator[int]:
    """Every whole number in an option."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _whole(inner)
    elif isinstance(value, int):
        yield value
