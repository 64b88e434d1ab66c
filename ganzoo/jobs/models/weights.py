"""Arrays between a game and its files: what a checkpoint holds, and what is passed on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.errors import InvalidInput

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

STATE = "state.safetensors"  # in a checkpoint


def arrays_of(gan: "GAN") -> dict[str, np.ndarray]:
    """Copies of the whole state by name."""
    from keras import ops

    return {name: np.array(ops.convert_to_numpy(v.value)) for name, v in gan.state().items()}


def assign(variables: Mapping[str, Any], arrays: Mapping[str, np.ndarray], where: str) -> None:
    """Give variables the values of arrays of the same names, shapes and types, all or none.

    Raises:
        InvalidInput: a name is missing or left over, or a shape or type differs.
    """
    check(spec_of(variables), {n: (str(a.dtype), a.shape) for n, a in arrays.items()}, where)
    for name, variable in variables.items():
        variable.assign(arrays[name])


Spec = Mapping[str, tuple[str, tuple[int, ...]]]


def spec_of(variables: Mapping[str, Any]) -> Spec:
    """Type and shape by name."""
    return {name: (v.dtype, tuple(v.shape)) for name, v in variables.items()}


def check(expected: Spec, received: Spec, where: str) -> None:
    """Raise `InvalidInput` unless both name the same arrays of the same types and shapes."""
    for name in sorted(expected.keys() | received.keys()):
        one, other = expected.get(name), received.get(name)
        if one != other:
            raise InvalidInput(
                f"{where} does not fit this architecture at {name!r}. "
                f"Expected: {_shown(one)}. Received: {_shown(other)}.",
                hint="It was written by another architecture or other options.",
            )


def _shown(entry: tuple[str, tuple[int, ...]] | None) -> str:
    return "nothing" if entry is None else f"{entry[0]} {tuple(entry[1])}"


def not_finite(values: Mapping[str, np.ndarray | float]) -> str | None:
    """The first name whose value holds NaN or infinity; nothing like that is ever saved."""
    return next((name for name, value in values.items() if not np.isfinite(value).all()), None)


def check_finite(arrays: Mapping[str, np.ndarray], where: object, done: str) -> None:
    """Refuse to pass on weights that are no numbers.

    Args:
        arrays: By name.
        where: What they are of, for the message.
        done: What is not done with them: `"published"`.

    Raises:
        InvalidInput: One of them holds NaN or infinity.
    """
    bad = not_finite(arrays)
    if bad is not None:
        raise InvalidInput(f"{where} is not {done}: {bad} is not finite.")


def generator_of(
    arrays: Mapping[str, np.ndarray], *, raw: bool = False
) -> tuple[dict[str, np.ndarray], str]:
    """The generator's arrays out of a state, and what they are: "ema" or "raw".

    Averaged where there is an average and `raw` does not forbid it; names begin with
    `generator/` either way.
    """
    chosen = {n: a for n, a in arrays.items() if n.startswith("generator/")}
    averages = {} if raw else {n: a for n, a in arrays.items() if n.startswith("ema/")}
    for name, array in averages.items():
        chosen[f"generator/{name.removeprefix('ema/')}"] = array
    return chosen, "ema" if averages else "raw"
