"""CycleGAN, translation learned without pairs. Zhu et al. 2017, https://arxiv.org/abs/1703.10593.

Two games at once. One player holds both directions, the other both critics:

    generator        there: source -> target,    back: target -> source
    discriminator    a critic of the target,     a critic of the source

A label is a picture of the source, which has nothing to do with the image that it comes with.
Nothing is drawn at random: a latent is one number that has no effect.
"""

import keras
from ganzoo_classic.dcgan import normal
from ganzoo_classic.sizes import sides
from keras import layers, ops

from ganzoo import GAN
from ganzoo.errors import UsageError
from ganzoo.gan.sampling import Sampler
from ganzoo.layers import Conv2D, Conv2DTranspose

from .image_pool import ImagePool
from .instance_norm import InstanceNormalization
from .patchgan import fitting_halvings, patch_logits

_HALVINGS = 2  # of the generator's pictures, before the residual blocks
_LARGE = 256  # from this size on there are 9 residual blocks instead of 6: appendix 7.2


@keras.saving.register_keras_serializable("ganzoo")
class Directions(layers.Layer):
    """Both translations as one layer. Calling it goes there; `back` is the other way.

    Args:
        there: A model: pictures of the source -> of the target.
        back: The opposite one.
    """

    def __init__(self, there: keras.Model, back: keras.Model, **kwargs):
        super().__init__(**kwargs)
        self.there = there
        self.back = back
        self.built = True

    def call(self, pictures):
        """(batch, height, width, channels) of the source -> of the target."""
        return self.there(pictures)

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        both = {"there": serialize(self.there), "back": serialize(self.back)}
        return {**super().get_config(), **both}

    @classmethod
    def from_config(cls, config: dict) -> "Directions":
        restore = keras.saving.deserialize_keras_object
        return cls(**{**config, **{key: restore(config[key]) for key in ("there", "back")}})


