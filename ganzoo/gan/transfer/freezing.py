"""Weights that a training does not change: whole networks, and the discriminator's lower layers."""

import functools
from collections.abc import Mapping, Sequence

import keras

from ganzoo.errors import UsageError


def freeze_networks(
    networks: Mapping[str, keras.Model], generator: keras.Model
) -> dict[str, keras.Model]:
    """Make all weights of networks untrainable, and return the networks in the order of the names.

    Args:
        networks: Built Keras models by name.
        generator: The GAN's generator.

    Raises:
        UsageError: one is not built, or the generator holds a part of one: its weights files
            would lack it.
    """
    own = {id(variable) for variable in generator.variables}
    for name, network in networks.items():
        if not network.built or any(id(variable) in own for variable in network.variables):
            raise UsageError(
                "A frozen network must be built and apart from the generator. "
                f"Received: {name!r}, {'part of the generator' if network.built else 'not built'}."
            )
        network.trainable = False
    return {name: networks[name] for name in sorted(networks)}


def path_inside(model: keras.Model, network: keras.Model) -> list[str] | None:
    """Return the names of the layers that lead to a network inside a model; None if it is apart.

    Raises:
        UsageError: it shares variables with the model, and is no layer of it or of models in it.
    """
    path = _search(model, network)
    own = {id(variable) for variable in model.variables}
    if path is None and any(id(variable) in own for variable in network.variables):
        raise UsageError(
            "A `.keras` file can hold a frozen network that is apart from the discriminator, or a "
            "layer of it or of a model inside it. Received: one that shares variables in another "
            f"way, {network.name!r}.",
            hint="Call the network in the discriminator, or save the generator alone.",
        )
    return path


def _search(model: keras.Model, network: keras.Model) -> list[str] | None:
    for layer in model.layers:
        inside = [] if layer is network else None
        if inside is None and isinstance(layer, keras.Model):
            inside = _search(layer, network)
        if inside is not None:
            return [layer.name, *inside]
    return None


def at_path(model: keras.Model, path: Sequence[str]) -> keras.Model:
    """Return the network of `path_inside`."""
    return functools.reduce(lambda inside, name: inside.get_layer(name), path, model)


def frozen_variables(networks: Mapping[str, keras.Model]) -> set[int]:
    """Return the identities of all variables of frozen networks."""
    return {id(variable) for network in networks.values() for variable in network.variables}


def freeze_lower_layers(
    discriminator: keras.Model, count: int, frozen_networks: Mapping[str, keras.Model]
) -> None:
    """Keep the first layers with weights, those next to the images, as they are in training.

    Mo et al. 2020, "FreezeD", https://arxiv.org/abs/2002.10964.

    Args:
        discriminator: The network.
        count: How many of its layers, in the order in which they compute.
        frozen_networks: Frozen networks, whose layers in it do not count.

    Raises:
        UsageError: It has no layer more than that, which would learn.
    """
    frozen = frozen_variables(frozen_networks)
    layers = [layer for layer in _leaves(discriminator) if layer.weights]
    layers = [layer for layer in layers if id(layer.weights[0]) not in frozen]
    if count and count >= len(layers):
        raise UsageError(
            f"freeze_discriminator must be below {len(layers)}, the number of the discriminator's "
            f"layers with weights. Received: {count}."
        )
    for layer in layers[:count]:
        layer.trainable = False


def _leaves(model: keras.Model) -> list[keras.layers.Layer]:
    """Layers in the order of the network; those of a model inside it in its place."""
    inside = [_leaves(one) if isinstance(one, keras.Model) else [one] for one in model.layers]
    return [layer for layers in inside for layer in layers]
