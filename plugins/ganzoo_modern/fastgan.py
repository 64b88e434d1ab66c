"""FastGAN, a light GAN for few pictures. Liu et al. 2021, https://arxiv.org/abs/2101.04775,
section 3. The augmentation and the hinge loss stand in the recipe.
"""

import keras
from ganzoo_classic.dcgan import batch_norm
from ganzoo_classic.sizes import sides, widths
from keras import layers, ops

from ganzoo import GAN
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D

_MOST_DRAWN = 128  # side of the pictures that the decoders draw: section 3.2


@keras.saving.register_keras_serializable("ganzoo")
class FastGAN(GAN):
    """A GAN whose discriminator must also draw real pictures again from what it sees in them.

    Args:
        *networks: A generator, and a discriminator that says [logits, errors (batch,)].
        reconstruction_weight: Of the mean error of real images in the discriminator's loss.
        **options: As of `GAN`.
    """

    def __init__(self, *networks, reconstruction_weight: float = 1.0, **options):
        super().__init__(*networks, **options)
        self.reconstruction_weight = reconstruction_weight

    def discriminator_loss_terms(self, batch, fake, real_outputs: list, fake_outputs: list) -> dict:
        """The error at real images, equation 2; what it draws of fakes is not asked for."""
        return {"reconstruction": self.reconstruction_weight * ops.mean(real_outputs[1])}

    def get_config(self) -> dict:
        return {**super().get_config(), "reconstruction_weight": self.reconstruction_weight}


