"""A GAN for video. Vondrick, Pirsiavash and Torralba 2016, "Generating videos with scene
dynamics", https://arxiv.org/abs/1609.02612, section 2 and figure 1.
"""

import math

import keras
from ganzoo_classic.dcgan import batch_norm
from keras import layers, ops

from ganzoo import GAN
from ganzoo.backend.scope import WriteCapture
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2DTranspose, Conv3D, Conv3DTranspose

_START = 4  # height and width at which both networks have their smallest video


@keras.saving.register_keras_serializable("ganzoo")
class VGAN(GAN):
    """A GAN whose videos are a moving foreground before a background that stands still.

    Args:
        *networks: A generator that has a layer "mask", and a discriminator.
        sparsity: Weight of the mask's mean in the generator's loss: most of a scene is to be
            background. 0.1 in the paper, whose norm is a sum; here it is per pixel.
        **options: As of `GAN`.
    """

    def __init__(self, *networks, sparsity: float = 0.1, **options):
        super().__init__(*networks, **options)
        self.sparsity = sparsity
        layer = self.generator.get_layer("mask")
        self._masks = keras.Model(self.generator.inputs, layer.output, name="masks")

    def generator_loss_terms(self, batch, fake, fake_outputs: list) -> dict:
        """The L1 norm of the mask, per pixel."""
        with WriteCapture():  # the layers have seen these latents: their statistics move once
            mask = ops.cast(self._masks(batch.latents, training=True), "float32")
        return {"g_mask": self.sparsity * ops.mean(mask)}

    def get_config(self) -> dict:
        return {**super().get_config(), "sparsity": self.sparsity}


def vgan(
    image_shape: tuple[int, int, int, int],
    *,
    latent_size: int = 100,
    width: int = 64,
    sparsity: float = 0.1,
) -> VGAN:
    """Two streams, one that moves and one that does not, and a mask that chooses: section 2.2.

    Args:
        image_shape: (frames, size, size, channels): the size is a power of two from 8, and the
            frames can be halved as often as the size on its way to 4. The paper's is
            (32, 64, 64, 3).
        latent_size: Length of a latent.
        width: Channels next to the video; they double with each halving.
        sparsity: Weight of the mask's mean in the generator's loss.
    """
    if len(image_shape) != 4:
        raise UsageError(f"vgan needs video. Received: samples of shape {image_shape}.")
    frames, size, other, channels = image_shape
    doublings = max(size, 1).bit_length() - _START.bit_length()
    if size != other or size < 8 or size & (size - 1) or frames % (1 << doublings):
        raise UsageError(
            "vgan needs square video whose size is a power of two from 8, with frames that can be "
            f"halved as often as the size on its way to {_START}. "
            f"Received: {frames} frames of {size}x{other}.",
            hint="Set dataset.frames and dataset.size, where the data set has them.",
        )
    sizes = [_START << i for i in range(1, doublings + 1)]  # 8, 16, ..., size
    start = frames >> doublings

    def generator() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")

        def stream(name: str, first: tuple[int, ...], up) -> keras.KerasTensor:
            c = width << (doublings - 1)
            options = {"use_bias": False, "kernel_initializer": _normal()}
            x = layers.Dense(math.prod(first) * c, name=f"{name}_project", **options)(latents)
            x = layers.Reshape((*first, c), name=f"{name}_project_shape")(x)
            x = _activated(x, f"{name}_project", 0.0)
            for side in sizes[:-1]:  # all sides are doubled, channels halved
                c //= 2
                x = up(c, use_bias=False, name=f"{name}_{side}", **_conv())(x)
                x = _activated(x, f"{name}_{side}", 0.0)
            return x

        still = stream("still", (_START, _START), Conv2DTranspose)
        still = Conv2DTranspose(channels, name="still_image", **_conv())(still)
        still = layers.Activation("tanh", name="still", dtype="float32")(still)
        still = layers.Reshape((1, size, size, channels), name="frame", dtype="float32")(still)
        moving = stream("moving", (start, _START, _START), Conv3DTranspose)
        mask = Conv3DTranspose(1, name="mask_logit", **_conv())(moving)
        mask = layers.Activation("sigmoid", name="mask", dtype="float32")(mask)
        moving = Conv3DTranspose(channels, name="moving_video", **_conv())(moving)
        moving = layers.Activation("tanh", name="moving", dtype="float32")(moving)
        x = mask * moving + (1.0 - mask) * still  # section 2.2
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        c = width
        videos = keras.Input(image_shape, name="videos")
        x = Conv3D(c, name=f"down_{size}", **_conv())(videos)
        x = layers.LeakyReLU(0.2, name=f"down_{size}_relu")(x)
        for side in reversed(sizes[:-1]):  # all sides are halved, channels doubled
            c *= 2
            x = Conv3D(c, use_bias=False, name=f"down_{side}", **_conv())(x)
            x = _activated(x, f"down_{side}", 0.2)
        x = layers.Flatten(name="flatten")(x)  # (batch, start, 4, 4, c) -> (batch, 16 start c)
        x = layers.Dense(1, kernel_initializer=_normal(), name="logit", dtype="float32")(x)
        return keras.Model(videos, x, name="discriminator")

    return VGAN(generator(), discriminator(), sparsity=sparsity)


def _activated(x, name: str, slope: float):
    """Batch norm and a rectifier, as in DCGAN."""
    start = keras.initializers.RandomNormal(1.0, stddev=0.02)  # the authors' code
    x = batch_norm(f"{name}_norm", gamma_initializer=start)(x)
    return layers.LeakyReLU(slope, name=f"{name}_relu")(x)


def _conv() -> dict:
    """What all convolutions share: 4 wide in each direction, stride 2."""
    shape = {"kernel_size": 4, "strides": 2, "padding": "same"}
    return {**shape, "kernel_initializer": _normal()}


def _normal() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.01)  # section 2, learning
