"""A GAN for video. Vondrick, Pirsiavash and Torralba 2016, "Generating videos with scene
dynamics", https://arxiv.org/abs/1609.02612, section 2 and figure 1.
"""

import math

import keras
from keras import layers, ops

from ganzoo import GAN, backend
from ganzoo.backend import Tensor
from ganzoo.backend.scope import WriteCapture
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import batch_norm, check_minimum, normal_initializer
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2DTranspose, Conv3D, Conv3DTranspose

_STDDEV = 0.01  # of the kernels' initializer: section 2, learning
_START = 4  # lowest resolution of both networks


@keras.saving.register_keras_serializable("ganzoo")
class VGAN(GAN):
    """A GAN whose videos are a moving foreground in front of a static background.

    Args:
        *networks: A generator that has a layer "mask", and a discriminator.
        sparsity_weight: Weight of the mask's mean in the generator's loss, so that most of a
            scene is background. 0.1 in the paper, whose norm is a sum; here it is per pixel.
        **options: Further arguments of `GAN`.
    """

    def __init__(self, *networks, sparsity_weight: float = 0.1, **options):
        super().__init__(*networks, **options)
        self.sparsity_weight = sparsity_weight
        layer = self.generator.get_layer("mask")
        self._masks = keras.Model(self.generator.inputs, layer.output, name="masks")

    def generator_loss_terms(self, batch, fake, fake_outputs: list) -> dict:
        """The L1 norm of the mask, per pixel."""
        with WriteCapture():  # batch norm has seen these latents: its averages move once
            mask = ops.cast(backend.training_outputs(self._masks, batch.latents), "float32")
        return {"g_mask": self.sparsity_weight * ops.mean(mask)}

    def get_config(self) -> dict:
        return {**super().get_config(), "sparsity_weight": self.sparsity_weight}


@standard_settings()
def vgan(
    image_shape: tuple[int, int, int, int],
    *,
    latent_size: int = 100,
    base_channels: int = 64,
    sparsity_weight: float = 0.1,
) -> VGAN:
    """A foreground stream of video, a background stream of images, and a mask: section 2.2.

    Args:
        image_shape: (frames, size, size, channels): the size is a power of two from 8, and the
            frames can be halved as often as the size until it is 4. The paper's is
            (32, 64, 64, 3).
        latent_size: Length of a latent.
        base_channels: Channels at the video's resolution; they double with each lower one.
        sparsity_weight: Weight of the mask's mean in the generator's loss.
    """
    # long: the paper's networks from end to end, in the order in which they compute
    check_minimum(1, latent_size=latent_size, base_channels=base_channels)
    if len(image_shape) != 4:
        raise UsageError(f"vgan needs video. Received: samples of shape {image_shape}.")
    frames, size, width, image_channels = image_shape
    num_upsamples = max(size, 1).bit_length() - _START.bit_length()
    if size != width or size < 8 or size & (size - 1) or frames % (1 << num_upsamples):
        raise UsageError(
            "vgan needs square video whose size is a power of two from 8, with frames that can be "
            f"halved as often as the size until it is {_START}. "
            f"Received: {frames} frames of {size}x{width}.",
            hint="Set dataset.frames and dataset.size, where the data set has them.",
        )
    between = [_START << i for i in range(1, num_upsamples)]  # 8, 16, ..., size / 2
    start_frames = frames >> num_upsamples

    def generator() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")

        def stream(name: str, start_shape: tuple[int, ...], upsample: type) -> Tensor:
            c = base_channels << (num_upsamples - 1)
            options = {"use_bias": False, "kernel_initializer": normal_initializer(stddev=_STDDEV)}
            x = layers.Dense(math.prod(start_shape) * c, name=f"{name}_project", **options)(latents)
            x = layers.Reshape((*start_shape, c), name=f"{name}_project_shape")(x)
            x = _norm_relu(x, f"{name}_project", 0.0)
            for r in between:  # (batch, t, h, w, c) -> (batch, 2 t, 2 h, 2 w, c / 2)
                c //= 2
                x = upsample(c, use_bias=False, name=f"{name}_{r}", **_conv_options())(x)
                x = _norm_relu(x, f"{name}_{r}", 0.0)
            return x

        still = stream("still", (_START, _START), Conv2DTranspose)
        still = Conv2DTranspose(image_channels, name="still_image", **_conv_options())(still)
        still = layers.Activation("tanh", name="still", dtype="float32")(still)
        shape = (1, size, size, image_channels)
        still = layers.Reshape(shape, name="frame", dtype="float32")(still)
        moving = stream("moving", (start_frames, _START, _START), Conv3DTranspose)
        mask = Conv3DTranspose(1, name="mask_logit", **_conv_options())(moving)
        mask = layers.Activation("sigmoid", name="mask", dtype="float32")(mask)
        moving = Conv3DTranspose(image_channels, name="moving_video", **_conv_options())(moving)
        moving = layers.Activation("tanh", name="moving", dtype="float32")(moving)
        x = mask * moving + (1.0 - mask) * still  # section 2.2
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        c = base_channels
        videos = keras.Input(image_shape, name="videos")
        x = Conv3D(c, name=f"down_{size}", **_conv_options())(videos)
        x = layers.LeakyReLU(0.2, name=f"down_{size}_relu")(x)
        for r in reversed(between):  # (batch, t, h, w, c) -> (batch, t / 2, h / 2, w / 2, 2 c)
            c *= 2
            x = Conv3D(c, use_bias=False, name=f"down_{r}", **_conv_options())(x)
            x = _norm_relu(x, f"down_{r}", 0.2)
        x = layers.Flatten(name="flatten")(x)  # (batch, t, 4, 4, c) -> (batch, 16 t c)
        initializer = normal_initializer(stddev=_STDDEV)
        x = layers.Dense(1, kernel_initializer=initializer, name="logit", dtype="float32")(x)
        return keras.Model(videos, x, name="discriminator")

    return VGAN(generator(), discriminator(), sparsity_weight=sparsity_weight)


def _norm_relu(x: Tensor, name: str, negative_slope: float) -> Tensor:
    """Batch norm and (leaky) ReLU, as in DCGAN; scales start around 1 as in the authors' code."""
    x = batch_norm(f"{name}_norm", gamma_initializer=normal_initializer(1.0))(x)
    return layers.LeakyReLU(negative_slope, name=f"{name}_relu")(x)


def _conv_options() -> dict:
    """Options of all convolutions: kernels of 4 along each axis, stride 2."""
    geometry = {"kernel_size": 4, "strides": 2, "padding": "same"}
    return {**geometry, "kernel_initializer": normal_initializer(stddev=_STDDEV)}
