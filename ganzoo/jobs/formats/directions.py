"""Directions in which the latents of a generator change its samples most.

SeFa: Shen and Zhou 2021, https://arxiv.org/abs/2007.06600. Where the latents first meet a matrix,
a step along its largest singular vectors moves the most behind it.
"""

from typing import Any

import numpy as np
from keras import KerasTensor, ops

from ganzoo.jobs.formats.tracing import Traced, history, node_of

_COUNT = 6
_UNCHANGED = ("Cast", "ConvertToTensor", "Reshape")  # the same numbers in the same order


def principal_directions(traced: Traced, count: int = _COUNT) -> list[list[float]]:
    """Return unit directions in latent space, the strongest first; none where no matrix is first.

    Args:
        traced: A traced generator.
        count: The most of them.
    """
    latents = traced.inputs.get("latents")
    if latents is None:
        return []
    size = int(np.prod(latents.shape))
    matrices = [m for t in history([traced.output]) if (m := _matrix(t, latents)) is not None]
    rows = np.zeros((size, 0))
    for start, matrix in matrices:
        padded = np.zeros((size, matrix.shape[1]))
        padded[start : start + len(matrix)] = matrix
        rows = np.concatenate([rows, padded], axis=1)
    if not matrices:
        return []
    vectors = np.linalg.svd(rows, full_matrices=False)[0].T[:count]
    largest = np.abs(vectors).argmax(axis=1)[:, None]
    vectors = vectors * np.sign(np.take_along_axis(vectors, largest, axis=1))  # they have no sign
    return [[round(float(x), 5) for x in vector] for vector in vectors]


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
        return 0, 0, int(np.prod(latents.shape))
    node = node_of(tensor)
    if node is None:
        return None
    kind, sources = type(node.operation).__name__, node.input_tensors
    if kind in _UNCHANGED:
        return _part(sources[0], latents)
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
