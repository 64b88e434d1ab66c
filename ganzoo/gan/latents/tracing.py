"""The operations that a generator computes for one sample, traced by Keras without a backend.

Layers are called with symbolic tensors, so that Keras records the operations inside of them. What
depends on weights alone is computed on the way, and arrives as a constant.
"""

import contextlib
import inspect
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from unittest import mock

import keras
import numpy as np
from keras import KerasTensor, Operation, ops

from ganzoo import backend
from ganzoo.backend import Tensor
from ganzoo.errors import UsageError
from ganzoo.gan.sampling import generator_inputs
from ganzoo.layers import LatentNoise

_ARITHMETIC = {
    "__add__": ops.add, "__sub__": ops.subtract, "__mul__": ops.multiply,
    "__truediv__": ops.divide, "__matmul__": ops.matmul,
}  # fmt: skip


class Traced(NamedTuple):
    """The history of a sample of a generator.

    Args:
        inputs: Symbolic inputs of a batch of one, by name: latents, labels, psi.
        output: The sample, of which Keras knows the history.
        constants: Symbolic tensors of arrays that layers compute with.
    """

    inputs: dict[str, KerasTensor]
    output: KerasTensor
    constants: list[tuple[KerasTensor, np.ndarray]]


class Convolution(Operation):
    """`backend.conv` as an operation; also of groups, which Keras' own cannot trace."""

    def __init__(self, strides: int, padding: str):
        super().__init__()
        self.strides, self.padding = strides, padding

    def compute_output_spec(self, x: Tensor, kernel: Tensor) -> KerasTensor:
        axes = zip(x.shape[1:-1], kernel.shape[:-2], strict=True)
        overhang = [0 if self.padding == "same" else k - 1 for k in kernel.shape[:-2]]
        sizes = [-(-(n - cut) // self.strides) for (n, _), cut in zip(axes, overhang, strict=True)]
        return KerasTensor((x.shape[0], *sizes, kernel.shape[-1]), x.dtype)


class TransposedConvolution(Convolution):
    """`backend.conv_transpose` as an operation."""

    def compute_output_spec(self, x: Tensor, kernel: Tensor) -> KerasTensor:
        axes = zip(x.shape[1:-1], kernel.shape[:-2], strict=True)
        overhang = 0 if self.padding == "same" else 1
        sizes = [n * self.strides + overhang * max(k - self.strides, 0) for n, k in axes]
        return KerasTensor((x.shape[0], *sizes, kernel.shape[-2]), x.dtype)


class Noise(Operation):
    """`LatentNoise` as one operation, instead of its integer arithmetic."""

    def __init__(self, layer: LatentNoise):
        super().__init__()
        self.shape, self.stream = layer.shape, layer.stream
        self.distribution = layer.distribution

    def compute_output_spec(self, latents: Tensor) -> KerasTensor:
        return KerasTensor((latents.shape[0], *self.shape), "float32")


_ANY_SIZE = 64


def trace(
    generator: keras.Model,
    psi: keras.Variable | None = None,
    styles: tuple[keras.Model, keras.Model] | None = None,
    *,
    any_size: int = _ANY_SIZE,
) -> Traced:
    """Trace a generator in inference mode.

    Args:
        generator: A built model from latents, labels, or both, to samples.
        psi: A scalar weight that becomes an input.
        styles: Mapping and synthesis of a style-based generator, of which an input `move` is added
            to the style of all layers.
        any_size: Height and width of images of which the generator takes any size.

    Raises:
        UsageError: A layer computes outside of Keras' operations.
    """
    inputs = {
        name: KerasTensor(
            (1, *(any_size if n is None else n for n in tensor.shape[1:])), tensor.dtype
        )
        for name, tensor in generator_inputs(generator).items()
    }
    given: Any = list(inputs.values())
    with _tracing(generator) as constants, contextlib.ExitStack() as replaced:
        if psi is not None:
            inputs["psi"] = KerasTensor((), "float32")
            for layer, name in _owners(generator, psi):
                replaced.callback(object.__setattr__, layer, name, psi)
                object.__setattr__(layer, name, inputs["psi"])
        given = given if len(given) > 1 else given[0]
        if styles is None:
            output = generator(given)
        else:
            mapping, synthesis = styles
            layers, size = synthesis.inputs[0].shape[1:]
            inputs["move"] = KerasTensor((1, size), "float32")
            moved = ops.add(mapping(given), inputs["move"])
            output = synthesis([ops.repeat(moved[:, None], layers, axis=1), inputs["latents"]])
    return Traced(inputs, keras.tree.flatten(output)[0], constants)


def _owners(generator: keras.Model, variable: keras.Variable) -> list[tuple[Any, str]]:
    """Return the layers that have a variable as an attribute, and its name there."""
    return [
        (layer, name)
        for layer in generator._flatten_layers()  # Keras has no public one
        for name, value in vars(layer).items()
        if value is variable
    ]


def _arithmetic(name: str, operation: Any) -> Any:
    """An operator of variables that takes symbolic tensors too."""
    plain = getattr(keras.Variable, name)
    return lambda x, y: operation(x, y) if isinstance(y, KerasTensor) else plain(x, y)


def _call_inside(layer: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Call what is inside of a layer, in inference mode."""
    if isinstance(layer, LatentNoise):
        return Noise(layer)(*args)
    if isinstance(layer, keras.layers.Rescaling):  # it multiplies by its own backend
        return args[0] * layer.scale + layer.offset
    kwargs.pop("training", None)
    if "training" in inspect.signature(layer.call).parameters:
        kwargs["training"] = False
    return layer.call(*args, **kwargs)


@contextlib.contextmanager
def _tracing(generator: keras.Model) -> Iterator[list[tuple[KerasTensor, np.ndarray]]]:
    """In which calls of layers are those of what is inside of them; yield their constants."""
    called: list[str] = []
    constants: list[tuple[KerasTensor, np.ndarray]] = []

    def call_inside(layer: Any, *args, **kwargs):
        called.append(layer.name)
        outputs = _call_inside(layer, args, kwargs)
        called.pop()
        return outputs

    symbolic_call = Operation.symbolic_call

    def with_values(operation: Operation, *args, **kwargs):
        """A layer may lend another one its kernel for a moment, as spectral norm does."""
        args, kwargs = keras.tree.map_structure(
            lambda x: x.value if isinstance(x, keras.Variable) else x, (args, kwargs)
        )
        return symbolic_call(operation, *args, **kwargs)

    def as_tensor(array: np.ndarray, like: Any) -> KerasTensor:
        constants.append((KerasTensor(array.shape, "float32"), array))
        return constants[-1][0]

    def convolve(kind: type[Convolution]):
        def traced(x, kernel, bias=None, *, strides, padding):
            y = kind(strides, padding)(x, kernel)
            return y if bias is None else ops.add(y, bias)

        return traced

    patches = [
        mock.patch.object(keras.layers.Layer, "__call__", call_inside),
        mock.patch.object(Operation, "symbolic_call", with_values),
        mock.patch.multiple(
            backend,
            create=True,
            conv=convolve(Convolution),
            conv_transpose=convolve(TransposedConvolution),
            as_tensor=as_tensor,
            reshape=ops.reshape,
            inner_call=lambda layer: layer,
        ),
        *(
            mock.patch.object(keras.Variable, n, _arithmetic(n, op))
            for n, op in _ARITHMETIC.items()
        ),
    ]
    with contextlib.ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        try:
            yield constants
        except Exception as error:
            where = " in ".join(map(repr, reversed(called[1:]))) or repr(generator.name)
            raise UsageError(
                f"The layer {where} computes outside of keras.ops, so that its operations "
                f"cannot be written into a page. Received: {type(error).__name__}: {error}"
            ) from error


def history(outputs: Sequence[KerasTensor]) -> list[KerasTensor]:
    """Return all symbolic tensors that outputs depend on, each after what it depends on."""
    found: dict[int, KerasTensor] = {}
    pending = [(tensor, False) for tensor in reversed(outputs)]
    while pending:
        tensor, expanded = pending.pop()
        if id(tensor) in found:
            continue
        sources = node_of(tensor).input_tensors if node_of(tensor) is not None else []
        if expanded or not sources:
            found[id(tensor)] = tensor
        else:
            pending.append((tensor, True))
            pending += [(source, False) for source in reversed(sources)]
    return list(found.values())


def node_of(tensor: KerasTensor) -> Any:
    """Return the node of Keras' graph that makes a tensor; None for an input."""
    operation, index, _ = getattr(tensor, "_keras_history", (None, 0, 0))
    return None if operation is None else operation._inbound_nodes[index]
