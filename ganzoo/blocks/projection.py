"""The projection discriminator. Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637."""

from collections.abc import Callable

import keras
from keras import layers, ops

from ganzoo.layers import OneHot, SpectralNormalization


def projection_discriminator(
    unconditional: keras.Model,
    classes: int,
    wrap: Callable[[layers.Layer], layers.Layer] = SpectralNormalization,
) -> keras.Model:
    """Add the inner product of features and class embedding to the logit: section 3, figure 1d.

    Args:
        unconditional: Images -> logits (batch, 1), by a dense layer "logit" of the features
            (batch, c), such as `residual_discriminator` returns.
        classes: Number of classes.
        wrap: Applied to the layer that holds the embeddings, (classes, c).

    Returns:
        A model of [images, labels], labels (batch,) int32.
    """
    labels = keras.Input((), dtype="int32", name="labels")
    features = unconditional.get_layer("logit").input  # (batch, c), float32
    embed = layers.Dense(features.shape[-1], use_bias=False, name="embed", dtype="float32")
    rows = OneHot(classes, name="classes", dtype="float32")(labels)
    embedding = wrap(embed)(rows)  # (batch, classes) -> (batch, c)
    logit = unconditional.outputs[0] + ops.sum(embedding * features, axis=-1, keepdims=True)
    return keras.Model([*unconditional.inputs, labels], logit, name="discriminator")
