"""CycleGAN, translation learned without pairs. Zhu et al. 2017, https://arxiv.org/abs/1703.10593.

The paper's two generators and two discriminators are one GAN. X is the source, Y the target:

    generator        G: X -> Y,    F: Y -> X
    discriminator    D_Y,          D_X

A label is an image of X, which is not paired with the image of Y beside it. Nothing is random:
the generators take no latents.
"""

import keras
from keras import layers, ops

from ganzoo import GAN, backend
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import (
    check_minimum,
    check_multiples_of_4,
    normal_initializer,
    patchgan,
    patchgan_downsamples,
)
from ganzoo.errors import UsageError
from ganzoo.gan.sampling import Sampler
from ganzoo.layers import Conv2D, Conv2DTranspose, InstanceNormalization

from .image_pool import ImagePool

_DOWNSAMPLES = 2  # of a generator, before its residual blocks
_LARGE = 256  # from this size on there are 9 residual blocks instead of 6: appendix 7.2


@keras.saving.register_keras_serializable("ganzoo")
class TranslationPair(layers.Layer):
    """The two generators as one layer. Calling it is G.

    Args:
        g: Images of X -> images of Y.
        f: Images of Y -> images of X.
    """

    def __init__(self, g: keras.Model, f: keras.Model, **kwargs):
        super().__init__(**kwargs)
        self.g = g
        self.f = f
        self.built = True

    def call(self, images: Tensor) -> Tensor:
        return self.g(images)

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        return {**super().get_config(), "g": serialize(self.g), "f": serialize(self.f)}

    @classmethod
    def from_config(cls, config: dict) -> "TranslationPair":
        restore = keras.saving.deserialize_keras_object
        return cls(**{**config, "g": restore(config["g"]), "f": restore(config["f"])})


