"""A GAN that grows while it trains. Karras et al. 2018, https://arxiv.org/abs/1710.10196,
section 2 and figure 2, with a number in place of networks that change.
"""

import keras
from keras import ops

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.blocks import check_minimum


@keras.saving.register_keras_serializable("ganzoo")
class Growth(keras.layers.Layer):
    """Mixes images, or feature maps, of a resolution and of the next: [old, new] -> mixture.

    The level is a weight that is not trained, so that a generator's file knows how far it has
    grown; the GAN sets it. One such layer serves all resolutions of a network.
    """

    def build(self, input_shape) -> None:
        """Make the level, which starts at 0: the lowest resolution."""
        fixed = {"trainable": False, "autocast": False, "dtype": "float32"}
        self.level = self.add_weight(shape=(), initializer="zeros", name="level", **fixed)

    def call(self, inputs: list[Tensor], at: int) -> Tensor:
        """Return the old up to the level `at`, the new from `at + 1` on."""
        old, new = inputs
        return mix(old, new, self.level - at)


@keras.saving.register_keras_serializable("ganzoo")
class GrowingGAN(GAN):
    """A GAN whose level follows the number of real images that were seen.

    Real images are blurred to the resolution of the level, as the generator's are.

    Args:
        generator, discriminator: Networks with a layer "growth", a `Growth`.
        levels: How often the resolution doubles from the lowest to that of the images.
        stable_images: Real images shown at a resolution before the next is faded in.
        fading_images: Real images shown while a resolution is faded in, at least 1.
        drift_weight: Weight of the mean squared logit of real images in the discriminator's loss.
        **options: Further arguments of `GAN`.

    Raises:
        UsageError: A number of images is out of range.
    """

    bounded = False  # the paper's generator ends linearly: table 2

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        levels: int,
        stable_images: int,
        fading_images: int,
        drift_weight: float,
        **options,
    ):
        super().__init__(generator, discriminator, **options)
        check_minimum(0, stable_images=stable_images)
        check_minimum(1, fading_images=fading_images)
        self.levels = levels
        self.stable_images = stable_images
        self.fading_images = fading_images
        self.drift_weight = drift_weight

    def after_step(self, logs: dict) -> None:
        """Set the level of both networks, and of the moving average, which shall not lag."""
        generator, discriminator = self.generator, self.discriminator
        levels = [network.get_layer("growth").level for network in (generator, discriminator)]
        if self.ema is not None:
            levels.append(self.ema.of(levels[0]))
        for variable in levels:
            variable.assign(self.level_after(self.images))

    def level_after(self, images: Tensor) -> Tensor:
        """The level after so many real images, float32: whole while a resolution is stable."""
        stable, fading = self.stable_images, self.fading_images
        starts = [stable + i * (stable + fading) for i in range(self.levels)]
        grown = [ops.clip((ops.cast(images, "float32") - s) / fading, 0.0, 1.0) for s in starts]
        return ops.sum(ops.stack(grown))

    def blur_to_level(self, images: Tensor) -> Tensor:
        """Images at the resolution of the present level: (batch, h, w, c) -> (batch, h, w, c)."""
        level = self.discriminator.get_layer("growth").level
        pyramid = [images]
        for _ in range(self.levels):
            pyramid.append(downsample(pyramid[-1]))
        blurred = upsample(pyramid[-1], 2**self.levels)
        for at in range(self.levels):
            i = self.levels - 1 - at
            blurred = mix(blurred, upsample(pyramid[i], 2**i), level - at)
        return blurred

    def discriminator_loss(self, batch, fake: Tensor) -> tuple[Tensor, dict]:
        """The loss of `GAN`, with real images of the present level."""
        return super().discriminator_loss(self._at_level(batch), fake)

    def generator_loss(self, batch) -> tuple[Tensor, dict]:
        """The loss of `GAN`, with real images of the present level."""
        return super().generator_loss(self._at_level(batch))

    def discriminator_loss_terms(self, batch, fake, real_outputs, fake_outputs) -> dict:
        """A term that keeps the logits from drifting away from 0: appendix A.1."""
        return {"drift": self.drift_weight * ops.mean(ops.square(real_outputs[0]))}

    def get_config(self) -> dict:
        names = ("levels", "stable_images", "fading_images", "drift_weight")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def _at_level(self, batch):
        return batch._replace(real=self.blur_to_level(batch.real))


def mix(old: Tensor, new: Tensor, weight: Tensor) -> Tensor:
    """(1 - weight) old + weight new, with a scalar weight that is clipped to [0, 1]."""
    return old + ops.cast(ops.clip(weight, 0.0, 1.0), new.dtype) * (new - old)


def downsample(x: Tensor) -> Tensor:
    """Means of 2x2: (batch, 2 h, 2 w, c) -> (batch, h, w, c)."""
    h, w, c = x.shape[1:]
    return ops.mean(ops.reshape(x, (-1, h // 2, 2, w // 2, 2, c)), axis=(2, 4))


def upsample(x: Tensor, factor: int) -> Tensor:
    """Each pixel repeated: (batch, h, w, c) -> (batch, factor h, factor w, c)."""
    return ops.repeat(ops.repeat(x, factor, axis=1), factor, axis=2)
