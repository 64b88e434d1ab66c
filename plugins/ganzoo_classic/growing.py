"""A GAN that grows while it trains. Karras et al. 2018, https://arxiv.org/abs/1710.10196,
section 2 and figure 2, with a number in place of networks that change.
"""

import keras
from keras import ops

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.errors import UsageError


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

    def call(self, inputs, at: int):
        """The old up to the level `at`, the new from `at + 1` on."""
        old, new = inputs
        return mix(old, new, self.level - at)


@keras.saving.register_keras_serializable("ganzoo")
class GrowingGAN(GAN):
    """A GAN whose level follows the number of real images that it has been shown.

    Real images are shown as the generator draws at that level, blurred to it.

    Args:
        generator, discriminator: Networks with a layer "growth", a `Growth`.
        levels: How often the resolution doubles from the lowest to that of the images.
        stable_images: Real images shown at a resolution before the next is faded in.
        fading_images: Real images shown while a resolution is faded in, at least 1.
        drift: Weight of the mean squared logit of real images in the discriminator's loss.
        **options: Of `GAN`.

    Raises:
        UsageError: a number of images is out of range.
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
        drift: float,
        **options,
    ):
        super().__init__(generator, discriminator, **options)
        if stable_images < 0 or fading_images < 1:
            raise UsageError(
                "stable_images must be at least 0 and fading_images at least 1. "
                f"Received: {stable_images} and {fading_images}."
            )
        self.growing = {"levels": levels, "drift": drift}
        self.growing |= {"stable_images": stable_images, "fading_images": fading_images}

    def after_step(self, logs) -> None:
        """The level follows the images that were seen."""
        level = self.level_after(self.images)
        for variable in self._levels():
            variable.assign(level)

    def level_after(self, images):
        """The level after so many real images, float32: whole while a size is stable."""
        stable, fading = self.growing["stable_images"], self.growing["fading_images"]
        begins = [stable + i * (stable + fading) for i in range(self.growing["levels"])]
        grown = [ops.clip((ops.cast(images, "float32") - b) / fading, 0.0, 1.0) for b in begins]
        return ops.sum(ops.stack(grown))

    def shown(self, images):
        """Images as they look at the present level: (batch, h, w, c) -> (batch, h, w, c)."""
        level, count = self.discriminator.get_layer("growth").level, self.growing["levels"]
        sizes = [images]  # from the whole image to the smallest
        for _ in range(count):
            sizes.append(downsample(sizes[-1]))
        seen = upsample(sizes[-1], 2**count)
        for at in range(count):
            i = count - 1 - at
            seen = mix(seen, upsample(sizes[i], 2**i), level - at)
        return seen

    def discriminator_loss(self, batch, fake):
        """What `GAN` says, of real images of the present level."""
        return super().discriminator_loss(batch._replace(real=self.shown(batch.real)), fake)

    def generator_loss(self, batch):
        """What `GAN` says, of real images of the present level."""
        return super().generator_loss(batch._replace(real=self.shown(batch.real)))

    def discriminator_loss_terms(self, batch, fake, real_outputs, fake_outputs) -> dict:
        """Keeps the logits near 0, where the loss alone leaves them to drift: appendix A.1."""
        return {"drift": self.growing["drift"] * ops.mean(ops.square(real_outputs[0]))}

    def get_config(self) -> dict:
        return {**super().get_config(), **self.growing}

    def _levels(self) -> list:
        levels = [self.generator.get_layer("growth").level]
        if self.ema is not None:  # it shall not lag behind
            levels.append(self.ema.of(levels[0]))
        return [*levels, self.discriminator.get_layer("growth").level]


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
