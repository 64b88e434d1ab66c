"""StyleGAN2. Karras et al. 2020, https://arxiv.org/abs/1912.04958, configuration F.

With `augmentation = { name = "ada" }` in the recipe it is StyleGAN2-ADA: Karras et al. 2020,
https://arxiv.org/abs/2006.06676. What the game changes is in `style_game.py`.
"""

import itertools
import math

import keras
from ganzoo_classic import sizes
from ganzoo_classic.progan import conv, judged
from keras import layers, ops

from ganzoo.errors import UsageError
from ganzoo.layers import (
    EqualizedConv2D,
    EqualizedDense,
    LatentNoise,
    ModulatedConv2D,
    PixelNorm,
    Resample2D,
)

from .style_game import StyleGAN2
from .style_layers import AverageStyle, Bias, Constant, NoisyActivation

_GAIN = math.sqrt(2)  # of leaky ReLU
_MAPPING_RATE = 0.01  # StyleGAN, https://arxiv.org/abs/1812.04948, appendix C


def stylegan2(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 512,
    style_size: int = 512,
    mapping_layers: int = 8,
    features: int = 32768,
    most: int = 512,
    residual: bool = True,
    stddev_group: int = 4,
    mixing: float = 0.9,
    path_weight: float = 2.0,
    path_every: int = 4,
) -> StyleGAN2:
    """Images whose latents become styles, which scale the channels of every convolution.

    The generator adds up what each size says in colors (output skips, figure 7 b), the
    discriminator is residual (figure 7 c); neither grows.

    Args:
        image_shape: (size, size, channels); the size is a power of two from 8.
        latent_size: Length of a latent.
        style_size: Length of a style, w in the paper.
        mapping_layers: Dense layers between the two; 8 in the paper.
        features: Channels times side; 32 channels at 1024x1024 (configuration F).
        most: The most channels that there are at any side.
        residual: Whether the discriminator's blocks are added to what they are given.
        stddev_group: Images per group of the minibatch standard deviation.
        mixing: Share of the images that are drawn with two styles in training, in [0, 1].
        path_weight: Of the path length regularization; 0: none. 2 is the paper's gamma_pl.
        path_every: The steps from one such computation to the next (section 3.1).
    """
    sides = sizes.sides("stylegan2", image_shape)
    channels = {side: min(features // side, most) for side in sides}
    if min(channels.values()) < 1 or min(latent_size, style_size, mapping_layers) < 1:
        raise UsageError(
            "stylegan2 needs features of at least the size, and all else of at least 1. Received: "
            f"features={features}, most={most}, latent_size={latent_size}, "
            f"style_size={style_size}, mapping_layers={mapping_layers}."
        )
    count = 2 * len(sides)  # styles of an image: 2 log2(size) - 2

    def mapping() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")
        x = PixelNorm(name="latents_norm")(latents)
        for i in range(1, mapping_layers + 1):
            scale = {"gain": _GAIN, "lr_multiplier": _MAPPING_RATE}
            x = EqualizedDense(style_size, name=f"map_{i}", **scale)(x)
            x = layers.LeakyReLU(0.2, name=f"map_{i}_relu")(x)
        x = layers.Activation("linear", name="style", dtype="float32")(x)
        return keras.Model(latents, x, name="mapping")

    def synthesis() -> keras.Model:
        # (batch, count, style_size), one style for every convolution; and what the noise is of
        styles = keras.Input((count, style_size), name="styles")
        latents = keras.Input((latent_size,), name="noise_latents")

        def styled(x, filters: int, at: int, name: str, **options):
            affine = EqualizedDense(x.shape[-1], bias_init=1.0, name=f"{name}_style")
            return ModulatedConv2D(filters, name=name, **options)([x, affine(styles[:, at])])

        def noisy(x, side: int, at: int, name: str, up: bool = False):
            x = styled(x, channels[side], at, name, up=up)
            noise = layers.Reshape((side, side, 1), name=f"{name}_noise")(next(noises))
            return NoisyActivation(name=f"{name}_relu")([x, noise])

        def colors(x, side: int, at: int):
            options = {"kernel_size": 1, "demodulate": False, "dtype": "float32"}
            x = styled(x, image_shape[-1], at, f"image_{side}", **options)
            return Bias(name=f"image_{side}_bias", dtype="float32")(x)

        # the noise of all layers at one go, which is faster
        pixels = [16] + [side**2 for side in sides[1:] for _ in (1, 2)]
        places = list(itertools.accumulate(pixels))
        numbers = LatentNoise((places[-1],), stream=1, name="noise")(latents)
        noises = iter(ops.split(numbers, places[:-1], axis=1))
        x = Constant((4, 4, channels[4]), name="constant")(latents)
        x = noisy(x, 4, 0, "conv_4")
        image, at = colors(x, 4, 1), 1
        for side in sides[1:]:  # (batch, side / 2, side / 2, c) -> (batch, side, side, c')
            x = noisy(x, side, at, f"conv_{side}_1", up=True)
            x = noisy(x, side, at + 1, f"conv_{side}_2")
            at += 2  # the colors share their style with the next size's first convolution
            image = Resample2D("up", name=f"image_{side}_up", dtype="float32")(image)
            image = layers.Add(name=f"image_{side}_sum", dtype="float32")(
                [image, colors(x, side, at)]
            )
        return keras.Model([styles, latents], image, name="synthesis")

    def generator() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")
        style = AverageStyle(name="average_style")(mapping()(latents))
        styles = ops.repeat(style[:, None], count, axis=1)
        return keras.Model(latents, synthesis()([styles, latents]), name="generator")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        x = conv(images, channels[sides[-1]], "image", size=1)
        for side in reversed(sides[1:]):  # (batch, side, side, c) -> (batch, side/2, side/2, c')
            narrow = channels[side // 2]
            y = conv(x, channels[side], f"conv_{side}_1")
            # a pixel more than before, so that the convolution treats all borders alike
            y = Resample2D("none", pads=(2, 2), name=f"conv_{side}_blur")(y)
            y = conv(y, narrow, f"conv_{side}_2", strides=2, padding="valid")
            if residual:
                x = Resample2D("down", name=f"skip_{side}_down")(x)
                x = EqualizedConv2D(narrow, 1, use_bias=False, name=f"skip_{side}")(x)
                y = layers.Add(name=f"sum_{side}")([x, y])
                y = layers.Rescaling(1 / _GAIN, name=f"sum_{side}_scale")(y)  # section 4.1
            x = y
        x = judged(x, channels[4], "conv_4", group=stddev_group)
        return keras.Model(images, x, name="discriminator")

    return StyleGAN2(
        generator(),
        discriminator(),
        mixing=mixing,
        path_weight=path_weight,
        path_every=path_every,
    )
