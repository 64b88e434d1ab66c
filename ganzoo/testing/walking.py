"""All layers of a network, also those inside of others."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras


def every_layer(network: keras.Model) -> list[keras.layers.Layer]:
    """Each layer once, however deep, without the network itself."""
    found: dict[int, keras.layers.Layer] = {}
    waiting = list(network.layers)
    while waiting:
        layer = waiting.pop()
        if id(layer) not in found:
            found[id(layer)] = layer
            waiting += getattr(layer, "layers", []) or []
            waiting += _held(vars(layer).values())
    return list(found.values())


@contextlib.contextmanager
def silenced(*networks: keras.Model) -> Iterator[None]:
    """Inside, layers that draw (dropout, noise) draw nothing, since what they draw differs
    from one backend to another and, on torch, from one call to the next.
    """
    quiet = {"rate": 0.0, "stddev": 0.0}
    with _changed(networks, lambda name, value: quiet.get(name, value)):
        yield


@contextlib.contextmanager
def straightened(*networks: keras.Model) -> Iterator[None]:
    """Inside, layers that bend at zero (ReLU and leaky ReLU) are straight lines."""
    bent = (keras.activations.relu, keras.activations.leaky_relu)

    def straight(name: str, value: Any) -> Any:
        if name == "activation":
            return keras.activations.linear if value in bent else value
        return 1.0 if name == "negative_slope" else value

    with _changed(networks, straight):
        yield


@contextlib.contextmanager
def _changed(networks: Iterable[keras.Model], change: Callable[[str, Any], Any]) -> Iterator[None]:
    """Inside, attributes of layers are what `change(name, value)` says."""
    names = ("rate", "stddev", "negative_slope", "activation")
    before = [
        (layer, name, getattr(layer, name))
        for network in networks
        for layer in every_layer(network)
        for name in names
        if isinstance(getattr(layer, name, None), float) or callable(getattr(layer, name, None))
    ]
    for layer, name, value in before:
        setattr(layer, name, change(name, value))
    try:
        yield
    finally:
        for layer, name, value in before:
            setattr(layer, name, value)


def _held(values: Iterable[Any]) -> Iterator[keras.layers.Layer]:
    for value in values:
        if isinstance(value, keras.layers.Layer):
            yield value
        elif isinstance(value, list | tuple):
            yield from (item for item in value if isinstance(item, keras.layers.Layer))
