"""Rematerialization: a network in less memory, whose values are computed again for gradients.
Chen et al. 2016, https://arxiv.org/abs/1604.06174, section 4.

The operations of a network are cut into segments, and only what goes from one to the next stays in
memory. A segment is a pure function of tensors, the values of its variables among them: it writes
moving statistics and seeds once, and computes the same again.
"""

import functools
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import keras

from ganzoo.backend.scope import WriteCapture
from ganzoo.backend.steps.network_graph import Graph, Node, filled, graph_of, size_of, slots_in
from ganzoo.backend.tensor import Tensor
from ganzoo.errors import PluginError


class _Segment(NamedTuple):
    """Some operations of a network, one after the other.

    Args:
        nodes: The operations, each with the position of its first output.
        reads: Positions of what they read and others have computed.
        kept: Positions of what they compute and others read.
        variables: All variables of their layers.
    """

    nodes: list[tuple[Node, int]]
    reads: list[int]
    kept: list[int]
    variables: list[keras.Variable]


class _Plan(NamedTuple):
    segments: list[_Segment]
    outputs: list[int]
    single: bool


_plans: weakref.WeakKeyDictionary[keras.Model, _Plan] = weakref.WeakKeyDictionary()


def set_rematerialized(networks: Iterable[keras.Model], switch: bool) -> None:
    """Switch the rematerialization of networks, and of networks that are their layers, on or off.

    Raises:
        PluginError: One is no functional model of Keras, or uses masks.
    """
    for network in networks:
        set_rematerialized((x for x in network.layers if isinstance(x, keras.Model)), switch)
        _plans.pop(network, None)
        graph = graph_of(network) if switch else None
        if graph is not None:
            _plans[network] = _plan(graph, len(network.inputs))
        elif switch:
            raise PluginError(
                "Rematerialization needs functional models of Keras without masks. "
                f"Received: {network.name!r}, a {type(network).__name__}."
            )


def rematerializing(rematerialize: Callable) -> Callable[[Callable], Callable]:
    """`backend.training_outputs`, made to rematerialize the networks that were chosen.

    Args:
        rematerialize: `(function, tensors) -> function(tensors)`, lists of tensors, which computes
            them again for the gradients.
    """

    def decorate(training_outputs: Callable) -> Callable:
        @functools.wraps(training_outputs)
        def of_network(network: keras.Model, inputs: Any) -> Any:
            if network not in _plans:
                return training_outputs(network, inputs)
            return _outputs(_plans[network], _converted(network, inputs), rematerialize)

        return of_network

    return decorate


def _converted(network: keras.Model, inputs: Any) -> list[Tensor]:
    """The inputs in the dtypes that the model has for them."""
    inputs = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    pairs = zip(inputs, network.inputs, strict=True)
    return [keras.ops.convert_to_tensor(x, known.dtype) for x, known in pairs]


def _outputs(plan: _Plan, inputs: list[Tensor], rematerialize: Callable) -> Any:
    values = dict(enumerate(inputs))
    for segment in plan.segments:
        read = [values[index] for index in segment.reads]
        if segment is plan.segments[-1]:  # whose values the gradients need at once
            found = _run(segment, read)
        else:
            found = _rematerialized(segment, read, rematerialize)
        values |= zip(segment.kept, found, strict=True)
    outputs = [values[index] for index in plan.outputs]
    return outputs[0] if plan.single else outputs


def _rematerialized(segment: _Segment, read: list, rematerialize: Callable) -> list[Tensor]:
    variables, count = segment.variables, len(segment.reads)
    written: list[keras.Variable] = []

    def pure(tensors: Sequence[Tensor]) -> list[Tensor]:
        with WriteCapture(zip(variables, tensors[count:], strict=True)) as capture:
            found = _run(segment, tensors[:count])
        written[:] = [variable for variable, _ in capture.writes]
        return [*found, *(value for _, value in capture.writes)]

    found = rematerialize(pure, [*read, *(variable.value for variable in variables)])
    end = len(segment.kept)
    for variable, value in zip(written, found[end:], strict=True):
        variable.assign(value)
    return found[:end]


def _run(segment: _Segment, read: Sequence[Tensor]) -> list[Tensor]:
    values = dict(zip(segment.reads, read, strict=True))
    for node, first in segment.nodes:
        training = {"training": True} if isinstance(node.owner, keras.layers.Layer) else {}
        outputs = node.owner(*filled(values, node.args), **filled(values, node.kwargs), **training)
        values |= enumerate(keras.tree.flatten(outputs), first)
    return [values[index] for index in segment.kept]


def _plan(graph: Graph, inputs: int) -> _Plan:
    """Cut into the number of parts, of about as many numbers each, that needs the least memory."""
    sizes = [[size_of(x) for x in node.outputs] for node in graph.nodes]
    numbers = dict(enumerate((n for of_node in sizes for n in of_node), inputs))  # by position

    def needed(segments: list[_Segment]) -> int:
        """Numbers of a sample in memory at once: of two calls of the network (for real and for
        generated samples) what is kept, and of one segment what is computed again.
        """
        kept = sum(numbers[index] for segment in segments for index in segment.kept)
        *others, last = (sum(numbers[i] for i in _computed(s.nodes)) for s in segments)
        return 2 * (kept + last) + max(others, default=0)

    plans = (_segments(graph, inputs, numbers, parts) for parts in range(1, len(sizes) + 1))
    return _Plan(min(plans, key=needed), graph.outputs, graph.single)


def _segments(graph: Graph, inputs: int, numbers: dict[int, int], parts: int) -> list[_Segment]:
    total, before, position = max(sum(numbers.values()), 1), 0, inputs
    pieces: list[list[tuple[Node, int]]] = [[] for _ in range(parts)]
    for node in graph.nodes:
        pieces[min(before * parts // total, parts - 1)].append((node, position))
        before += sum(numbers[index] for index in _computed([(node, position)]))
        position += len(node.outputs)
    pieces = [piece for piece in pieces if piece]
    needed = [
        {s.index for node, _ in p for s in slots_in((node.args, node.kwargs))} for p in pieces
    ]
    segments = []
    for i, piece in enumerate(pieces):
        own, later = _computed(piece), set(graph.outputs).union(*needed[i + 1 :])
        layers = [node.owner for node, _ in piece if isinstance(node.owner, keras.layers.Layer)]
        variables = {id(v): v for layer in layers for v in layer.variables}
        reads, kept = sorted(needed[i] - own), sorted(own & later)
        segments.append(_Segment(piece, reads, kept, list(variables.values())))
    return segments


def _computed(piece: list[tuple[Node, int]]) -> set[int]:
    """The positions of what some operations compute."""
    return {i for node, first in piece for i in range(first, first + len(node.outputs))}
