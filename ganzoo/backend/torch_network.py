"""Calls of a network without the bookkeeping that Keras does around each layer.

Keras' `Layer.__call__` binds signatures, converts inputs, opens scopes and looks for masks, at each
call of each layer. In a small network on PyTorch, which runs line by line, that takes as long as
the arithmetic. Here the graph of a functional model becomes a list of operations once, and a step
calls what is inside the layers. Whatever a list does not cover is called in Keras' way: another
dtype than float32, masks, hooks, activity regularizers, quantization, rematerialization, and
layers with a `__call__` of their own.
"""

import functools
import inspect
import weakref
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import keras
import torch

from ganzoo.backend.steps.network_graph import Node, Slot, filled, graph_of, slots_in
from ganzoo.backend.torch_layers import call_of


class _Operation(NamedTuple):
    """One operation of a network.

    Args:
        call: A layer, its `call`, or an operation's.
        args: Positional arguments, a `Slot` for each tensor.
        kwargs: Arguments by name, likewise.
        nested: Whether there are slots inside of lists, or by name.
    """

    call: Callable
    args: tuple
    kwargs: dict[str, Any]
    nested: bool


class _Plan(NamedTuple):
    """The operations of a network in their order.

    Args:
        inputs: Shape, without the batch, and dtype of each input.
        operations: The operations.
        outputs: Slots of the outputs.
        single: Whether the network returns a tensor, not a list.
        layers: The layers of the operations.
    """

    inputs: list[tuple[tuple, torch.dtype]]
    operations: list[_Operation]
    outputs: list[int]
    single: bool
    layers: list[keras.layers.Layer]


# Keras' own; that of rescaling and of augmentations looks for the pipelines of other frameworks.
_PLAIN_CALLS = (keras.layers.Layer.__call__, keras.layers.Rescaling.__call__)
_inner_calls: weakref.WeakKeyDictionary[keras.layers.Layer, Callable | None] = (
    weakref.WeakKeyDictionary()
)
_plans: weakref.WeakKeyDictionary[keras.Model, _Plan | None] = weakref.WeakKeyDictionary()


def training_outputs(network: keras.Model, inputs: Any):
    """Outputs of a network in training mode: those of `network(inputs, training=True)`."""
    if network not in _plans:
        _plans[network] = _plan(network)
    plan = _plans[network]
    values = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if plan is None or not _fits(plan, values) or _is_hooked([network, *plan.layers]):
        return network(inputs, training=True)
    for call, args, kwargs, nested in plan.operations:
        if nested:
            args, kwargs = filled(values, args), filled(values, kwargs)
        else:
            args = [_value(values, x) for x in args]
        outputs = call(*args, **kwargs)
        values += [outputs] if isinstance(outputs, torch.Tensor) else keras.tree.flatten(outputs)
    outputs = [values[slot] for slot in plan.outputs]
    return outputs[0] if plan.single else outputs


def _value(values: list, x: Any) -> Any:
    return values[x.index] if type(x) is Slot else x


def _fits(plan: _Plan, values: list) -> bool:
    return len(values) == len(plan.inputs) and all(
        isinstance(x, torch.Tensor) and x.shape[1:] == shape and x.dtype is dtype
        for x, (shape, dtype) in zip(values, plan.inputs, strict=True)
    )


def _is_hooked(layers: Iterable[Any]) -> bool:
    return any(layer._forward_hooks or layer._forward_pre_hooks for layer in layers)


def _plan(network: Any) -> _Plan | None:
    """Make the plan of a functional model; None for another model, and for what it can not be."""
    graph = graph_of(network)
    if graph is None or network.compute_dtype != "float32":
        return None
    if not all(_is_float32(x) for x in network.inputs):
        return None
    if not all(_is_float32(x) for node in graph.nodes for x in node.outputs):
        return None
    layers = [node.owner for node in graph.nodes if isinstance(node.owner, keras.layers.Layer)]
    inputs = [(tuple(x.shape[1:]), getattr(torch, x.dtype)) for x in network.inputs]
    return _Plan(inputs, list(map(_operation, graph.nodes)), graph.outputs, graph.single, layers)


def _is_float32(x: keras.KerasTensor) -> bool:
    return x.dtype == "float32" or "float" not in x.dtype


def _operation(node: Node) -> _Operation:
    owner, args, kwargs = node.owner, node.args, node.kwargs
    flat = keras.tree.flatten((args, kwargs))
    nested = len(slots_in((args, kwargs))) > sum(type(x) is Slot for x in args)
    others = [x for x in keras.tree.flatten(kwargs) if x is not None]
    if isinstance(owner, keras.Model) and len(args) == 1 and not others:
        return _Operation(functools.partial(training_outputs, owner), args, {}, nested)
    if not isinstance(owner, keras.layers.Layer):
        plain = type(owner).__call__ is keras.Operation.__call__
        return _Operation(owner.call if plain else owner, args, kwargs, nested)
    if not _is_plain(owner) or not all(x is None or type(x) is Slot for x in flat):
        return _Operation(owner, args, {**kwargs, "training": True}, nested)
    if len(args) == 1 and not others and (call := call_of(owner)) is not None:
        return _Operation(call, args, {}, nested)
    training = {"training": True} if _takes_training(owner) else {}
    return _Operation(owner.call, args, {**kwargs, **training}, nested)


def inner_call(layer: Any) -> Callable:
    """The layer, as a layer around it calls it: without bookkeeping that a step does not need."""
    if layer not in _inner_calls:
        if not layer.built:
            return layer
        call = call_of(layer) or (None if _takes_training(layer) else layer.call)
        _inner_calls[layer] = (_is_plain(layer) and call) or None
    call = _inner_calls[layer]
    return layer if call is None or _is_hooked([layer]) else call


def _is_plain(layer: Any) -> bool:
    """Return True if `layer(...)` does nothing around `layer.call(...)` that a step needs."""
    inner = layer._flatten_layers(include_self=False)
    return (
        type(layer).__call__ in _PLAIN_CALLS
        and not isinstance(layer, keras.Model)
        and layer.built
        and layer.compute_dtype == layer.variable_dtype == "float32"
        and layer.quantization_mode is None
        and layer.activity_regularizer is None
        and getattr(layer, "_remat_mode", None) is None
        and set(layer._call_context_args) == {"training"}
        and not any(map(_takes_training, inner))  # which the call of this one would tell them
    )


def _takes_training(layer: Any) -> bool:
    return "training" in inspect.signature(layer.call).parameters
