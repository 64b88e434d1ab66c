"""Traversal of all layers of a network, also of those inside other layers."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras

_CHANGED = ("rate", "stddev", "negative_slope", "activation")  # attributes of layers


def all_layers(network: keras.Model) -> list[keras.layers.Layer]:
    """Return every layer once, at any depth, without the network itself."""
    found: dict[int, keras.layers.Layer] = {}
    pending = list(network.layers)
    while pending:
        layer = pending.pop()
        if id(layer) not in found:
            found[id(layer)] = layer
            pending += getattr(layer, "layers", []) or []
            pending += _layers_in(vars(layer).values())
    return list(found.values())


@contextlib.contextmanager
def without_noise(*networks: keras.Model) -> Iterator[None]:
    """Switch dropout and noise layers off inside the context: their random numbers differ from
    one backend to another and, on PyTorch, from one call to the next.
    """
    off = {"rate": 0.0, "stddev": 0.0}
    with _changed_layers(networks, lambda name, value: off.get(name, value)):
        yield


@contextlib.contextmanager
def without_kinks(*networks: keras.Model) -> Iterator[None]:
    """Make ReLU and leaky ReLU the identity inside the context."""
    kinked = (keras.activations.relu, keras.activations.leaky_relu)

    def replacement(name: str, value: Any) -> Any:
        if name == "activation":
            return keras.activations.linear if value in kinked else value
        return 1.0 if name == "negative_slope" else value

    with _changed_layers(networks, replacement):
        yield


@contextlib.contextmanager
def _changed_layers(
    networks: Iterable[keras.Model], replacement: Callable[[str, Any], Any]
) -> Iterator[None]:
    """Set attributes of layers to `replacement(name, value)` inside the context."""
    originals = [
        (layer, name, getattr(layer, name))
        for network in networks
        for layer in all_layers(network)
        for name in _CHANGED
        if isinstance(getattr(layer, name, None), float) or callable(getattr(layer, name, None))
    ]
    for layer, name, value in originals:
        setattr(layer, name, replacement(name, value))
    try:
        yield
    finally:
        for layer, name, value in originals:
            setattr(layer, name, value)


def _layers_in(values: Iterable[Any]) -> Iterator[keras.layers.Layer]:
    for value in values:
        items = value if isinstance(value, list | tuple) else (value,)
        yield from (item for item in items if isinstance(item, keras.layers.Layer))
