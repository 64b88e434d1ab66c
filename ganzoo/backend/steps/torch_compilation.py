"""`torch.compile` for networks in training.

PyTorch's compiler reads Python; what it would have to read here is Keras. So a network is called
once, for each shape of its inputs, with tensors that record their operations, and the compiler is
given those: a function of the inputs and of the values of the network's variables, which returns
the outputs and what the network wrote.
"""

import contextlib
import contextvars
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import torch

from ganzoo.backend.scope import WriteCapture
from ganzoo.errors import PluginError, UsageError

# Numbers that a layer draws are PyTorch's own, as without compilation.
_OPTIONS: dict[str, Any] = {"fallback_random": True, "fx_graph_cache": False}
_compiling = contextvars.ContextVar("_compiling", default=False)


class _Compiled(NamedTuple):
    """A network for inputs of one shape, with or without derivatives.

    Args:
        function: Inputs and values of variables -> outputs, and values of `written`.
        written: The variables that a call writes.
        single: Whether the network returns a tensor, not a list.
    """

    function: Callable
    written: list[keras.Variable]
    single: bool


_compiled: weakref.WeakKeyDictionary[keras.Model, dict[tuple, _Compiled]] = (
    weakref.WeakKeyDictionary()
)


@contextlib.contextmanager
def compiling(switch: bool, whole: bool = True) -> Iterator[None]:
    """In which networks are compiled, or not.

    Args:
        switch: Whether they are.
        whole: Whether networks get whole batches, and keep all that they compute.

    Raises:
        UsageError: They do not, and are to be compiled.
    """
    if switch and not whole:
        raise UsageError(
            "On PyTorch networks are compiled for whole batches on one device, without "
            "rematerialization.",
            hint="--set training.xla=false trains them line by line.",
        )
    token = _compiling.set(switch)
    try:
        yield
    finally:
        _compiling.reset(token)


def is_compiling() -> bool:
    """Return True inside `compiling(True)`."""
    return _compiling.get()


def compiled_outputs(network: Any, inputs: Any, outputs_of: Callable) -> Any:
    """Outputs of a network in training mode, compiled. They can be differentiated once.

    Args:
        network: A built Keras model.
        inputs: A tensor, or a list of them.
        outputs_of: `(network, inputs) -> outputs`, line by line.

    Raises:
        PluginError: what the network does depends on the numbers that it is given.
    """
    given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    tensors = [*given, *(variable.value for variable in network.variables)]
    of_network = _compiled.setdefault(network, {})
    key = torch.is_grad_enabled(), *((x.shape, x.dtype, x.requires_grad) for x in given)
    new = key not in of_network
    with _unwarned() if new else contextlib.nullcontext():
        if new:
            of_network[key] = _compile(network, tensors, len(given), outputs_of)
        function, written, single = of_network[key]
        results = function(*tensors)
    count = len(results) - len(written)
    for variable, value in zip(written, results[count:], strict=True):
        variable.assign(value.detach())
    return results[0] if single else list(results[:count])


def _compile(network: Any, tensors: list, inputs: int, outputs_of: Callable) -> _Compiled:
    from torch.fx.experimental.proxy_tensor import make_fx  # takes a second

    written: list[keras.Variable] = []
    single = [True]

    def pure(*tensors: torch.Tensor) -> list[torch.Tensor]:
        values = zip(network.variables, tensors[inputs:], strict=True)
        with WriteCapture(values) as capture:
            outputs = outputs_of(network, tensors[0] if inputs == 1 else list(tensors[:inputs]))
        written[:] = [variable for variable, _ in capture.writes]
        single[0] = isinstance(outputs, torch.Tensor)
        return [*keras.tree.flatten(outputs), *(value for _, value in capture.writes)]

    try:
        with torch.no_grad(), compiling(False):
            recorded = make_fx(pure, tracing_mode="fake")(*tensors)
    except Exception as error:
        raise PluginError(
            f"PyTorch's compiler cannot take the network {network.name!r}: {error}",
            hint="--set training.xla=false trains it line by line.",
        ) from error
    return _Compiled(torch.compile(recorded, dynamic=False, options=_OPTIONS), written, single[0])


@contextlib.contextmanager
def _unwarned() -> Iterator[None]:
    """While the compiler looks at all attributes of tensors, some of which have no `grad`."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The .grad attribute of a Tensor")
        yield
