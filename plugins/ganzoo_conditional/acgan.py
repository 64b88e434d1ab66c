"""ACGAN, whose discriminator also names the class. Odena et al. 2017,
https://arxiv.org/abs/1610.09585, section 3 and, for CIFAR-10, appendix A, table 2.
"""

import keras
from ganzoo_classic.dcgan import batch_norm, normal, raised
from ganzoo_classic.sizes import halved
from keras import layers, ops

from ganzoo import GAN
from ganzoo.layers import Conv2D


@keras.saving.register_keras_serializable("ganzoo")
class ACGAN(GAN):
    """A GAN in which both players want the class of every image to be told: section 3.

    Args:
        *networks: A generator of [latents, labels], and a discriminator of images that says
            [logits, class logits].
        discriminator_weight: Of L_C, equation 3, in what the discriminator minimizes.
        generator_weight: Of L_C in what the generator minimizes.
        **options: As of `GAN`.
    """

    def __init__(
        self,
        *networks,
        discriminator_weight: float = 1.0,
        generator_weight: float = 1.0,
        **options,
    ):
        super().__init__(*networks, **options)
        self.discriminator_weight = discriminator_weight
        self.generator_weight = generator_weight

    def discriminator_loss_terms(self, batch, fake, real_outputs: list, fake_outputs: list) -> dict:
        """Equation 3 has both expectations: fakes teach the classes, too."""
        loss = _class_loss(batch.labels, real_outputs[1]) + _class_loss(
            batch.labels, fake_outputs[1]
        )
        return {"d_class_loss": self.discriminator_weight * loss}

    def generator_loss_terms(self, batch, fake, fake_outputs: list) -> dict:
        """The generator maximizes L_C as well, not its opposite."""
        return {"g_class_loss": self.generator_weight * _class_loss(batch.labels, fake_outputs[1])}

    def get_config(self) -> dict:
        weights = {name: getattr(self, name) for name in _WEIGHTS}
        return {**super().get_config(), **weights}


_WEIGHTS = ("discriminator_weight", "generator_weight")


def acgan(
    image_shape: tuple[int, int, int],
    classes: int,
    *,
    latent_size: int = 100,
    generator_width: int = 96,
    discriminator_width: int = 16,
    doublings: int = 3,
    dropout: float = 0.5,
    discriminator_weight: float = 1.0,
    generator_weight: float = 1.0,
) -> ACGAN:
    """A convolutional GAN that draws the class it is asked for and recognizes classes.

    The discriminator is not told the class: besides its logit it says a logit for each class.

    Args:
        image_shape: (height, width, channels); filled from the data set.
        classes: Number of classes; filled from the data set.
        latent_size: Length of a latent; the class follows it as one of `classes` numbers.
        generator_width: Channels of the generator's last hidden layer; they double toward
            the smallest images.
        discriminator_width: Channels of the discriminator's first layer; they double with
            every layer, of which each halving has two.
        doublings: How often the generator doubles height and width, at least 1.
        dropout: Share of the discriminator's hidden numbers that a step leaves out.
        discriminator_weight: Of the classes in what the discriminator minimizes.
        generator_weight: Of the classes in what the generator minimizes.
    """
    smallest = halved("acgan", image_shape, doublings)

    def generator() -> keras.Model:
        (h, w), c = smallest, generator_width << (doublings - 1)
        latents = keras.Input((latent_size,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")
        x = layers.Concatenate(name="both")([latents, ops.one_hot(labels, classes)])
        x = layers.Dense(h * w * c, "relu", kernel_initializer=normal(), name="project")(x)
        x = layers.Reshape((h, w, c), name="project_shape")(x)  # no batch norm: table 2
        names = [*(f"up_{i}" for i in range(1, doublings)), "up_image"]
        x = raised(x, names, image_shape[-1], conv=_up, norm=batch_norm, last_bias=True)
        return keras.Model([latents, labels], x, name="generator")

    def discriminator() -> keras.Model:
        x = images = keras.Input(image_shape, name="images")
        for i in range(2 * doublings):  # every other one: (batch, h, w, c) -> (batch, h/2, w/2, 2c)
            name, first = f"look_{i}", i == 0
            conv = {"strides": 1 if i % 2 else 2, "use_bias": first, "padding": "same"}
            c = discriminator_width << i
            x = Conv2D(c, 3, kernel_initializer=normal(), name=name, **conv)(x)
            x = x if first else batch_norm(f"{name}_norm")(x)
            x = layers.LeakyReLU(0.2, name=f"{name}_relu")(x)
            x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
        x = layers.Flatten(name="flatten")(x)
        head = {"kernel_initializer": normal(), "dtype": "float32"}
        logit = layers.Dense(1, name="logit", **head)(x)
        class_logits = layers.Dense(classes, name="class_logits", **head)(x)
        return keras.Model(images, [logit, class_logits], name="discriminator")

    weights = {"discriminator_weight": discriminator_weight, "generator_weight": generator_weight}
    return ACGAN(generator(), discriminator(), **weights)


def _up() -> dict:
    """What the generator's convolutions share: table 2."""
    shape = {"kernel_size": 5, "strides": 2, "padding": "same"}
    return {**shape, "kernel_initializer": normal()}


def _class_loss(labels, class_logits):
    """Mean cross-entropy: labels (batch,), logits (batch, classes) -> scalar."""
    return ops.mean(ops.sparse_categorical_crossentropy(labels, class_logits, from_logits=True))
