"""What SNGAN with projection and BigGAN share: a residual generator whose blocks are told the
class, and the projection discriminator. Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637,
sections 3 and 5, figures 1d and 14. The discriminator's blocks are those of the plain SNGAN.
"""

from collections.abc import Callable

import keras
from ganzoo_classic.residual import Between, Wrap
from keras import layers, ops

from ganzoo.layers import Conv2D, SpectralNormalization

Norm = Callable  # (x, side, name) -> x: the normalization that knows the class


def drawn(
    z,
    channels: dict[int, int],
    colours: int,
    *,
    norm: Norm,
    wrap: Wrap = lambda layer: layer,
    between: Between | None = None,
):
    """Images in [-1, 1], (batch, size, size, colours), float32, by a block for each doubling.

    Args:
        z: What the smallest image is made of, (batch, n).
        channels: By side, from the first image to the last.
        colours: Channels of the images.
        norm: `(x, side, name)`: batch norm that is told the class, in the block that leads to
            that side.
        wrap: What is done to every layer with a kernel.
        between: Layers that are put in where the images have that side.
    """
    (start, *others), between = channels, between or {}
    x = wrap(layers.Dense(start**2 * channels[start], name="project"))(z)
    x = layers.Reshape((start, start, channels[start]), name="project_shape")(x)
    for side in others:  # (batch, side / 2, side / 2, c) -> (batch, side, side, c')
        name, c, past = f"up_{side}", channels[side], x
        for part in (1, 2):
            x = norm(x, side, f"{name}_norm_{part}")
            x = layers.ReLU(name=f"{name}_relu_{part}")(x)
            x = layers.UpSampling2D(name=f"{name}_double")(x) if part == 1 else x
            x = wrap(_conv(c, 3, f"{name}_conv_{part}", 2.0))(x)
        past = wrap(_conv(c, 1, f"{name}_past"))(past)  # before doubling: a quarter of the work
        past = layers.UpSampling2D(name=f"{name}_past_double")(past)
        x = layers.Add(name=f"{name}_add")([past, x])
        x = between[side](x) if side in between else x
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name="image_norm")(x)
    x = wrap(_conv(colours, 3, "image_conv"))(layers.ReLU(name="image_relu")(x))
    return layers.Activation("tanh", name="image", dtype="float32")(x)


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


def _conv(filters: int, kernel_size: int, name: str, scale: float = 1.0) -> layers.Layer:
    # Glorot's initializer, times sqrt(2) inside the blocks; the published counts have biases
    start = keras.initializers.VarianceScaling(scale, "fan_avg", "uniform")
    return Conv2D(filters, kernel_size, padding="same", kernel_initializer=start, name=name)
