"""The matrices with which a generator begins, out of its traced operations."""

from typing import Any

import keras
import numpy as np
from keras import KerasTensor, ops

from ganzoo.gan.latents.tracing import Traced, history, node_of, trace

_UNCHANGED = ("Cast", "ConvertToTensor", "Reshape")  # the same numbers in the same order
_SCALED = ("Multiply", "Divide", "TrueDivide")  # by one number, as normalization does


def first_matrices(network: keras.Model) -> np.ndarray:
    """Return the columns of all matrices that the first input of a network meets first.

    A row of numbers may be scaled as a whole before, split, and joined with others.

    Args:
        network: A generator, or the synthesis of a style-based one, whose styles of all layers
            count as one.

    Returns:
        float64 (size of a latent, columns); (size, 0) where a matrix is not first.

    Raises:
        UsageError: A layer computes outside of Keras' operations.
    """
    return matrices_of(trace(network))


def matrices_of(traced: Traced) -> np.ndarray:
    """Return what `first_matrices` does, of a traced network."""
    latents = next(iter(traced.inputs.values()))
    size = latents.shape[-1] if len(latents.shape) == 3 else int(np.prod(latents.shape))
    found = [m for t in history([traced.output]) if (m := _matrix(t, latents)) is not None]
    columns = np.zeros((size, sum(matrix.shape[1] for _, matrix in found)))
    right = 0
    for start, matrix in found:
        columns[start : start + len(matrix), right : right + matrix.shape[1]] = matrix
        right += matrix.shape[1]
    return columns


def _matrix(tensor: KerasTensor, latents: KerasTensor) -> tuple[int, np.ndarray] | None:
    """The rows of a product's matrix that latents are multiplied by, and the first of these."""
    node = node_of(tensor)
    if node is None or type(node.operation).__name__ != "Matmul":
        return None
    inputs, matrix = node.arguments.args
    if isinstance(matrix, KerasTensor) or not isinstance(inputs, KerasTensor):
        return None
    found = _part(inputs, latents)
    if found is None:
        return None
    start, row, count = found
    array = np.asarray(ops.convert_to_numpy(matrix), "float64")
    return start, array.reshape(-1, array.shape[-1])[row : row + count]


def _part(tensor: Any, latents: KerasTensor) -> tuple[int, int, int] | None:
    """Return the latents that a row of numbers holds: the first, its position, how many."""
    if tensor is latents:
        return (0, 0, int(np.prod(latents.shape))) if len(latents.shape) < 3 else None
    node = node_of(tensor)
    if node is None:
        return None
    kind, sources = type(node.operation).__name__, node.input_tensors
    if kind in _UNCHANGED:
        return _part(sources[0], latents)
    if kind in _SCALED:
        return _scaled(node, latents)
    if kind == "GetItem" and len(tensor.shape) == 2 and len(latents.shape) == 3:
        whole = tensor.shape[1] == latents.shape[-1] and _is_same(sources[0], latents)
        return (0, 0, tensor.shape[1]) if whole else None  # a layer's style
    if kind == "Split" and len(tensor.shape) == 2:
        found, index = _part(sources[0], latents), tensor._keras_history[2]
        sections = node.operation.indices_or_sections
        width = tensor.shape[1]
        first = index * width if isinstance(sections, int) else [0, *sections][index]
        whole = found is not None and found[1] == 0 and found[2] == sources[0].shape[1]
        return (found[0] + first, 0, width) if found is not None and whole else None
    if kind == "Concatenate" and len(tensor.shape) == 2:
        row = 0
        for source in sources:
            found = _part(source, latents)
            if found is not None:
                return found[0], row + found[1], found[2]
            row += source.shape[1]
    return None


def _is_same(tensor: KerasTensor, latents: KerasTensor) -> bool:
    while tensor is not latents:
        node = node_of(tensor)
        if node is None or type(node.operation).__name__ not in _UNCHANGED:
            return False
        tensor = node.input_tensors[0]
    return True


def _scaled(node: Any, latents: KerasTensor) -> tuple[int, int, int] | None:
    """A row of numbers times one number, which may depend on them."""
    row, factor = node.arguments.args[:2]
    if type(node.operation).__name__ == "Multiply" and np.prod(np.shape(row)) == 1:
        row, factor = factor, row
    single = np.prod(np.shape(factor)) == 1
    return _part(row, latents) if single and isinstance(row, KerasTensor) else None
