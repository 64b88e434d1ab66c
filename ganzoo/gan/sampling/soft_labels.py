"""Soft labels: weights of all classes instead of one, so that a sample may lie between them."""

from typing import Any

import keras
import numpy as np

from ganzoo.errors import UsageError
from ganzoo.gan.sampling.generator_inputs import generator_inputs, input_shape


def are_soft(labels: Any, network: keras.Model) -> bool:
    """Return whether labels are weights of classes (n, classes), where a network takes classes."""
    return takes_classes(network) and np.ndim(labels) == 2 and np.shape(labels)[1] > 1


def takes_classes(network: keras.Model) -> bool:
    """Return whether the labels of a network are single numbers."""
    return input_shape(network, "labels") == ()


def soft_label_network(network: keras.Model, classes: int) -> keras.Model:
    """Return a network of weights of classes, with the layers and weights of one of classes.

    A layer that takes classes multiplies by one-hot rows, whatever it is called. So it takes other
    rows as well: half of two classes is halfway between their embeddings. Brock et al. 2019,
    https://arxiv.org/abs/1809.11096, appendix A, draw such samples.

    Args:
        network: A generator, or a part of one, which takes classes.
        classes: Their number.

    Returns:
        A network whose labels are float32 (batch, classes).

    Raises:
        UsageError: A layer takes classes and no weights of them.
    """
    inputs = {
        name: keras.Input(x.shape[1:], dtype=x.dtype, name=x.name)
        for name, x in generator_inputs(network).items()
    }
    rows = inputs["labels"] = keras.Input((classes,), name=inputs["labels"].name)

    def same_or_soft(layer: Any) -> Any:
        inner = isinstance(layer, keras.Model) and takes_classes(layer)
        return soft_label_network(layer, classes) if inner else layer

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        given = keras.tree.flatten((args, kwargs))
        known = isinstance(layer, keras.Model) or getattr(layer, "takes_soft_labels", False)
        if any(x is rows for x in given) and not known:
            raise UsageError(
                f"The layer {layer.name!r} takes classes, but nothing between two of them.",
                hint="One class for all. In a plugin: OneHot or Embedding of ganzoo.layers.",
            )
        return layer(*args, **kwargs)

    return keras.models.clone_model(
        network, list(inputs.values()), clone_function=same_or_soft, call_function=call
    )
