"""A GAN that learns to classify from few labels. Salimans et al. 2016,
https://arxiv.org/abs/1606.03498, section 5, with feature matching, section 3.1; the idea is
also Odena's, 2016, https://arxiv.org/abs/1606.01583. Networks: those for CIFAR-10, section 6.2.
"""

import keras
from keras import layers, ops

from ganzoo import GAN, random
from ganzoo.backend import Tensor, devices
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import batch_norm, check_minimum, dcgan_generator_body, downsampled_size
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D, Dropout


@keras.saving.register_keras_serializable("ganzoo")
class SGAN(GAN):
    """A GAN whose discriminator is a classifier; only some images' labels are known.

    Its K class logits l make the logit for "real": with Z = sum exp(l), D = Z / (Z + 1), so
    that the logit is log Z (section 5, last paragraph).

    Args:
        *networks: A generator of latents, and a discriminator that returns [log Z, l, features].
        labeled_fraction: Fraction of the images whose labels are used, in (0, 1].
        feature_matching: Whether the generator's loss is feature matching instead of the
            adversarial loss.
        **options: Further arguments of `GAN`.
    """

    label_shape = ()  # for the discriminator; the generator takes no labels

    def __init__(
        self, *networks, labeled_fraction: float = 0.1, feature_matching: bool = True, **options
    ):
        super().__init__(*networks, **options)
        self.labeled_fraction = labeled_fraction
        self.feature_matching = feature_matching

    def discriminator_loss_terms(self, batch, fake, real_outputs: list, fake_outputs: list) -> dict:
        """Cross-entropy of the labels that are known: L_supervised, section 5."""
        logits = real_outputs[1]
        losses = ops.sparse_categorical_crossentropy(batch.labels, logits, from_logits=True)
        known = ops.cast(self.is_labeled(batch.real), "float32")  # (batch,)
        number = ops.maximum(devices.total(ops.sum(known)), 1.0)
        return {"d_class_loss": devices.total(ops.sum(known * losses)) / number}

    def generator_loss(self, batch) -> tuple[Tensor, dict]:
        """Squared distance of the mean features: section 3.1."""
        if not self.feature_matching:
            return super().generator_loss(batch)
        fake = self.generate(batch.latents)
        fake_features, real_features = (  # (batch, c)
            self.discriminator_outputs(images, rng=batch.rng.fold_in(name))[2]
            for name, images in (("fake", fake), ("real", batch.real))
        )
        distance = ops.mean(real_features, axis=0) - ops.mean(fake_features, axis=0)
        distance = devices.mean(distance)
        return ops.sum(ops.square(distance)), {}

    def is_labeled(self, images: Tensor) -> Tensor:
        """Return True for images whose label is used: (batch, ...) -> (batch,), boolean.

        Always the same random images of a data set, in whatever order, batch or backend: the
        random number is a function of the pixels.
        """
        low, high = self.value_range
        pixels = ops.cast(ops.round((images - low) * (255.0 / (high - low))), "int32")
        pixels = ops.reshape(pixels, (ops.shape(pixels)[0], -1))
        odd = ops.arange(1, 2 * pixels.shape[1], 2, dtype="int32")
        number = ops.sum(pixels * odd, axis=1)
        return random.uniform(0, number, 0, (1,))[:, 0] < self.labeled_fraction

    def get_config(self) -> dict:
        names = ("labeled_fraction", "feature_matching")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@standard_settings()
def sgan(
    image_shape: tuple[int, int, int],
    classes: int,
    *,
    latent_size: int = 100,
    generator_base_channels: int = 128,
    discriminator_base_channels: int = 96,
    num_upsamples: int = 3,
    dropout: float = 0.5,
    labeled_fraction: float = 0.1,
    feature_matching: bool = True,
) -> SGAN:
    """A convolutional GAN whose discriminator learns to classify from few labels.

    The generator is unconditional. The classifier is the discriminator's second output,
    `gan.discriminator(images)[1]`: a logit for each class.

    Args:
        image_shape: (height, width, channels); filled from the data set.
        classes: Number of classes; filled from the data set.
        latent_size: Length of a latent, uniform in [0, 1).
        generator_base_channels: Channels of the generator's last hidden layer; they double with
            each lower resolution.
        discriminator_base_channels: Channels of the discriminator's first layers; they double
            once.
        num_upsamples: How often the generator doubles height and width, at least 1; the
            discriminator halves them once less, but at least once.
        dropout: Dropout rate of the discriminator after each downsampling; that of the images is
            two fifths of it.
        labeled_fraction: Fraction of the images whose labels are used, in (0, 1].
        feature_matching: Whether the generator's loss is feature matching instead of the
            adversarial loss.
    """
    h, w = downsampled_size("sgan", image_shape, num_upsamples)
    if not 0 < labeled_fraction <= 1:
        raise UsageError(f"labeled_fraction must be in (0, 1]. Received: {labeled_fraction}.")
    check_minimum(
        1,
        latent_size=latent_size,
        generator_base_channels=generator_base_channels,
        discriminator_base_channels=discriminator_base_channels,
    )

    def generator() -> keras.Model:
        c = generator_base_channels << (num_upsamples - 1)
        latents = keras.Input((latent_size,), name="latents")
        x = layers.Dense(h * w * c, use_bias=False, name="project")(latents)
        # latents in [0, 1) have a mean, so the units differ far more among themselves than each
        # does from latent to latent: batch norm before the reshape, one scale for every unit
        x = layers.ReLU(name="project_relu")(batch_norm("project_norm")(x))
        x = layers.Reshape((h, w, c), name="project_shape")(x)
        names = [*(f"up_{i}" for i in range(1, num_upsamples)), "up_image"]
        options = {"conv_options": _conv_options, "norm": batch_norm, "last_bias": True}
        x = dcgan_generator_body(x, names, image_shape[-1], **options)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        def conv(x: Tensor, name: str, channels: int, kernel_size: int, **options) -> Tensor:
            options |= {"kernel_initializer": "he_normal", "padding": "same"}
            x = Conv2D(channels, kernel_size, name=name, **options)(x)
            return layers.LeakyReLU(0.2, name=f"{name}_relu")(x)

        images = keras.Input(image_shape, name="images")
        x = Dropout(0.4 * dropout, name="dropout_image")(images)
        for i in range(max(num_upsamples - 1, 1)):
            c = discriminator_base_channels * min(i + 1, 2)
            for part in "ab":
                x = conv(x, f"look_{i}{part}", c, 3)
            x = conv(x, f"down_{i}", c, 3, strides=2)  # (batch, h, w, c) -> (batch, h/2, w/2, c)
            x = Dropout(dropout, name=f"dropout_{i}")(x)
        for name, kernel in (("last_a", 3), ("last_b", 1), ("last_c", 1)):
            x = conv(x, name, c, kernel)
        features = layers.GlobalAveragePooling2D(name="features", dtype="float32")(x)  # (batch, c)
        class_logits = layers.Dense(classes, name="class_logits", dtype="float32")(features)
        logit = ops.logsumexp(class_logits, axis=-1, keepdims=True)  # log Z
        return keras.Model(images, [logit, class_logits, features], name="discriminator")

    options = {"labeled_fraction": labeled_fraction, "feature_matching": feature_matching}
    return SGAN(generator(), discriminator(), prior=random.uniform, num_classes=classes, **options)


def _conv_options() -> dict:
    """Options of the generator's convolutions."""
    return {"kernel_size": 5, "strides": 2, "padding": "same"}
