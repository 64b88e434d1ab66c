"""The projection discriminator of SNGAN and BigGAN. Miyato and Koyama 2018,
https://arxiv.org/abs/1802.05637, section 3 and figure 1d.
"""

import keras
from ganzoo_classic.residual import Wrap
from keras import layers, ops

from ganzoo.layers import SpectralNormalization


def projection(plain: keras.Model, classes: int, wrap: Wrap = SpectralNormalization):
    """The discriminator phi(x) -> logit, made to judge whether x is of class y as well: the
    inner product of phi(x) and a vector of the class is added to the logit (section 3).

    Args:
        plain: From `ganzoo_classic.residual.discriminator`.
        classes: Number of classes.
        wrap: What is done to the layer that holds the classes' vectors.
    """
    labels = keras.Input((), dtype="int32", name="labels")
    phi = plain.get_layer("logit").input  # (batch, c), float32
    embed = layers.Dense(phi.shape[-1], use_bias=False, name="embed", dtype="float32")
    wanted = wrap(embed)(ops.one_hot(labels, classes))  # (batch,) -> (batch, c)
    logit = plain.outputs[0] + ops.sum(wanted * phi, axis=-1, keepdims=True)
    return keras.Model([*plain.inputs, labels], logit, name="discriminator")
