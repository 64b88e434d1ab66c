"""The graph of a functional model as a list of operations, in the order in which Keras runs them.

Keras has no public view of it.
"""

import inspect
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras


@dataclass(frozen=True)
class Slot:
    """The position of a value in the list of all that a call has computed, inputs first."""

    index: int


class Node(NamedTuple):
    """One operation.

    Args:
        owner: A layer, or another operation of Keras.
        args: Positional arguments, a `Slot` for each tensor.
        kwargs: Arguments by name, likewise, without `training`.
        outputs: What it returns, as symbolic tensors.
    """

    owner: Any
    args: tuple
    kwargs: dict[str, Any]
    outputs: list[keras.KerasTensor]


class Graph(NamedTuple):
    """All operations.

    Args:
        nodes: The operations in their order.
        outputs: Positions of the model's outputs.
        single: Whether the model returns a tensor, not a list.
    """

    nodes: list[Node]
    outputs: list[int]
    single: bool


def graph_of(network: Any) -> Graph | None:
    """Return the graph of a functional model; None for another model, and where masks are used."""
    functional = type(network).__module__.startswith("keras.") and hasattr(network, "_nodes")
    returned = network.output if functional else None
    single = isinstance(returned, keras.KerasTensor)
    if not (single or isinstance(returned, (list, tuple))) or _may_mask(network):
        return None
    by_depth = network._nodes_by_depth
    slots = {id(x): Slot(index) for index, x in enumerate(network.inputs)}
    nodes, count = [], len(slots)
    for node in (node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]):
        if node.is_input or any(id(x) not in slots for x in node.input_tensors):
            continue  # as Keras does: it is before the inputs of this network
        nodes.append(_node(node, slots))
        slots |= {id(x): Slot(count + i) for i, x in enumerate(node.outputs)}
        count += len(node.outputs)
    return Graph(nodes, [slots[id(x)].index for x in keras.tree.flatten(returned)], single)


def _node(node: Any, slots: dict[int, Slot]) -> Node:
    def slotted(x):
        return slots[id(x)] if isinstance(x, keras.KerasTensor) else x

    given = node.arguments
    named = {name: x for name, x in given.kwargs.items() if name != "training"}
    args, kwargs = keras.tree.map_structure(slotted, (tuple(given.args), named))
    return Node(node.operation, args, kwargs, list(node.outputs))


def numbers_of(network: Any) -> int:
    """Numbers that layers return for a sample, also those of networks inside a functional model."""
    graph = graph_of(network)
    if graph is None:  # what is inside is not known
        return sum(map(size_of, network.outputs))
    inner = (node.owner for node in graph.nodes if isinstance(node.owner, keras.Model))
    outer = (x for n in graph.nodes if not isinstance(n.owner, keras.Model) for x in n.outputs)
    return sum(map(numbers_of, inner)) + sum(map(size_of, outer))


def size_of(x: keras.KerasTensor) -> int:
    """The size of a sample of a tensor; of images of any size, as if each side had 64 pixels."""
    return math.prod(64 if n is None else n for n in x.shape[1:])


def slots_in(x: Any) -> list[Slot]:
    """All slots in lists, tuples and dictionaries."""
    if type(x) is Slot:
        return [x]
    if type(x) in (list, tuple):
        return [slot for part in x for slot in slots_in(part)]
    return [slot for part in x.values() for slot in slots_in(part)] if type(x) is dict else []


def filled(values: Any, x: Any) -> Any:
    """The same lists, tuples and dictionaries with `values[index]` for each slot."""
    if type(x) is Slot:
        return values[x.index]
    if type(x) in (list, tuple):
        return type(x)([filled(values, part) for part in x])
    if type(x) is dict:
        return {name: filled(values, part) for name, part in x.items()}
    return x


def stateless_inference(network: Any, trainable: list, non_trainable: list, inputs: list) -> Any:
    """Outputs of a network in inference mode, with other values of its variables.

    Keras keeps what each layer returns until a call ends: line by line, as on PyTorch, that is
    gigabytes for a part of a photograph. Of networks for images of any size a value is let go
    after its last use.

    Args:
        network: A built Keras model.
        trainable: Values of its trainable variables.
        non_trainable: Values of its other variables.
        inputs: A tensor for each input.
    """
    any_size = any(None in x.shape[1:] for x in network.inputs)
    graph = graph_of(network) if any_size and network.compute_dtype == "float32" else None
    if graph is None:
        given = inputs if len(inputs) > 1 else inputs[0]
        return network.stateless_call(trainable, non_trainable, given, training=False)[0]
    variables = [*network.trainable_variables, *network.non_trainable_variables]
    pairs = zip(variables, [*trainable, *non_trainable], strict=True)
    values, count = dict(enumerate(inputs)), len(inputs)
    with keras.StatelessScope(state_mapping=list(pairs)):
        for node, unused in zip(graph.nodes, _last_uses(graph), strict=True):
            args, kwargs = filled(values, node.args), filled(values, node.kwargs)
            made = keras.tree.flatten(node.owner(*args, **kwargs, **_inference_mode(node.owner)))
            values |= dict(enumerate(made, count))
            count += len(made)
            del args, kwargs, made
            for index in unused:
                del values[index]
    outputs = [values[index] for index in graph.outputs]
    return outputs[0] if graph.single else outputs


def _last_uses(graph: Graph) -> Iterator[list[int]]:
    """For each operation, the positions of the values that none after it needs."""
    last = {slot.index: position for position, node in enumerate(graph.nodes)
            for slot in slots_in((node.args, node.kwargs))}  # fmt: skip
    for position in range(len(graph.nodes)):
        yield [i for i, at in last.items() if at == position and i not in graph.outputs]


def _inference_mode(owner: Any) -> dict[str, bool]:
    is_layer = isinstance(owner, keras.layers.Layer)
    takes = is_layer and "training" in inspect.signature(owner.call).parameters
    return {"training": False} if takes else {}


def _may_mask(network: Any) -> bool:
    """Return True if a layer may attach a mask, or reads those of Keras in a way of its own."""
    return any(
        isinstance(layer, keras.layers.Masking)
        or getattr(layer, "mask_zero", False)
        or not type(layer).compute_mask.__module__.startswith("keras.")
        for layer in network._flatten_layers(include_self=False)
    )