@keras.saving.register_keras_serializable("ganzoo")
class CycleGAN(GAN):
    """Two GANs whose generators are inverse to each other: section 3.

    The GAN on Y is configured as any. That on X has the same loss, as a further term, and
    neither penalties nor augmentation.

    Args:
        generator: A model of images of X, its input named "labels", with a layer
            `TranslationPair` named "directions".
        discriminator: A model of [images of Y, images of X] that returns [logits of D_Y, logits
            of D_X]; D_X is a model named "source_critic".
        cycle_weight: Weight of the cycle consistency loss, equation 2; the paper's lambda.
        identity_weight: Weight of the identity loss, section 5.2, as a share of `cycle_weight`.
        pool_size: Older fake images kept for each discriminator, at least 1.
        **options: Further arguments of `GAN`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        cycle_weight: float = 10.0,
        identity_weight: float = 0.5,
        pool_size: int = 50,
        **options,
    ):
        super().__init__(generator, discriminator, **options)
        self.cycle_weight = cycle_weight
        self.identity_weight = identity_weight
        self.pool_size = pool_size
        self.pools = [ImagePool(pool_size), ImagePool(pool_size)]
        for name, pool in zip(("target", "source"), self.pools, strict=True):
            pool.build(f"{name}_pool", discriminator.inputs[0].shape[1:], self.add_weight)

    @property
    def inverse(self) -> Sampler:
        """A sampler of F: `gan.inverse.sample(n, labels=images_of_y)`."""
        (images,) = self.generator.inputs
        f = self.generator.get_layer("directions").f
        generator = keras.Model(images, f(images), name="backward")
        return Sampler(generator, value_range=self.value_range, prior=self.prior, ema=self.ema)

    def fake_samples(self, batch) -> list[Tensor]:
        """Fake images of Y and of X, some of them older ones: section 4."""
        new = [super().fake_samples(batch), ops.stop_gradient(self._f(batch.real))]
        rngs = (batch.rng.fold_in("target_pool"), batch.rng.fold_in("source_pool"))
        pairs = zip(self.pools, new, rngs, strict=True)
        return [pool.exchange(images, rng) for pool, images, rng in pairs]

    def discriminator_loss(self, batch, fake: list[Tensor]) -> tuple[Tensor, dict]:
        """Equation 1 for D_Y and for D_X."""
        fake_y, fake_x = fake
        loss, logs = super().discriminator_loss(batch, fake_y)
        logits = self._d_x(batch.labels), self._d_x(fake_x)
        logs["d_source_loss"] = ops.mean(self.adversarial_loss.discriminator(*logits))
        return loss + logs["d_source_loss"], logs

    def generator_loss_terms(self, batch, fake, fake_outputs: list) -> dict:
        """Equation 1 for F, the cycle consistency loss and the identity loss."""
        x, y, fake_y = batch.labels, batch.real, fake
        fake_x = self._f(y)
        logits = ops.reshape(fake_outputs[1], (-1,)), self._d_x(fake_x)
        adversarial = ops.mean(self.adversarial_loss.generator(*logits))
        cycle = _l1(self._f(fake_y), x) + _l1(self._g(fake_x), y)  # equation 2
        identity = _l1(self._g(y), y) + _l1(self._f(x), x)  # section 5.2
        # the paper's weights are relative to (D - 1)^2; the LSGAN loss of a recipe is half of it
        weight = self.cycle_weight / 2
        return {
            "g_source_loss": adversarial,
            "cycle": weight * cycle,
            "identity": weight * self.identity_weight * identity,
        }

    def _g(self, x: Tensor) -> Tensor:
        pair = self.generator.get_layer("directions")
        return ops.cast(backend.training_outputs(pair.g, x), "float32")

    def _f(self, y: Tensor) -> Tensor:
        pair = self.generator.get_layer("directions")
        return ops.cast(backend.training_outputs(pair.f, y), "float32")

    def _d_x(self, x: Tensor) -> Tensor:
        d_x = self.discriminator.get_layer("source_critic")
        return ops.reshape(ops.cast(backend.training_outputs(d_x, x), "float32"), (-1,))

    def get_config(self) -> dict:
        names = ("cycle_weight", "identity_weight", "pool_size")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@standard_settings()
def cyclegan(
    image_shape: tuple[int, int, int],
    source_shape: tuple[int, int, int],
    *,
    generator_base_channels: int = 64,
    num_residual_blocks: int | None = None,
    discriminator_base_channels: int = 64,
    discriminator_max_channels: int = 512,
    num_downsamples: int | None = None,
    cycle_weight: float = 10.0,
    identity_weight: float = 0.5,
    pool_size: int = 50,
) -> CycleGAN:
    """Unpaired image-to-image translation in both directions.

    Args:
        image_shape: (height, width, channels) of the target; multiples of 4, from 8.
        source_shape: (height, width, channels) of the source; the same.
        generator_base_channels: Channels of a generator at the images' resolution; four times as
            many in its residual blocks.
        num_residual_blocks: Residual blocks of each generator; by default 6, and 9 from 256x256
            on.
        discriminator_base_channels: Channels of a discriminator's first layer; they double with
            each lower resolution.
        discriminator_max_channels: The most channels of a discriminator at any resolution.
        num_downsamples: Layers of a discriminator that halve the resolution. Three make patches
            of 70x70 pixels, the default from 32x32 on; smaller images have fewer.
        cycle_weight: Weight of the cycle consistency loss; the paper's lambda.
        identity_weight: Weight of the identity loss, as a share of `cycle_weight`.
        pool_size: Older fake images kept for each discriminator, at least 1.
    """
    check_multiples_of_4("cyclegan", image_shape)
    size = min(image_shape[:2])
    num_downsamples = patchgan_downsamples("cyclegan", size, num_downsamples)
    if num_residual_blocks is None:
        num_residual_blocks = 9 if size >= _LARGE else 6
    if tuple(source_shape) != tuple(image_shape):
        raise UsageError(
            "cyclegan needs source and target images of one shape. "
            f"Received: from {tuple(source_shape)} to {tuple(image_shape)}."
        )
    check_minimum(1, generator_base_channels=generator_base_channels, pool_size=pool_size)
    check_minimum(0, num_residual_blocks=num_residual_blocks)

    def generator() -> keras.Model:
        labels = keras.Input(source_shape, name="labels")
        g, f = (
            translation_network(image_shape, generator_base_channels, num_residual_blocks, name)
            for name in ("there", "back")
        )
        images = TranslationPair(g, f, name="directions")(labels)
        return keras.Model(labels, images, name="generator")

    def domain_discriminator(domain: str) -> keras.Model:  # D_Y or D_X
        images = keras.Input(image_shape, name=f"{domain}_images")
        logits = patchgan(
            images,
            prefix=f"{domain}_",
            base_channels=discriminator_base_channels,
            max_channels=discriminator_max_channels,
            num_downsamples=num_downsamples,
            affine=False,
        )
        return keras.Model(images, logits, name=f"{domain}_critic")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        labels = keras.Input(source_shape, name="labels")
        logits = [domain_discriminator("target")(images), domain_discriminator("source")(labels)]
        return keras.Model([images, labels], logits, name="discriminator")

    weights = {"cycle_weight": cycle_weight, "identity_weight": identity_weight}
    return CycleGAN(generator(), discriminator(), pool_size=pool_size, **weights)


def translation_network(
    image_shape: tuple[int, int, int], base_channels: int, num_residual_blocks: int, name: str
) -> keras.Model:
    """Downsampling, residual blocks, upsampling, appendix 7.2: images of one domain -> the other.

    Args:
        image_shape: (height, width, channels) of both domains.
        base_channels: Channels at the images' resolution.
        num_residual_blocks: Blocks at a quarter of it.
        name: Name of the model, and beginning of the layers' names.
    """
    conv = {"use_bias": False, "kernel_initializer": normal_initializer()}  # a norm undoes biases

    def norm_relu(x: Tensor, name: str) -> Tensor:
        x = InstanceNormalization(False, name=f"{name}_norm")(x)
        return layers.ReLU(name=f"{name}_relu")(x)

    x = images = keras.Input(image_shape, name=f"{name}_images")
    layer, c = f"{name}_enter", base_channels
    x = norm_relu(Conv2D(c, 7, name=layer, **conv)(_pad_by_reflection(x, 3)), layer)
    for i in range(_DOWNSAMPLES):  # (batch, h, w, c) -> (batch, h / 2, w / 2, 2 c)
        layer, c = f"{name}_down_{i}", 2 * c
        x = ops.pad(x, ((0, 0), (1, 0), (1, 0), (0, 0)))  # as published; "same" pads the other end
        x = norm_relu(Conv2D(c, 3, strides=2, name=layer, **conv)(x), layer)
    for i in range(num_residual_blocks):
        layer = f"{name}_block_{i}_first"
        y = norm_relu(Conv2D(c, 3, name=layer, **conv)(_pad_by_reflection(x, 1)), layer)
        layer = f"{name}_block_{i}_last"
        y = Conv2D(c, 3, name=layer, **conv)(_pad_by_reflection(y, 1))
        y = InstanceNormalization(False, name=f"{layer}_norm")(y)
        x = layers.Add(name=f"{name}_block_{i}_sum")([x, y])
    for i in range(_DOWNSAMPLES):  # (batch, h, w, c) -> (batch, 2 h, 2 w, c / 2)
        layer, c = f"{name}_up_{i}", c // 2
        x = Conv2DTranspose(c, 3, strides=2, name=layer, **conv)(x)[:, 1:, 1:]
        x = norm_relu(x, layer)
    output = {"kernel_initializer": normal_initializer(), "activation": "tanh", "dtype": "float32"}
    x = Conv2D(image_shape[-1], 7, name=f"{name}_image", **output)(_pad_by_reflection(x, 3))
    return keras.Model(images, x, name=name)


def _pad_by_reflection(x: Tensor, border: int) -> Tensor:
    """(batch, h, w, c) -> (batch, h + 2 border, w + 2 border, c)."""
    return ops.pad(x, ((0, 0), (border, border), (border, border), (0, 0)), mode="reflect")


def _l1(one: Tensor, other: Tensor) -> Tensor:
    return ops.mean(ops.abs(one - other))
