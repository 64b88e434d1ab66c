"""BigGAN-deep. Brock et al. 2019, https://arxiv.org/abs/1809.11096, appendix B, figure 16 and
tables 7 to 9: four times as deep as BigGAN, of bottlenecks, whose shortcuts have no weights.
"""

import functools
import math
from collections.abc import Callable

import keras
from keras import layers, ops

from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import batch_norm, check_minimum, projection_discriminator, resolutions, shape_at
from ganzoo.layers import ConditionalBatchNormalization, Conv2D, OneHot, SelfAttention

from .biggan_training import INITIALIZERS, BigGAN, channel_multiples, check_options, spectral

_RATIO = 4  # of a block's channels to those of its bottleneck


@standard_settings()
def biggan_deep(
    image_shape: tuple[int, int, int],
    classes: int,
    *,
    latent_size: int = 128,
    class_embedding_size: int = 128,
    base_channels: int = 128,
    attention_resolution: int = 0,
    initializer: str = "orthogonal",
    orthogonal_weight: float = 0.0,
    batch_norm_epsilon: float = 1e-5,
    wide_image_conv: bool = False,
    activated_shortcut: bool = False,
) -> BigGAN:
    """Two bottleneck blocks at each resolution; every block gets the whole latent and the class.

    Where a block of the generator has fewer channels than its input, its shortcut drops the last
    ones; where one of the discriminator has more, its shortcut appends those of a 1x1
    convolution. Channels at each resolution are those of `biggan`; up to 32x32 they are equal
    everywhere, as others have them for CIFAR-10.

    Args:
        image_shape: (height, width, channels), of at most 512 pixels; see
            `ganzoo.blocks.resolutions`.
        classes: Number of classes; filled from the data set.
        latent_size: Length of a latent.
        class_embedding_size: Length of the class embedding, which all blocks share.
        base_channels: Factor of the channels of all blocks; ch in the paper.
        attention_resolution: Height and width of the feature maps to which both networks apply
            self-attention, 64 in the paper; 0 for none.
        initializer: Initializer of every kernel: "orthogonal", or "normal", of standard
            deviation 0.02.
        orthogonal_weight: Weight of the orthogonal regularization of the generator; 0 for none.
        batch_norm_epsilon: Added to the variances in batch norm; 1e-4 in the paper's published
            graphs, 1e-5 in the authors' later code.
        wide_image_conv: Whether the generator's last convolution has `base_channels` outputs, of
            which the first are the image, as in the published graphs: all of them count in its
            spectral norm.
        activated_shortcut: Whether the shortcuts of the discriminator begin after the first ReLU
            of their blocks, as in PyTorch-StudioGAN, which computes it in place.
    """
    # long: the paper's networks from end to end, in the order in which they compute
    up = resolutions("biggan-deep", image_shape)
    size = up[-1]
    check_minimum(
        1, latent_size=latent_size, class_embedding_size=class_embedding_size,
        base_channels=base_channels,
    )  # fmt: skip
    num_downsamples = min(2, len(up) - 1) if size <= 32 else len(up) - 1
    final = size >> num_downsamples
    check_options("biggan-deep", up, attention_resolution, final, initializer)
    multiples = zip(up, channel_multiples(size), strict=True)
    channels = {r: base_channels * multiple for r, multiple in multiples}
    # at 64x64 the authors' code ends a block earlier than at 128x128 in both networks
    reflected = {r: base_channels * size // r for r in up} if size == 64 else channels
    initial, wrap = INITIALIZERS[initializer], spectral(initializer)

    def attend(x: Tensor, resolution: int) -> Tensor:
        if resolution != attention_resolution:
            return x
        return SelfAttention(kernel_initializer=initial(), name="attention")(x)

    def conv(x: Tensor, filters: int, kernel_size: int, name: str) -> Tensor:
        return wrap(Conv2D(filters, kernel_size, padding="same", name=name))(x)

    def generator() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")
        dense = {"use_bias": False, "kernel_initializer": initial(), "name": "shared"}
        embed = layers.Dense(class_embedding_size, **dense)
        embedding = embed(OneHot(classes, name="classes")(labels))
        condition = layers.Concatenate(name="both")([embedding, latents])

        def normalized(x: Tensor, name: str) -> Tensor:
            options = {"spectral": True, "kernel_initializer": initial(), "name": name}
            norm = ConditionalBatchNormalization(epsilon=batch_norm_epsilon, **options)
            return layers.ReLU(name=f"{name}_relu")(norm([x, condition]))

        block = functools.partial(_generator_block, conv, normalized)
        (start, *others) = up
        base = (*shape_at(start, image_shape, size), channels[start])
        x = wrap(layers.Dense(math.prod(base), name="project"))(condition)
        x = layers.Reshape(base, name="project_shape")(x)
        for r in others:  # (batch, r / 2, r / 2, c) -> (batch, r, r, c')
            x = block(x, x.shape[-1], f"plain_{r // 2}")
            x = attend(block(x, channels[r], f"up_{r}", up=True), r)
        x = layers.ReLU(name="image_relu")(batch_norm("image_norm", batch_norm_epsilon)(x))
        outputs = max(base_channels, image_shape[-1]) if wide_image_conv else image_shape[-1]
        x = conv(x, outputs, 3, "image_conv")[..., : image_shape[-1]]
        x = layers.Activation("tanh", name="image", dtype="float32")(x)
        return keras.Model([latents, labels], x, name="generator")

    def discriminator() -> keras.Model:
        block = functools.partial(_discriminator_block, conv, activated_shortcut)
        images = keras.Input(image_shape, name="images")
        x = conv(images, reflected[size], 3, "from_image")
        for r in [size >> i for i in range(1, num_downsamples + 1)]:
            # (batch, 2 r, 2 r, c) -> (batch, r, r, c')
            x = block(x, reflected[r], f"down_{r}", down=True)
            x = attend(block(x, reflected[r], f"plain_{r}"), r)
        for i in (1, 2) if size <= 32 else ():
            x = block(x, channels[final], f"extra_{i}")
        x = ops.cast(layers.ReLU(name="pool_relu")(x), "float32")
        # in rows first: PyTorch rounds a sum by how it has feature maps in memory
        height, width, depth = x.shape[1:]
        x = ops.reshape(
            layers.Flatten(name="rows", dtype="float32")(x), (-1, height * width, depth)
        )
        x = ops.sum(x, axis=1)  # (batch, height * width, c) -> (batch, c)
        x = wrap(layers.Dense(1, name="logit", dtype="float32"))(x)
        unconditional = keras.Model(images, x, name="discriminator")
        return projection_discriminator(unconditional, classes, wrap)

    options = {"orthogonal_weight": orthogonal_weight, "num_classes": classes}
    return BigGAN(generator(), discriminator(), **options)


def _generator_block(
    conv: Callable, normalized: Callable, x: Tensor, channels: int, name: str, up: bool = False
) -> Tensor:
    """Figure 16 (b): (batch, r, r, c) -> (batch, r, r, channels), or twice both r.

    Args:
        conv: (x, filters, kernel_size, name) -> a convolution's feature maps.
        normalized: (x, name) -> feature maps after conditional batch norm and ReLU.
        x: Feature maps.
        channels: Output channels, at most those of x.
        name: Beginning of the layers' names.
        up: Whether the resolution is doubled.
    """
    inputs = x.shape[-1]
    hidden = max(inputs // _RATIO, 1)
    y = conv(normalized(x, f"{name}_norm_1"), hidden, 1, f"{name}_conv_1")
    y = normalized(y, f"{name}_norm_2")
    x = x[..., :channels] if channels < inputs else x
    if up:
        y = layers.UpSampling2D(name=f"{name}_double")(y)
        x = layers.UpSampling2D(name=f"{name}_shortcut_double")(x)
    y = conv(y, hidden, 3, f"{name}_conv_2")
    y = conv(normalized(y, f"{name}_norm_3"), hidden, 3, f"{name}_conv_3")
    y = conv(normalized(y, f"{name}_norm_4"), channels, 1, f"{name}_conv_4")
    return layers.Add(name=f"{name}_add")([x, y])


def _discriminator_block(
    conv: Callable, activated_shortcut: bool, x: Tensor, channels: int, name: str,
    down: bool = False,
) -> Tensor:  # fmt: skip
    """Figure 16 (c): (batch, r, r, c) -> (batch, r, r, channels), or half of both r.

    Args:
        conv: (x, filters, kernel_size, name) -> a convolution's feature maps.
        activated_shortcut: See `biggan_deep`.
        x: Feature maps.
        channels: Output channels, at least those of x.
        name: Beginning of the layers' names.
        down: Whether the resolution is halved.
    """
    inputs, hidden = x.shape[-1], max(channels // _RATIO, 1)
    y = layers.ReLU(name=f"{name}_relu_1")(x)
    x = y if activated_shortcut else x
    for i, kernel_size in enumerate((1, 3, 3), start=1):
        y = conv(y, hidden, kernel_size, f"{name}_conv_{i}")
        y = layers.ReLU(name=f"{name}_relu_{i + 1}")(y)
    if down:
        y = layers.AveragePooling2D(2, name=f"{name}_halve")(y)
        x = layers.AveragePooling2D(2, name=f"{name}_shortcut_halve")(x)
    y = conv(y, channels, 1, f"{name}_conv_4")
    if channels > inputs:
        more = conv(x, channels - inputs, 1, f"{name}_shortcut")
        x = layers.Concatenate(name=f"{name}_shortcut_both")([x, more])
    return layers.Add(name=f"{name}_add")([x, y])