@keras.saving.register_keras_serializable("ganzoo")
class CycleGAN(GAN):
    """Two games whose translations undo each other: section 3.

    The rules are those of the game on the target's pictures. That on the source's has the same
    loss, as a further term, and neither penalties nor augmentation.

    Args:
        generator: A model of [latents, pictures] with a layer `Directions` named "directions".
        discriminator: A model of [images, pictures] that says [logits of the images, logits of
            the pictures]; the latter by a model named "source_critic".
        cycle_weight: Of equation 2; the paper's lambda.
        identity_weight: Of the loss in section 5.2, as a share of `cycle_weight`.
        pool: How many older fakes of each domain are kept for the critics, at least 1.
        **options: As of `GAN`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        cycle_weight: float = 10.0,
        identity_weight: float = 0.5,
        pool: int = 50,
        **options,
    ):
        super().__init__(generator, discriminator, **options)
        self.cycle_weight = cycle_weight
        self.identity_weight = identity_weight
        self.pool = pool
        self.pools = [ImagePool(pool), ImagePool(pool)]
        for name, images in zip(("target", "source"), self.pools, strict=True):
            images.build(f"{name}_pool", self.sampler.image_shape, self.add_weight)

    @property
    def back(self) -> Sampler:
        """A sampler of the other direction: `gan.back.sample(n, labels=images)`."""
        latents, images = self.generator.inputs
        back = self.generator.get_layer("directions").back
        backward = keras.Model([latents, images], back(images), name="backward")
        return Sampler(backward, value_range=self.value_range, prior=self.prior, ema=self.ema)

    def fake_samples(self, batch) -> list:
        """Fakes of the target and of the source, some of them older ones: section 4."""
        new = [super().fake_samples(batch), ops.stop_gradient(self._back(batch.real))]
        rngs = (batch.rng.fold_in("target_pool"), batch.rng.fold_in("source_pool"))
        pairs = zip(self.pools, new, rngs, strict=True)
        return [pool.exchange(images, rng) for pool, images, rng in pairs]

    def discriminator_loss(self, batch, fake: list):
        """Equation 1 for either domain."""
        target, source = fake
        loss, logs = super().discriminator_loss(batch, target)
        logits = self._source_logits(batch.labels), self._source_logits(source)
        logs["d_source_loss"] = ops.mean(self.adversarial_loss.discriminator(*logits))
        return loss + logs["d_source_loss"], logs

    def generator_loss_terms(self, batch, fake, fake_outputs: list) -> dict:
        """Equations 1 for the source and 2, and the identity loss of section 5.2."""
        source, target = batch.labels, batch.real
        fake_source = self._back(target)
        logits = ops.reshape(fake_outputs[1], (-1,)), self._source_logits(fake_source)
        adversarial = ops.mean(self.adversarial_loss.generator(*logits))
        cycle = _l1(self._back(fake), source) + _l1(self._there(fake_source), target)
        identity = _l1(self._there(target), target) + _l1(self._back(source), source)
        # the paper's weights stand beside (D - 1)^2; LSGAN's loss, which is played, is half of it
        weight = self.cycle_weight / 2
        return {
            "g_source_loss": adversarial,
            "cycle": weight * cycle,
            "identity": weight * self.identity_weight * identity,
        }

    def _there(self, pictures):
        directions = self.generator.get_layer("directions")
        return ops.cast(directions.there(pictures, training=True), "float32")

    def _back(self, pictures):
        directions = self.generator.get_layer("directions")
        return ops.cast(directions.back(pictures, training=True), "float32")

    def _source_logits(self, pictures):
        critic = self.discriminator.get_layer("source_critic")
        return ops.reshape(ops.cast(critic(pictures, training=True), "float32"), (-1,))

    def get_config(self) -> dict:
        own = {key: getattr(self, key) for key in ("cycle_weight", "identity_weight", "pool")}
        return {**super().get_config(), **own}


def cyclegan(
    image_shape: tuple[int, int, int],
    source_shape: tuple[int, int, int],
    *,
    generator_width: int = 64,
    blocks: int | None = None,
    discriminator_width: int = 64,
    discriminator_most: int = 512,
    halvings: int | None = None,
    cycle_weight: float = 10.0,
    identity_weight: float = 0.5,
    pool: int = 50,
) -> CycleGAN:
    """Translates pictures of one kind into another and back, learned without pairs.

    Args:
        image_shape: (size, size, channels) to reach; the size is a power of two from 8.
        source_shape: (size, size, channels) to translate from; the same.
        generator_width: Channels next to the pictures; four times as many in the middle.
        blocks: Residual blocks of each direction; by default 6, and 9 from 256x256 on.
        discriminator_width: Channels of a critic's first layer; they double inwards.
        discriminator_most: The most that they become.
        halvings: Layers of a critic that halve the side. Three make patches of 70x70 pixels,
            the default from 32x32 on; smaller pictures have fewer.
        cycle_weight: Of the difference after going there and back; the paper's lambda.
        identity_weight: Of the change of what is of the right kind already, as a share of it.
        pool: How many older fakes of each kind are kept for the critics, at least 1.
    """
    size = sides("cyclegan", image_shape, 1)[-1]
    halvings = fitting_halvings("cyclegan", size, halvings)
    blocks = (9 if size >= _LARGE else 6) if blocks is None else blocks
    if tuple(source_shape) != tuple(image_shape):
        raise UsageError(
            "cyclegan needs pictures of one shape to translate from and to. "
            f"Received: from {tuple(source_shape)} to {tuple(image_shape)}."
        )
    if pool < 1:
        raise UsageError(f"pool must be at least 1. Received: {pool}.")

    def generator() -> keras.Model:
        latents = keras.Input((1,), name="latents")
        labels = keras.Input(source_shape, name="labels")
        both = [_translation(way, image_shape, generator_width, blocks) for way in _WAYS]
        images = Directions(*both, name="directions")(labels)
        return keras.Model([latents, labels], images, name="generator")

    def critic(kind: str) -> keras.Model:
        pictures = keras.Input(image_shape, name=f"{kind}_pictures")
        widths = {"width": discriminator_width, "most": discriminator_most}
        shape = {**widths, "halvings": halvings, "affine": False}
        logits = patch_logits(pictures, prefix=f"{kind}_", **shape)
        return keras.Model(pictures, logits, name=f"{kind}_critic")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        labels = keras.Input(source_shape, name="labels")
        said = [critic("target")(images), critic("source")(labels)]
        return keras.Model([images, labels], said, name="discriminator")

    weights = {"cycle_weight": cycle_weight, "identity_weight": identity_weight}
    return CycleGAN(generator(), discriminator(), pool=pool, **weights)


_WAYS = ("there", "back")


def _translation(way: str, shape: tuple[int, int, int], width: int, blocks: int) -> keras.Model:
    """One direction, appendix 7.2: smaller, residual blocks, larger again."""
    conv = {"use_bias": False, "kernel_initializer": normal()}  # a norm takes biases away

    def normed(x, name: str):
        return layers.ReLU(name=f"{name}_relu")(
            InstanceNormalization(False, name=f"{name}_norm")(x)
        )

    x = pictures = keras.Input(shape, name=f"{way}_pictures")
    name, c = f"{way}_enter", width
    x = normed(Conv2D(c, 7, name=name, **conv)(_reflected(x, 3)), name)
    for i in range(_HALVINGS):  # (batch, h, w, c) -> (batch, h / 2, w / 2, 2 c)
        name, c = f"{way}_down_{i}", 2 * c
        x = normed(Conv2D(c, 3, strides=2, padding="same", name=name, **conv)(x), name)
    for i in range(blocks):
        name = f"{way}_block_{i}"
        y = normed(Conv2D(c, 3, name=f"{name}_first", **conv)(_reflected(x, 1)), f"{name}_first")
        y = Conv2D(c, 3, name=f"{name}_last", **conv)(_reflected(y, 1))
        y = InstanceNormalization(False, name=f"{name}_last_norm")(y)
        x = layers.Add(name=f"{name}_sum")([x, y])
    for i in range(_HALVINGS):  # (batch, h, w, c) -> (batch, 2 h, 2 w, c / 2)
        name, c = f"{way}_up_{i}", c // 2
        x = normed(Conv2DTranspose(c, 3, strides=2, padding="same", name=name, **conv)(x), name)
    exact = {"kernel_initializer": normal(), "dtype": "float32"}
    x = Conv2D(shape[-1], 7, activation="tanh", name=f"{way}_image", **exact)(_reflected(x, 3))
    return keras.Model(pictures, x, name=way)


def _reflected(x, border: int):
    """(batch, h, w, c) -> (batch, h + 2 border, w + 2 border, c), mirrored at the edges."""
    return ops.pad(x, ((0, 0), (border, border), (border, border), (0, 0)), mode="reflect")


def _l1(one, other):
    return ops.mean(ops.abs(one - other))
