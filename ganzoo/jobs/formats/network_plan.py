"""The plan that a page executes: a traced generator as a few kinds of steps and constants.

A plan is plain tables. Values are numbered: first the inputs, then the constants, then the
results of the steps. All shapes are those of a batch of one.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from keras import KerasTensor, ops

from ganzoo.backend import Tensor
from ganzoo.errors import UsageError
from ganzoo.gan.latents.tracing import Traced, history, node_of

_UNARY = {
    "Abs": "abs", "Absolute": "abs", "Exp": "exp", "Floor": "floor", "Log": "log",
    "Negative": "neg", "Relu": "relu", "Relu6": "relu6", "Rsqrt": "rsqrt",
    "Selu": "selu", "Sigmoid": "sigmoid", "Silu": "silu", "Softplus": "softplus",
    "Sqrt": "sqrt", "Square": "square", "Tanh": "tanh",
}  # fmt: skip
_BINARY = {
    "Add": "add", "Subtract": "sub", "Multiply": "mul", "Divide": "div", "TrueDivide": "div",
    "Maximum": "max", "Minimum": "min", "Power": "pow", "Greater": "gt", "GreaterEqual": "ge",
    "Less": "lt", "LessEqual": "le", "Equal": "eq", "LogicalAnd": "and", "LogicalOr": "or",
}  # fmt: skip
_REDUCTIONS = {"Mean": "mean", "Sum": "sum", "Max": "max", "Min": "min"}
_SHAPES = ("Reshape", "ExpandDims", "Squeeze")
_INTEGERS = ("int", "uint", "bool")


def write_plan(traced: Traced) -> dict[str, Any]:
    """Return the plan of a traced generator.

    Raises:
        UsageError: It computes an operation that pages do not have.
    """
    writer = _Writer(traced.inputs)
    for tensor, array in traced.constants:
        writer.same(tensor, array)
    for tensor in history([traced.output]):
        if node_of(tensor) is not None:
            writer.write(tensor)
    return writer.plan(traced.output)


class _Writer:
    """Steps and constants so far."""

    def __init__(self, inputs: Mapping[str, KerasTensor]):
        self.inputs = {name: list(tensor.shape) for name, tensor in inputs.items()}
        self.slots: dict[int, tuple[str, int]] = {
            id(tensor): ("input", i) for i, tensor in enumerate(inputs.values())
        }
        self.steps: list[tuple[str, list, dict]] = []
        self.constants: list[np.ndarray] = []
        self.kept: list[Any] = []  # so that no other constant takes its id

    def write(self, tensor: KerasTensor) -> None:
        """Add what computes a tensor."""
        node = node_of(tensor)
        operation, arguments = node.operation, node.arguments
        kind, attributes = type(operation).__name__, vars(operation)
        shape = list(tensor.shape)
        args = [*arguments.args, *arguments.kwargs.values()]
        if kind in _UNARY:
            self.add(tensor, "unary", [args[0]], kind=_UNARY[kind])
        elif kind in _BINARY:
            self.add(tensor, "binary", args[:2], kind=_BINARY[kind], shape=shape)
        elif kind in _REDUCTIONS:
            axes = _axes(attributes["axis"], len(args[0].shape))
            self.add(tensor, "reduce", [args[0]], kind=_REDUCTIONS[kind], axes=axes, shape=shape)
        elif kind in _SHAPES:
            self.add(tensor, "reshape", [args[0]], shape=shape)
        elif kind in _RULES:
            _RULES[kind](self, tensor, args, attributes)
        else:
            raise UsageError(
                f"Pages have no operation {kind!r}, which the layer of shape {tuple(shape)} needs.",
                hint="Export .onnx instead.",
            )

    def add(self, tensor: Any, step: str, inputs: list, **attributes: Any) -> None:
        """Add a step whose result is a tensor."""
        slots = [self.slot(one) for one in inputs]
        self.slots[id(tensor)] = ("step", len(self.steps))
        self.steps.append((step, slots, attributes))

    def same(self, tensor: Any, other: Any) -> None:
        """Say that two tensors are one."""
        self.slots[id(tensor)] = self.slot(other)

    def slot(self, value: Any) -> tuple[str, int]:
        """Return the slot of a value; a new constant gets a slot."""
        if id(value) not in self.slots:
            if isinstance(value, KerasTensor):
                raise ValueError("a tensor that is no input was not computed before its use")
            self.kept.append(value)
            self.slots[id(value)] = ("constant", len(self.constants))
            self.constants.append(_array(value))
        return self.slots[id(value)]

    def plan(self, output: KerasTensor) -> dict[str, Any]:
        """Return the plan, its constants in base64."""
        starts = {"input": 0, "constant": len(self.inputs)}
        starts["step"] = starts["constant"] + len(self.constants)

        def number(slot: tuple[str, int]) -> int:
            return starts[slot[0]] + slot[1]

        blob, headers = bytearray(), []
        for array in self.constants:
            stored = np.clip(array, -65504, 65504).astype("float16")  # the largest of them
            if not np.array_equal(stored.astype("float32"), array):
                stored = array
            headers.append([list(array.shape), len(blob), stored.dtype.name])
            blob += np.ascontiguousarray(stored, stored.dtype.newbyteorder("<")).tobytes()
            blob += bytes(-len(blob) % 4)
        steps = [
            [step, [number(slot) for slot in slots], attributes]
            for step, slots, attributes in self.steps
        ]
        return {
            "inputs": self.inputs,
            "constants": headers,
            "steps": steps,
            "output": number(self.slots[id(output)]),
            "shape": list(output.shape),
            "weights": base64.b64encode(bytes(blob)).decode(),
        }


def _array(value: Any) -> np.ndarray:
    array = ops.convert_to_numpy(value) if hasattr(value, "dtype") else np.asarray(value)
    return np.nan_to_num(np.asarray(array, "float32"), nan=0.0)  # NaN stands for a wrong class


def _axes(axis: Any, rank: int) -> list[int]:
    axes = range(rank) if axis is None else axis if isinstance(axis, (list, tuple)) else [axis]
    return sorted(one % rank for one in axes)


def _cast(writer: _Writer, tensor: Any, args: list, attributes: Mapping) -> None:
    received = str(args[0].dtype)
    if attributes["dtype"].startswith(_INTEGERS) and not received.startswith(_INTEGERS):
        writer.add(tensor, "unary", [args[0]], kind="trunc")
    else:
        writer.same(tensor, args[0])


def _leaky_relu(writer: _Writer, tensor: Any, args: list, attributes: Mapping) -> None:
    if attributes.get("threshold") or attributes.get("max_value") not in (None, 6.0):
        raise UsageError("Pages have no ReLU with a threshold, or with another bound than 6.")
    if attributes.get("max_value"):
        writer.add(tensor, "unary", [args[0]], kind="relu6")
    else:
        slope = float(attributes["negative_slope"])
        writer.add(tensor, "leaky_relu", [args[0]], slope=slope)


def _batch_norm(writer: _Writer, tensor: Any, args: list, attributes: Mapping) -> None:
    x, *weights = args
    if attributes["axis"] not in (-1, len(x.shape) - 1):
        raise UsageError("Pages have batch norm of the last axis only.")
    mean, variance, offset, scale = (None if one is None else _array(one) for one in weights)
    root = np.sqrt(np.asarray(variance, "float64") + attributes["epsilon"])
    factor = (1.0 if scale is None else scale) / root
    shift = (0.0 if offset is None else offset) - np.asarray(mean, "float64") * factor
    constants = [np.asarray(array, "float32") for array in (factor, shift)]
    writer.add(tensor, "affine", [x, *constants])


def _convolution(step: str) -> Callable:
    def write(writer: _Writer, tensor: Any, args: list, attributes: Mapping) -> None:
        strides = attributes["strides"]
        one = {strides} if isinstance(strides, int) else set(strides)
        dilation = attributes.get("dilation_rate", 1)
        dilated = {dilation} if isinstance(dilation, int) else set(dilation)
        if len(one) > 1 or dilated != {1} or attributes.get("output_padding") is not None:
            raise UsageError("Pages have no convolution with dilation or unequal strides.")
        writer.add(
            tensor, step, args[:2], strides=one.pop(), padding=attributes["padding"],
            shape=list(tensor.shape),
        )  # fmt: skip

    return write


def _concatenate(writer: _Writer, tensor: Any, args: list, attributes: Mapping) -> None:
    axis = attributes["axis"] % len(tensor.shape)
    writer.add(tensor, "concatenate", list(args[0]), axis=axis, shape=list(tensor.shape))


def _split(writer: _Writer, tensor: Any, args: list, attributes: Mapping) -> None:
    source, rank = args[0], len(tensor.shape)
    axis, sections = attributes["axis"] % rank, attributes["indices_or_sections"]
    index = tensor._keras_history[2]
    size = tensor.shape[axis]
    start = index * size if isinstance(sections, int) else [0, *sections][index]
    starts, shape = [start if one == axis else 0 for one in range(rank)], list(tensor.shape)
    writer.add(tensor, "slice", [source], starts=starts, steps=[1] * rank, shape=shape)


def _get_item(writer: _Writer, tensor: Any, args: list, attributes: Mapping) -> None:
    source, key = args
    key = key if isinstance(key, tuple) else (key,)
    if Ellipsis in key:
        dots = key.index(Ellipsis)
        missing = len(source.shape) - sum(one is not None for one in key) + 1
        key = (*key[:dots], *[slice(None)] * missing, *key[dots + 1 :])
    kept = [one for one in key if one is not None]
    kept += [slice(None)] * (len(source.shape) - len(kept))
    starts, steps, sizes = [], [], []
    for one, size in zip(kept, source.shape, strict=True):
        whole = range(size)[one] if isinstance(one, slice) else range(size)[one : one + 1 or None]
        starts.append(whole.start)
        steps.append(whole.step)
        sizes.append(len(whole))
    cut = object()
    writer.kept.append(cut)
    writer.add(cut, "slice", [source], starts=starts, steps=steps, shape=sizes)
    writer.add(tensor, "reshape", [cut], shape=list(tensor.shape))


def _repeat(writer: _Writer, tensor: Any, args: list, attributes: Mapping) -> None:
    options = {"axis": attributes["axis"] % len(tensor.shape), "times": int(attributes["repeats"])}
    writer.add(tensor, "repeat", [args[0]], **options, shape=list(tensor.shape))


def _pad(writer: _Writer, tensor: Any, args: list, attributes: Mapping) -> None:
    before = [int(pair[0]) for pair in attributes["pad_width"]]
    mode, value = attributes["mode"], next((a for a in args[1:] if a is not None), 0)
    if mode not in ("constant", "reflect") or value:
        raise UsageError(f"Pages pad with zeros or by reflection. Received: {mode!r}.")
    shape = list(tensor.shape)
    writer.add(tensor, "pad", [args[0]], before=before, reflect=mode == "reflect", shape=shape)


def _take(writer: _Writer, tensor: Any, args: list, attributes: Mapping) -> None:
    if attributes["axis"] != 0:
        raise UsageError("Pages take rows only.")
    writer.add(tensor, "take", args[:2], shape=list(tensor.shape))


def _transpose(writer: _Writer, tensor: Any, args: list, attributes: Mapping) -> None:
    shape = list(tensor.shape)
    axes = [axis % len(shape) for axis in attributes["axes"] or range(len(shape) - 1, -1, -1)]
    writer.add(tensor, "transpose", [args[0]], axes=axes, shape=shape)


def _softmax(writer: _Writer, tensor: Any, args: list, attributes: Mapping) -> None:
    if attributes["axis"] not in (-1, len(tensor.shape) - 1):
        raise UsageError("Pages have the softmax of the last axis only.")
    writer.add(tensor, "softmax", [args[0]])


def _noise(writer: _Writer, tensor: Any, args: list, attributes: Mapping) -> None:
    about = {name: attributes[name] for name in ("stream", "distribution")}
    writer.add(tensor, "noise", [args[0]], **about, shape=list(tensor.shape))


def _with_shape(step: str, count: int) -> Callable:
    def write(writer: _Writer, tensor: Tensor, args: list, attributes: Mapping) -> None:
        writer.add(tensor, step, args[:count], shape=list(tensor.shape))

    return write


def _clip(writer: _Writer, tensor: Any, args: list, attributes: Mapping) -> None:
    bounds = {"low": float(attributes["x_min"]), "high": float(attributes["x_max"])}
    writer.add(tensor, "clip", [args[0]], **bounds)


_RULES: Mapping[str, Callable[[_Writer, Any, list, Mapping], None]] = {
    "BatchNorm": _batch_norm,
    "BroadcastTo": _with_shape("broadcast", 1),
    "Cast": _cast,
    "Clip": _clip,
    "Concatenate": _concatenate,
    "Conv": _convolution("convolution"),
    "ConvTranspose": _convolution("transposed_convolution"),
    "ConvertToTensor": _cast,
    "Convolution": _convolution("convolution"),
    "GetItem": _get_item,
    "LeakyRelu": _leaky_relu,
    "Matmul": _with_shape("matmul", 2),
    "Noise": _noise,
    "OneHot": _with_shape("one_hot", 1),
    "Pad": _pad,
    "ReLU": _leaky_relu,
    "Repeat": _repeat,
    "Softmax": _softmax,
    "Split": _split,
    "Take": _take,
    "Transpose": _transpose,
    "TransposedConvolution": _convolution("transposed_convolution"),
    "Where": _with_shape("where", 3),
}
