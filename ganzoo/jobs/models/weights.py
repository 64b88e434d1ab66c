"""Arrays between a GAN and its files: a checkpoint's state, and the generator that is published.

A file may keep float32 arrays as float16, all of them or kernels alone, and says so: half the
bytes, and images that differ by rounding. Nothing is trained or computed in it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.digests import tensors_digest
from ganzoo.files.text import quote

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

STATE = "state.safetensors"  # in a checkpoint
STORED = "stored"  # in a file's metadata: the type of its arrays, if it is not their own
FLOAT16 = "float16"
KERNELS_AS_FLOAT16 = "float16 kernels"  # as ncnn's files keep networks
_FLOAT32 = "float32"

Spec = Mapping[str, tuple[str, tuple[int, ...]]]  # type and shape by name


def state_arrays(gan: "GAN") -> dict[str, np.ndarray]:
    """Return copies of the whole state of a GAN by name."""
    from keras import ops

    return {name: np.array(ops.convert_to_numpy(v.value)) for name, v in gan.state().items()}


def frozen_digests(gan: "GAN") -> dict[str, str]:
    """Return the SHA-256 of the weights of each frozen network by its name."""
    from keras import ops

    from ganzoo.gan.state import network_state

    return {
        name: tensors_digest({n: ops.convert_to_numpy(v.value) for n, v in network_state(network)})
        for name, network in gan.frozen_networks.items()
    }


def generator_arrays(
    state: Mapping[str, np.ndarray], *, raw: bool = False
) -> tuple[dict[str, np.ndarray], str]:
    """Return the generator's arrays out of a state, and which they are: "ema" or "raw".

    Averaged where there is an average and `raw` does not forbid it; names begin with
    `generator/` either way.
    """
    chosen = {n: a for n, a in state.items() if n.startswith("generator/")}
    averages = {} if raw else {n: a for n, a in state.items() if n.startswith("ema/")}
    for name, array in averages.items():
        chosen[f"generator/{name.removeprefix('ema/')}"] = array
    return chosen, "ema" if averages else "raw"


def assign_arrays(
    variables: Mapping[str, Any], arrays: Mapping[str, np.ndarray], where: str
) -> None:
    """Assign arrays to variables of the same names, shapes and types, all or none.

    Raises:
        InvalidInput: A name is missing or left over, or a shape or type differs.
    """
    received = {name: (str(array.dtype), array.shape) for name, array in arrays.items()}
    check_spec(variables_spec(variables), received, where)
    for name, variable in variables.items():
        variable.assign(arrays[name])


def variables_spec(variables: Mapping[str, Any]) -> Spec:
    """Return type and shape of variables by name."""
    return {name: (v.dtype, tuple(v.shape)) for name, v in variables.items()}


def check_spec(expected: Spec, received: Spec, where: str) -> None:
    """Raise `InvalidInput` unless both name the same arrays of the same types and shapes."""
    for name in sorted(expected.keys() | received.keys()):
        one, other = expected.get(name), received.get(name)
        if one != other:
            raise InvalidInput(
                f"{where} does not fit this architecture at {name!r}. "
                f"Expected: {_format_spec(one)}. Received: {_format_spec(other)}.",
                hint="It was written by another architecture or other options.",
            )


def first_nonfinite(values: Mapping[str, np.ndarray | float]) -> str | None:
    """Return the first name whose value holds NaN or infinity; such values are never saved."""
    return next((name for name, value in values.items() if not np.isfinite(value).all()), None)


def check_finite(arrays: Mapping[str, np.ndarray], where: object, done: str) -> None:
    """Refuse to pass on weights with NaN or infinity.

    Args:
        arrays: Arrays by name.
        where: The file or run that they are from, for the message.
        done: What is not done with them: `"published"`.

    Raises:
        InvalidInput: One of them holds NaN or infinity.
    """
    name = first_nonfinite(arrays)
    if name is not None:
        raise InvalidInput(f"{where} is not {done}: {name} is not finite.")


def to_float16(
    arrays: Mapping[str, np.ndarray], *, kernels_alone: bool = False
) -> dict[str, np.ndarray]:
    """Return the arrays, those of float32 as float16.

    Args:
        arrays: Arrays by name.
        kernels_alone: Leave all but kernels as they are: a few kilobytes more, of most networks.

    Raises:
        UsageError: A number is too large for float16, whose largest is 65504.
    """
    found = {}
    for name, array in arrays.items():
        found[name] = array
        if array.dtype != _FLOAT32 or (kernels_alone and not _is_kernel(name)):
            continue
        with np.errstate(over="ignore"):  # reported below
            found[name] = array.astype(FLOAT16)
        if not np.isfinite(found[name]).all():
            raise UsageError(
                f"{name} does not fit half precision. Expected: numbers of at most "
                f"{np.finfo(FLOAT16).max:g} in size. Received: {np.abs(array).max():g}.",
                hint="Publish it without --float16.",
            )
    return found


def from_float16(arrays: Mapping[str, np.ndarray], spec: Spec) -> dict[str, np.ndarray]:
    """Return the arrays of a file that fits `stored_spec` in the types of `spec`."""
    return {name: array.astype(spec[name][0], copy=False) for name, array in arrays.items()}


def stored_spec(spec: Spec, about: Mapping[str, Any], where: str) -> Spec:
    """Return types and shapes of the arrays in a file that holds variables of a spec.

    Args:
        spec: Types and shapes of the variables.
        about: The file's metadata, which say whether float32 arrays are stored as float16.
        where: The file, for the message.

    Raises:
        InvalidInput: They are stored in another way.
    """
    stored = about.get(STORED)
    if stored is None and STORED not in about:
        return spec
    if stored not in (FLOAT16, KERNELS_AS_FLOAT16):
        raise InvalidInput(
            f"{where} stores its arrays in a way that this ganzoo does not know. "
            f"Expected: {FLOAT16}, {KERNELS_AS_FLOAT16}, or no {STORED!r} in its metadata. "
            f"Received: {quote(stored)}.",
        )
    return {
        name: (FLOAT16, shape)
        if dtype == _FLOAT32 and (stored == FLOAT16 or _is_kernel(name))
        else (dtype, shape)
        for name, (dtype, shape) in spec.items()
    }


def _is_kernel(name: str) -> bool:
    return name.endswith("/kernel")


def _format_spec(entry: tuple[str, tuple[int, ...]] | None) -> str:
    return "nothing" if entry is None else f"{entry[0]} {tuple(entry[1])}"
