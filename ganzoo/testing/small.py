"""How an architecture is made small enough to be checked in seconds.

Options that say how wide a network is, or how long a latent, become small numbers. An option
counts as one if it is a whole number or a list of whole numbers by default, and its name says
so (`is_width`): `generator_width`, `units`, `latent_size`. Where the
architecture refuses such numbers with a `UsageError`, the next larger ones are tried, and at
last its own defaults. Whatever else makes it small, such as fewer blocks, is given to the
check by hand, as `options`.
"""

import re
from collections.abc import Iterator
from typing import Any

from ganzoo.catalog.plugins.signature import Signature

NUMBERS = (8, 16, 32)
_WIDTHS = {"width", "widths", "units", "channels", "filters", "features", "dim"}
_SIZED = {"latent", "latents", "embedding", "noise", "style", "code"}  # followed by `_size`

# Samples of each number of axes that are tried. The first that an architecture accepts is
# played with; those of `LARGE` are tried only where it accepts none of the others.
SHAPES: dict[int, tuple[tuple[int, ...], ...]] = {
    3: ((8, 8, 1), (28, 28, 1), (32, 32, 3)),
    1: ((2,),),
    2: ((64, 1), (256, 1), (1024, 2), (4096, 1)),
    4: ((8, 8, 8, 1), (16, 16, 16, 3)),
}
LARGE: dict[int, tuple[tuple[int, ...], ...]] = {
    3: ((64, 64, 3), (128, 128, 3), (256, 256, 3)),
    2: ((16384, 1), (65536, 1)),
    4: ((16, 32, 32, 3), (32, 64, 64, 3)),
}
_ANY_RANK = "..."


def small_options(read: Signature) -> Iterator[dict[str, Any]]:
    """Options to try, one table after the other; the last one is empty.

    Args:
        read: What the architecture's source says.
    """
    wide = {
        name: parameter.default for name, parameter in read.parameters.items() if is_width(name)
    }
    for number in NUMBERS:
        found = {name: _narrow(default, number) for name, default in wide.items()}
        found = {name: value for name, value in found.items() if value is not None}
        if found:
            yield found
    yield {}


def is_width(name: str) -> bool:
    """Return whether an option's name says how wide something is, or how long a latent is."""
    words = name.split("_")
    return bool(_WIDTHS & set(words)) or (words[-1] == "size" and bool(_SIZED & set(words)))


def shapes(read: Signature) -> tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]:
    """Shapes of samples that an architecture may take, by how it annotates `image_shape`.

    `tuple[int, int, int]` is for pictures, which is also what no annotation means;
    `tuple[int, int]` for sounds, four of them for videos, and `tuple[int, ...]` for pictures
    and points.

    Returns:
        The ordinary ones, and the large ones.
    """
    parameter = read.parameters.get("image_shape")
    annotation = parameter.annotation if parameter else ""
    inside = re.search(r"tuple\[(.*)\]", annotation)
    axes = [part.strip() for part in inside.group(1).split(",")] if inside else ["int"] * 3
    ranks = (3, 1) if _ANY_RANK in axes else (len(axes),)
    ordinary, large = ([shape for rank in ranks for shape in table.get(rank, ())]
                       for table in (SHAPES, LARGE))  # fmt: skip
    return tuple(ordinary), tuple(large)


def _narrow(default: object, number: int) -> Any:
    """The default with smaller numbers; None if it holds none."""
    if type(default) is int:
        return min(default, number)
    if isinstance(default, list | tuple) and default and all(type(n) is int for n in default):
        return [min(n, number) for n in default]
    return None
