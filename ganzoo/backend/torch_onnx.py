"""Additions to PyTorch's exporter to ONNX, for the noise inside of generators."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch

ONNX_OPSET = 18  # the first with bitwise operations


def any_batch(inputs: list) -> list:
    """Dynamic shapes for `torch.export`: any batch of a model's inputs, and any size where it is
    None.
    """
    dynamic = torch.export.Dim.DYNAMIC
    each = [{axis: dynamic for axis, n in enumerate(x.shape) if n is None} for x in inputs]
    return [(each if len(each) > 1 else each[0],)]


@contextlib.contextmanager
def integers_in_onnx() -> Iterator[None]:
    """In which models with counter-based noise can be exported.

    PyTorch's exporter knows bitwise operations of booleans only, shifts to the right by a
    division that rounds toward zero, and does not know `ravel`, by which Keras looks up numbers
    in a table.
    """
    onnx: Any = torch.onnx
    known = {
        **{f"aten::{name}": _bitwise("Xor") for name in ("__xor_", "bitwise_xor")},
        **{f"aten::{name}": _bitwise("Or") for name in ("__or_", "bitwise_or")},
        **{f"aten::{name}": _right_shift for name in ("__rshift_", "bitwise_right_shift")},
        "aten::ravel": _ravel,
    }
    for name, symbolic in known.items():
        onnx.register_custom_op_symbolic(name, symbolic, ONNX_OPSET)
    try:
        yield
    finally:
        for name in known:
            onnx.unregister_custom_op_symbolic(name, ONNX_OPSET)


def _bitwise(word: str) -> Callable:
    def symbolic(graph, one, other):
        if one.type().scalarType() == other.type().scalarType() == "Bool":
            return graph.op(word, one, other)
        return graph.op(f"Bitwise{word}", one, graph.op("CastLike", other, one))

    return symbolic


def _right_shift(graph, x, bits):
    """Arithmetic: x minus its remainder, which has the divisor's sign, divided by 2**bits."""
    two = graph.op("Constant", value_t=torch.tensor(2.0))
    power = graph.op("Pow", two, graph.op("CastLike", bits, two))
    divisor = graph.op("CastLike", power, x)
    return graph.op("Div", graph.op("Sub", x, graph.op("Mod", x, divisor)), divisor)


def _ravel(graph, x):
    return graph.op("Reshape", x, graph.op("Constant", value_t=torch.tensor([-1])))
