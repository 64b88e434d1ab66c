"""ACGAN, whose discriminator also classifies. Odena et al. 2017,
https://arxiv.org/abs/1610.09585, section 3 and, for CIFAR-10, appendix A, table 2.
"""

import keras
from keras import layers, ops

from ganzoo import GAN
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import (
    batch_norm,
    check_minimum,
    dcgan_generator_body,
    downsampled_size,
    normal_initializer,
)
from ganzoo.layers import Conv2D, Dropout, OneHot


@keras.saving.register_keras_serializable("ganzoo")
class ACGAN(GAN):
    """A GAN whose losses include the classification of real and fake images: section 3.

    Args:
        *networks: A generator of [latents, labels], and a discriminator of images that returns
            [logits, class logits].
        discriminator_class_weight: Weight of L_C, equation 3, in the discriminator's loss.
        generator_class_weight: Weight of L_C in the generator's loss.
        **options: Further arguments of `GAN`.
    """

    def __init__(
        self,
        *networks,
        discriminator_class_weight: float = 1.0,
        generator_class_weight: float = 1.0,
        **options,
    ):
        super().__init__(*networks, **options)
        self.discriminator_class_weight = discriminator_class_weight
        self.generator_class_weight = generator_class_weight

    def discriminator_loss_terms(self, batch, fake, real_outputs: list, fake_outputs: list) -> dict:
        """L_C, equation 3: the expectations over real and over fake images."""
        both = (real_outputs, fake_outputs)
        loss = sum(_class_loss(batch.labels, outputs[1]) for outputs in both)
        return {"d_class_loss": self.discriminator_class_weight * loss}

    def generator_loss_terms(self, batch, fake, fake_outputs: list) -> dict:
        """L_C of fake images: the generator maximizes the log-likelihood as well."""
        loss = _class_loss(batch.labels, fake_outputs[1])
        return {"g_class_loss": self.generator_class_weight * loss}

    def get_config(self) -> dict:
        names = ("discriminator_class_weight", "generator_class_weight")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@standard_settings()
def acgan(
    image_shape: tuple[int, int, int],
    classes: int,
    *,
    latent_size: int = 100,
    generator_base_channels: int = 96,
    discriminator_base_channels: int = 16,
    num_upsamples: int = 3,
    dropout: float = 0.5,
    discriminator_class_weight: float = 1.0,
    generator_class_weight: float = 1.0,
) -> ACGAN:
    """A class-conditional convolutional GAN whose discriminator classifies, too.

    The discriminator's inputs are images alone; besides the logit it returns a logit for each
    class.

    Args:
        image_shape: (height, width, channels); filled from the data set.
        classes: Number of classes; filled from the data set.
        latent_size: Length of a latent; the class is appended to it as a one-hot vector.
        generator_base_channels: Channels of the generator's last hidden layer; they double with
            each lower resolution.
        discriminator_base_channels: Channels of the discriminator's first layer; they double
            with every layer, of which there are two for each downsampling.
        num_upsamples: How often the generator doubles height and width, at least 1.
        dropout: Dropout rate of the discriminator's hidden layers.
        discriminator_class_weight: Weight of the class loss in the discriminator's loss.
        generator_class_weight: Weight of the class loss in the generator's loss.
    """
    h, w = downsampled_size("acgan", image_shape, num_upsamples)
    check_minimum(
        1,
        latent_size=latent_size,
        generator_base_channels=generator_base_channels,
        discriminator_base_channels=discriminator_base_channels,
    )

    def generator() -> keras.Model:
        c = generator_base_channels << (num_upsamples - 1)
        latents = keras.Input((latent_size,), name="latents")
        labels = keras.Input((), dtype="int32", name="labels")
        x = layers.Concatenate(name="both")([latents, OneHot(classes, name="classes")(labels)])
        dense = {"kernel_initializer": normal_initializer(), "name": "project"}
        x = layers.Dense(h * w * c, "relu", **dense)(x)
        x = layers.Reshape((h, w, c), name="project_shape")(x)  # no batch norm: table 2
        names = [*(f"up_{i}" for i in range(1, num_upsamples)), "up_image"]
        options = {"conv_options": _conv_options, "norm": batch_norm, "last_bias": True}
        x = dcgan_generator_body(x, names, image_shape[-1], **options)
        return keras.Model([latents, labels], x, name="generator")

    def discriminator() -> keras.Model:
        x = images = keras.Input(image_shape, name="images")
        for i in range(2 * num_upsamples):  # the even: (batch, h, w, c) -> (batch, h/2, w/2, 2c)
            name, first = f"look_{i}", i == 0
            conv = {"strides": 1 if i % 2 else 2, "use_bias": first, "padding": "same"}
            c = discriminator_base_channels << i
            x = Conv2D(c, 3, kernel_initializer=normal_initializer(), name=name, **conv)(x)
            x = x if first else batch_norm(f"{name}_norm")(x)
            x = layers.LeakyReLU(0.2, name=f"{name}_relu")(x)
            x = Dropout(dropout, name=f"{name}_dropout")(x)
        x = layers.Flatten(name="flatten")(x)
        head = {"kernel_initializer": normal_initializer(), "dtype": "float32"}
        logit = layers.Dense(1, name="logit", **head)(x)
        class_logits = layers.Dense(classes, name="class_logits", **head)(x)
        return keras.Model(images, [logit, class_logits], name="discriminator")

    return ACGAN(
        generator(),
        discriminator(),
        discriminator_class_weight=discriminator_class_weight,
        generator_class_weight=generator_class_weight,
        num_classes=classes,
    )


def _conv_options() -> dict:
    """Options of the generator's convolutions: table 2."""
    geometry = {"kernel_size": 5, "strides": 2, "padding": "same"}
    return {**geometry, "kernel_initializer": normal_initializer()}


def _class_loss(labels: Tensor, class_logits: Tensor) -> Tensor:
    """Mean cross-entropy: labels (batch,), logits (batch, classes) -> scalar."""
    return ops.mean(ops.sparse_categorical_crossentropy(labels, class_logits, from_logits=True))
