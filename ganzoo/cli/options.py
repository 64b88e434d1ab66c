"""The options that several verbs share, so that they read and mean the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.errors import UsageError

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Backend = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="jax, torch or tensorflow. By default KERAS_BACKEND, then keras.json, then the"
        " first one installed.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a key of the recipe; the value is TOML. Repeats."
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(metavar="PATH", help="A folder or file with the data set (dataset.data)."),
]
AllowPluginMismatch = Annotated[
    bool,
    typer.Option(
        "--allow-plugin-mismatch",
        help="Go on with plugins of another distribution or version than it was made with.",
    ),
]
AllowNonfinite = Annotated[
    bool, typer.Option("--allow-nonfinite", help="Look at weights that are NaN or infinite.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is already there.")]


def at_most_one(**given: object) -> None:
    """Refuses options that say contradictory things.

    Args:
        given: The value of each option by its name; `None` or `False` when it is absent.
    """
    present = [
        f"--{name.replace('_', '-')}" if len(name) > 1 else f"-{name}"
        for name, value in given.items()
        if value is not None and value is not False
    ]
    if len(present) > 1:
        raise UsageError(
            f"At most one of these options can be given. Received: {', '.join(present)}."
        )


def whole_numbers(option: str, text: str | None, *, largest: int = 2**31 - 1) -> list[int] | None:
    """The numbers in a list such as `1,2,5-9`; `None` when the option is absent.

    Args:
        option: The option's name, for the error.
        text: Whole numbers and ranges, both ends included, separated by commas.
        largest: The largest number that may stand there.

    Raises:
        UsageError: The text is something else.
    """
    if text is None:
        return None
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        last = last if dash else first
        if not (_is_whole(first) and _is_whole(last)) or int(last) > largest:
            _refuse(option, text, largest)
        if int(first) > int(last) or int(last) - int(first) > _MOST:
            _refuse(option, text, largest)
        numbers.extend(range(int(first), int(last) + 1))
    if len(numbers) > _MOST:
        _refuse(option, text, largest)
    return numbers


def class_list(option: str, text: str | None) -> list[int | str] | None:
    """The classes in a list such as `0-4,cat`: numbers, and names as they stand there.

    Args:
        option: The option's name, for the error.
        text: Whole numbers, ranges and names, separated by commas. A name of digits alone counts
            as a number.

    Raises:
        UsageError: A name is empty, or numbers are as `whole_numbers` refuses them.
    """
    if text is None:
        return None
    found: list[int | str] = []
    for part in map(str.strip, text.split(",")):
        if not part:
            raise UsageError(
                f"{option} takes classes, by number or by name, such as 0-4,cat. "
                f"Received: {text!r}."
            )
        numeric = part.replace("-", "").isdecimal()
        found += (whole_numbers(option, part) or []) if numeric else [part]
        if len(found) > _MOST:
            _refuse(option, text, 2**31 - 1)
    return found


_MOST = 100_000  # numbers in one list


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


def _refuse(option: str, text: str, largest: int) -> None:
    raise UsageError(
        f"{option} takes whole numbers from 0 to {largest} and rising ranges,"
        f" such as 1,2,5-9 (at most {_MOST} of them). Received: {text!r}."
    )
