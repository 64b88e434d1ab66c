"""Limits on what a weights file may ask for, before anything is built from it.

A weights file names an installed architecture and its options, and may come from anybody. Its
arrays are compared with the architecture's before any is read, but the architecture must have
been built for that. So numbers that no option of a network can be are refused at once.
"""

import math
from collections.abc import Iterator
from typing import Any

from ganzoo.errors import InvalidInput
from ganzoo.files.safetensors import Header
from ganzoo.files.text import quote

_MAX_OPTION = 2**16  # or as many as the file has numbers
_MAX_CLASSES = 2**16
_MAX_IMAGE = 2**26  # numbers


def check_option_limits(where: str, header: Header, options: dict[str, Any]) -> None:
    """Refuse an option that would take an architecture forever before it makes any weight.

    Args:
        where: The file, for messages.
        header: Its header.
        options: The options of the architecture.

    Raises:
        InvalidInput: A whole number is larger than any size in a network can be.
    """
    numbers = sum(math.prod(tensor.shape) for tensor in header.tensors.values())
    limit = max(_MAX_OPTION, numbers)
    for name, value in options.items():
        for number in _whole_numbers(value):
            if abs(number) > limit:
                raise InvalidInput(
                    f"{where} asks for an architecture that its weights cannot be of. Expected: "
                    f"whole numbers of at most {limit}. Received: {quote(name)} {number}."
                )


def check_data_limits(where: str, image_shape: tuple[int, ...], classes: int) -> None:
    """Refuse images and classes that are too many for any machine.

    Raises:
        InvalidInput: An image has too many numbers, or there are too many classes.
    """
    if math.prod(image_shape) > _MAX_IMAGE or classes > _MAX_CLASSES:
        raise InvalidInput(
            f"{where} is a model of too large images or too many classes. Expected: at most "
            f"{_MAX_IMAGE} numbers, and {_MAX_CLASSES} classes. Received: images of shape "
            f"{image_shape}, {classes} classes."
        )


def _whole_numbers(value: Any) -> Iterator[int]:
    """Every whole number in an option."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _whole_numbers(inner)
    elif isinstance(value, int):
        yield value