def fastgan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 256,
    generator_width: int = 32,
    generator_most: int = 512,
    discriminator_width: int = 32,
    discriminator_most: int = 512,
    excitation_reach: int = 16,
    last_side: int = 8,
    reconstruction_weight: float = 1.0,
) -> FastGAN:
    """A light generator, and a discriminator that is an encoder with two small decoders.

    Args:
        image_shape: (size, size, channels); the size is a power of two from 8.
        latent_size: Length of a latent.
        generator_width: Channels next to the images; they double with each halving of the side.
        generator_most: The most that they become.
        discriminator_width: Of the discriminator's first layer; they double, too.
        discriminator_most: The most that they become.
        excitation_reach: Features excite those of so many times their side; 16 in the paper,
            8x8 those of 128x128, 16x16 those of 256x256. A power of two.
        last_side: Side at which the discriminator ends, a power of two from 4, at most half the
            size; there it says (last_side - 3)**2 logits, one for each place.
        reconstruction_weight: Of the decoders' errors.
    """
    ups, size = sides("fastgan", image_shape), image_shape[0]
    if last_side not in ups[:-1] or excitation_reach < 2 or excitation_reach.bit_count() != 1:
        raise UsageError(
            f"fastgan needs last_side in {ups[:-1]} for images of {size}x{size} pixels, and "
            "excitation_reach a power of two from 2. "
            f"Received: last_side={last_side}, excitation_reach={excitation_reach}."
        )

    def generator() -> keras.Model:
        channels = widths(ups, generator_width, generator_most)
        latents = keras.Input((latent_size,), name="latents")
        x = layers.Dense(16 * 2 * channels[4], use_bias=False, name="project")(latents)
        x = layers.Reshape((4, 4, 2 * channels[4]), name="project_shape")(x)
        x = gated(normed(x, "project"))
        seen = {4: x}
        for side in ups[1:]:  # (batch, side / 2, side / 2, c) -> (batch, side, side, c')
            x = _up(x, channels[side], f"up_{side}")
            if side // excitation_reach in seen:
                x = excited(x, seen[side // excitation_reach], f"excite_{side}")
            seen[side] = x
        x = Conv2D(image_shape[-1], 3, padding="same", name="image_conv", dtype="float32")(x)
        x = layers.Activation("tanh", name="image", dtype="float32")(x)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        channels = widths(ups, discriminator_width, discriminator_most)
        images = keras.Input(image_shape, name="images")
        x = Conv2D(channels[size], 3, padding="same", name="image_conv")(images)
        x = layers.LeakyReLU(0.2, name="image_relu")(x)
        seen = {size: x}
        for side in reversed(ups[:-1]):
            if side >= last_side:  # (batch, 2 side, 2 side, c) -> (batch, side, side, c')
                seen[side] = x = _down(x, channels[side], f"down_{side}")
        x = _relu(normed(_conv(x, channels[last_side], 1, "judge"), "judge"), "judge")
        logits = Conv2D(1, 4, name="logits", dtype="float32")(x)

        drawn_side = min(size // 2, _MOST_DRAWN)

        def error(features, pictures, name: str):
            """Mean |drawn - seen| for each picture; section 3.2 has a perceptual distance."""
            side = features.shape[1]
            while side < drawn_side:
                side *= 2
                features = _up(features, channels[side], f"{name}_{side}")
            options = {"padding": "same", "dtype": "float32", "activation": "tanh"}
            drawn = Conv2D(image_shape[-1], 3, name=f"{name}_image", **options)(features)
            pool = pictures.shape[1] // drawn_side
            pictures = layers.AveragePooling2D(pool, name=f"{name}_small", dtype="float32")(
                pictures
            )
            return ops.mean(ops.abs(drawn - pictures), axis=(1, 2, 3))

        whole = error(seen[last_side], images, "whole")
        # the paper draws one quarter by lot; here all, from a quarter of the features each
        parts = error(quarters(seen[2 * last_side]), quarters(images), "part")
        errors = whole + ops.mean(ops.reshape(parts, (-1, 4)), axis=1)
        return keras.Model(images, [logits, errors], name="discriminator")

    weight = {"reconstruction_weight": reconstruction_weight}
    return FastGAN(generator(), discriminator(), **weight)


def excited(x, low, name: str):
    """Skip-layer excitation, equation 1: features say how much each channel of larger ones counts.

    Args:
        x: (batch, h, w, c), the larger.
        low: (batch, s, s, d), with s a multiple of 4.
        name: Of its layers.
    """
    if low.shape[1] > 4:
        low = layers.AveragePooling2D(low.shape[1] // 4, name=f"{name}_pool")(low)
    share = Conv2D(x.shape[-1], 4, name=f"{name}_1")(low)  # (batch, 1, 1, c)
    share = layers.LeakyReLU(0.1, name=f"{name}_relu")(share)
    share = Conv2D(x.shape[-1], 1, activation="sigmoid", name=f"{name}_2")(share)
    return layers.Multiply(name=name)([x, share])


def gated(x):
    """Gated linear unit: half of the channels say how much of the others passes.

    Dauphin et al. 2017, https://arxiv.org/abs/1612.08083, equation 1.
    """
    value, gate = ops.split(x, 2, axis=-1)
    return value * ops.sigmoid(gate)


def normed(x, name: str):
    """Batch normalization."""
    return batch_norm(f"{name}_norm")(x)


def quarters(x):
    """The four quarters of each image as images: (batch, 2 s, 2 s, c) -> (4 batch, s, s, c)."""
    half, channels = x.shape[1] // 2, x.shape[-1]
    x = ops.reshape(x, (-1, 2, half, 2, half, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, half, half, channels))


def _up(x, filters: int, name: str):
    """Twice the side: figure 3, (b)."""
    x = layers.UpSampling2D(name=f"{name}_nearest")(x)
    return gated(normed(_conv(x, 2 * filters, 3, f"{name}_conv"), f"{name}_conv"))


def _down(x, filters: int, name: str):
    """Half the side, the mean of two ways: figure 4, a residual block."""
    deep = _conv(x, filters, 4, f"{name}_1", strides=2)
    deep = _relu(normed(deep, f"{name}_1"), f"{name}_1")
    deep = _relu(normed(_conv(deep, filters, 3, f"{name}_2"), f"{name}_2"), f"{name}_2")
    plain = layers.AveragePooling2D(2, name=f"{name}_pool")(x)
    plain = _conv(plain, filters, 1, f"{name}_skip")
    plain = _relu(normed(plain, f"{name}_skip"), f"{name}_skip")
    return layers.Average(name=name)([deep, plain])


def _conv(x, filters: int, size: int, name: str, **options):
    return Conv2D(filters, size, padding="same", use_bias=False, name=name, **options)(x)


def _relu(x, name: str):
    return layers.LeakyReLU(0.2, name=f"{name}_relu")(x)
