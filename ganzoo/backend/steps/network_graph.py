"""The graph of a functional model as a list of operations, in the order in which Keras runs them.

Keras has no public view of it.
"""

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


def _may_mask(network: Any) -> bool:
    """Return True if a layer may attach a mask, or reads those of Keras in a way of its own."""
    return any(
        isinstance(layer, keras.layers.Masking)
        or getattr(layer, "mask_zero", False)
        or not type(layer).compute_mask.__module__.startswith("keras.")
        for layer in network._flatten_layers(include_self=False)
    )
