"""Options and arguments that several verbs share, and parsers of their values."""

import math
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ganzoo.errors import UsageError

MAX_SEED = 2**31 - 1


def complete_model(incomplete: str) -> list[str]:
    """Return the models whose name begins with a text, for the completion of a shell."""
    from ganzoo.catalog.registry.lookup import list_models

    return [name for name in list_models() if name.startswith(incomplete)]


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
Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        autocompletion=complete_model,
        help="A model (name, name@2, name@best, hf://org/repo), a run folder, its number (7,"
        " 7@best), or a .safetensors file.",
    ),
]
Raw = Annotated[
    bool, typer.Option("--raw", help="Use the generator itself instead of its moving average.")
]
RunFolder = Annotated[
    Path | None,
    typer.Option("--run", metavar="FOLDER", help="A new folder of its own, without a number."),
]
RunsFolder = Annotated[
    Path | None,
    typer.Option("--runs", metavar="FOLDER", help="The folder of numbered runs.  [default: runs]"),
]
EvaluateEvery = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=0, help="Evaluate every N steps, and keep the best checkpoint; 0: never."
    ),
]
EvaluateFeatures = Annotated[
    str | None,
    typer.Option(
        "--features",
        metavar="NAME",
        help="The feature extractor of evaluations.  [default: the data set's own]",
    ),
]
LogTo = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Log to csv, tensorboard, wandb, trackio, mlflow or another logger, too; options"
        " behind a colon: wandb:project=faces. Repeats.",
    ),
]
Devices = Annotated[
    str | None,
    typer.Option(
        metavar="N",
        help="Devices that share each step: a number, or all of this host.  [default: 1]",
    ),
]
AllowPluginMismatch = Annotated[
    bool,
    typer.Option(
        "--allow-plugin-mismatch",
        help="Accept plugins of another distribution or version than those recorded.",
    ),
]
AllowNonfinite = Annotated[
    bool, typer.Option("--allow-nonfinite", help="Accept weights that are NaN or infinite.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")]

_MAX_LENGTH = 100_000  # of a list
_MAX_NUMBERS = 64  # of a list that is drawn as rows


def require_number(param: typer.CallbackParam, value: float | None) -> float | None:
    """Refuse NaN, which no bound refuses; a callback of options that take a float."""
    if value is not None and math.isnan(value):
        raise UsageError(f"--{param.name} must be a number. Received: nan.")
    return value


Truncation = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        min=0,
        max=99,
        callback=require_number,
        help="Less variety: truncate latents at X standard deviations (0.5 to 2); in a style-based"
        " model, scale the distance from the mean style by X (0 to 1).",
    ),
]

Truncations = Annotated[
    str | None,
    typer.Option(
        "--truncation",
        metavar="X,...",
        help="Less variety: truncate latents at X standard deviations (0.5 to 2); in a style-based"
        " model, scale the distance from the mean style by X (0 to 1). Of several, a row for each.",
    ),
]


def require_mutually_exclusive(**options: object) -> None:
    """Refuse options that contradict each other.

    Args:
        options: The value of each option by its name; `None` or `False` if it is absent.

    Raises:
        UsageError: More than one of them is present.
    """
    present = [
        f"--{name.replace('_', '-')}" if len(name) > 1 else f"-{name}"
        for name, value in options.items()
        if value is not None and value is not False
    ]
    if len(present) > 1:
        raise UsageError(
            f"At most one of these options can be given. Received: {', '.join(present)}."
        )


def parse_integers(option: str, text: str | None, *, largest: int = MAX_SEED) -> list[int] | None:
    """Parse a list of integers such as `1,2,5-9`.

    Args:
        option: The option's name.
        text: Integers and ranges, both ends included, separated by commas; `None` if the option
            is absent, which gives `None`.
        largest: The largest integer accepted.

    Raises:
        UsageError: `text` is something else.
    """
    if text is None:
        return None
    integers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        last = last if dash else first
        if not (_is_integer(first) and _is_integer(last)) or int(last) > largest:
            _refuse_list(option, text, largest)
        if int(first) > int(last) or int(last) - int(first) > _MAX_LENGTH:
            _refuse_list(option, text, largest)
        integers.extend(range(int(first), int(last) + 1))
    if len(integers) > _MAX_LENGTH:
        _refuse_list(option, text, largest)
    return integers


def parse_numbers(
    option: str, text: str | None, *, minimum: float = 0.0, maximum: float = 99.0
) -> float | list[float] | None:
    """Parse a number, or a list of them such as `0.5,0.7,1`.

    Args:
        option: The option's name.
        text: Numbers separated by commas; `None` if the option is absent, which gives `None`.
        minimum: The least that one may be.
        maximum: The most that one may be.

    Raises:
        UsageError: `text` is something else.
    """
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = [math.nan]
    if not all(minimum <= number <= maximum for number in numbers) or len(numbers) > _MAX_NUMBERS:
        raise UsageError(
            f"{option} takes numbers from {minimum:g} to {maximum:g}, such as 0.5,1."
            f" Received: {text!r}."
        )
    return numbers[0] if len(numbers) == 1 else numbers


def parse_classes(option: str, text: str | None) -> list[int | str] | None:
    """Parse a list of classes such as `0-4,cat`: indices, and names as given.

    Args:
        option: The option's name.
        text: Integers, ranges and names, separated by commas; `None` if the option is absent,
            which gives `None`. A name of digits alone counts as an index.

    Raises:
        UsageError: A name is empty, or an index is refused by `parse_integers`.
    """
    if text is None:
        return None
    classes: list[int | str] = []
    for part in map(str.strip, text.split(",")):
        if not part:
            raise UsageError(
                f"{option} takes classes, by number or by name, such as 0-4,cat. "
                f"Received: {text!r}."
            )
        numeric = part.replace("-", "").isdecimal()
        classes += (parse_integers(option, part) or []) if numeric else [part]
        if len(classes) > _MAX_LENGTH:
            _refuse_list(option, text, MAX_SEED)
    return classes


def _is_integer(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


def _refuse_list(option: str, text: str, largest: int) -> NoReturn:
    raise UsageError(
        f"{option} takes whole numbers from 0 to {largest} and rising ranges,"
        f" such as 1,2,5-9 (at most {_MAX_LENGTH} of them). Received: {text!r}."
    )
