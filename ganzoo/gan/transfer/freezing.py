"""Freeze the discriminator. Mo et al. 2020, "FreezeD", https://arxiv.org/abs/2002.10964."""

import keras

from ganzoo.errors import UsageError


def freeze_lower_layers(discriminator: keras.Model, count: int) -> None:
    """Keep the first layers with weights, those next to the images, as they are in training.

    Args:
        discriminator: The network.
        count: How many of its layers, in the order in which they compute.

    Raises:
        UsageError: It has no layer more than that, which would learn.
    """
    layers = [layer for layer in _leaves(discriminator) if layer.weights]
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
