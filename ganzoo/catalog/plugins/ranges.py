"""The least number that an option of a plugin can be, as its name and its default tell.

Whole numbers of an architecture or a data set count something: where the default is not below
zero, nothing below it can be meant. What says how wide a network is, or how long a latent, is
at least 1, unless the plugin's author chose 0 for it.
"""

from ganzoo.catalog.plugins.annotations import fits
from ganzoo.catalog.plugins.signature import MISSING, Parameter

WORDS = {"width", "widths", "units", "channels", "filters", "features", "dim"}
SIZED = {"latent", "latents", "embedding", "noise", "style", "code"}  # followed by `_size`


def is_width(name: str) -> bool:
    """Whether an option of that name says how wide something is, or how long a latent is.

    One of the words of its name is in `WORDS`, or its last two are one of `SIZED` and `size`:
    `generator_width`, `units`, `latent_size`.
    """
    words = name.split("_")
    return bool(WORDS & set(words)) or (words[-1] == "size" and bool(SIZED & set(words)))


def least(parameter: Parameter) -> int | None:
    """The least that a whole number, or one of a list of them, can be; None: nothing is known.

    Args:
        parameter: As the source has it. A default of None, or none at all, tells nothing, but
            of a width, which then must be annotated as a whole number or a list of them.
    """
    default = parameter.default
    numbers = list(default) if isinstance(default, list | tuple) else [default]
    if numbers and all(type(number) is int for number in numbers):
        lowest = min(numbers)
        return None if lowest < 0 else int(is_width(parameter.name) and lowest > 0)
    unsaid = default is None or default is MISSING
    return 1 if unsaid and is_width(parameter.name) and _is_whole(parameter.annotation) else None


def below(value: object, bound: int) -> bool:
    """Whether a value is a whole number below a bound, or a list that holds one."""
    numbers = value if isinstance(value, list | tuple) else [value]
    return any(type(number) is int and number < bound for number in numbers)


def _is_whole(annotation: str) -> bool:
    """Whether whole numbers fit, alone or in a list, and others do not."""
    pairs = ((1, 0.5), ([1], [0.5]))
    return any(fits(annotation, whole) and not fits(annotation, part) for whole, part in pairs)
