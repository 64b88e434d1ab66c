"""InfoGAN, whose latents hold codes that must be legible in the images. Chen et al. 2016,
https://arxiv.org/abs/1606.03657, section 5 and, for MNIST, appendix C.1, table 1.
"""

import keras
from ganzoo_classic.dcgan import batch_norm, raised
from ganzoo_classic.sizes import halved
from keras import layers, ops

from ganzoo import GAN, random
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D


@keras.saving.register_keras_serializable("ganzoo")
class Codes:
    """The prior: a latent is [a category as a one-hot vector, continuous codes, noise].

    Categories are equally likely, all else is uniform in [-1, 1): appendix C.1.

    Args:
        categories: How many categories.
    """

    __name__ = "codes"  # messages call a prior by its name, as a function

    def __init__(self, categories: int):
        self.categories = categories

    def __call__(self, seed, step, stream, shape):
        """Latents, float32. Arguments as of `ganzoo.random.uniform`."""
        others = shape[-1] - self.categories
        draws = random.uniform(seed, step, stream, (*shape[:-1], 1 + others))
        category = ops.cast(ops.floor(draws[..., 0] * self.categories), "int32")
        category = ops.minimum(category, self.categories - 1)  # the product may be rounded up
        one_hot = ops.one_hot(category, self.categories, dtype="float32")
        return ops.concatenate([one_hot, 2.0 * draws[..., 1:] - 1.0], axis=-1)

    def get_config(self) -> dict:
        return {"categories": self.categories}

    @classmethod
    def from_config(cls, config: dict) -> "Codes":
        return cls(**config)


@keras.saving.register_keras_serializable("ganzoo")
class InfoGAN(GAN):
    """A GAN whose players both maximize a lower bound of I(codes; image): equations 5 and 6.

    Args:
        *networks: A generator of latents as `Codes` draws them, and a discriminator that says
            [logits, category logits, means of the continuous codes].
        information_weight: lambda of equation 6.
        **options: As of `GAN`.
    """

    def __init__(self, *networks, information_weight: float = 1.0, **options):
        super().__init__(*networks, **options)
        self.information_weight = information_weight

    def discriminator_loss_terms(self, batch, fake, real_outputs: list, fake_outputs: list) -> dict:
        """What the fakes' codes are is known; of real images nobody knows."""
        return {"d_code_loss": self.information_weight * _code_loss(batch.latents, fake_outputs)}

    def generator_loss_terms(self, batch, fake, fake_outputs: list) -> dict:
        """The same bound: generator and Q pull together."""
        return {"g_code_loss": self.information_weight * _code_loss(batch.latents, fake_outputs)}

    def get_config(self) -> dict:
        return {**super().get_config(), "information_weight": self.information_weight}


def _code_loss(latents, fake_outputs: list):
    """-log Q(codes | image) without its constants, the mean over the batch: a scalar."""
    _, category_logits, means = fake_outputs
    categories, continuous = category_logits.shape[-1], means.shape[-1]
    one_hot, codes = ops.split(latents[:, : categories + continuous], [categories], axis=1)
    loss = ops.categorical_crossentropy(one_hot, category_logits, from_logits=True)
    # a Gaussian of variance 1, which the authors fix for MNIST
    return ops.mean(loss + 0.5 * ops.sum(ops.square(codes - means), axis=1))


def infogan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 74,  # 10 + 2 + 62
    categories: int = 10,
    continuous: int = 2,
    generator_width: int = 64,
    discriminator_width: int = 64,
    hidden_units: int = 1024,
    code_units: int = 128,
    doublings: int = 2,
    information_weight: float = 1.0,
) -> InfoGAN:
    """A convolutional GAN that finds, without labels, codes for what varies in the images.

    A latent starts with the codes: `categories` numbers, one of them 1 and the others 0, then
    `continuous` numbers in [-1, 1].

    Args:
        image_shape: (height, width, channels).
        latent_size: Length of a latent; what the codes leave over is noise.
        categories: Values of the categorical code, at least 2.
        continuous: Number of continuous codes, at least 1.
        generator_width: Channels of the generator's last hidden layer; they double toward
            the smallest images.
        discriminator_width: Channels of the discriminator's first layer; they double too.
        hidden_units: Width of both networks' dense layers.
        code_units: Width of the layer from which Q reads the codes.
        doublings: How often the generator doubles height and width, at least 1.
        information_weight: Of the codes in what the players minimize; lambda in the paper.
    """
    smallest = halved("infogan", image_shape, doublings)
    if categories < 2 or continuous < 1 or latent_size < categories + continuous:
        raise UsageError(
            "infogan needs categories from 2, continuous codes from 1 and latents that hold both. "
            f"Received: {categories}, {continuous}, latent_size={latent_size}."
        )
    conv = {"kernel_size": 4, "strides": 2, "padding": "same"}

    def generator() -> keras.Model:
        (h, w), c = smallest, generator_width << (doublings - 1)
        latents = keras.Input((latent_size,), name="latents")
        x = _dense(latents, hidden_units, "hidden", 0.0)
        x = _dense(x, h * w * c, "project", 0.0)
        x = layers.Reshape((h, w, c), name="project_shape")(x)
        names = [*(f"up_{i}" for i in range(1, doublings)), "up_image"]
        options = {"conv": lambda: conv, "norm": batch_norm, "last_bias": True}
        x = raised(x, names, image_shape[-1], output="sigmoid", **options)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        c = discriminator_width
        images = keras.Input(image_shape, name="images")
        x = Conv2D(c, name="down_image", **conv)(images)
        x = layers.LeakyReLU(_SLOPE, name="down_image_relu")(x)
        for i in reversed(range(1, doublings)):  # (batch, h, w, c) -> (batch, h / 2, w / 2, 2 c)
            c *= 2
            x = Conv2D(c, use_bias=False, name=f"down_{i}", **conv)(x)
            x = _activated(x, f"down_{i}", _SLOPE)
        x = _dense(layers.Flatten(name="flatten")(x), hidden_units, "hidden", _SLOPE)
        logit = layers.Dense(1, name="logit", dtype="float32")(x)
        q = _dense(x, code_units, "code", _SLOPE)  # Q shares all below this layer
        category_logits = layers.Dense(categories, name="category_logits", dtype="float32")(q)
        means = layers.Dense(continuous, name="means", dtype="float32")(q)
        return keras.Model(images, [logit, category_logits, means], name="discriminator")

    options = {"value_range": (0.0, 1.0), "prior": Codes(categories)}
    weight = {"information_weight": information_weight}
    return InfoGAN(generator(), discriminator(), **options, **weight)


_SLOPE = 0.1  # of the discriminator's leaky rectifiers: appendix C


def _dense(x, units: int, name: str, slope: float):
    return _activated(layers.Dense(units, use_bias=False, name=name)(x), name, slope)


def _activated(x, name: str, slope: float):
    x = batch_norm(f"{name}_norm")(x)
    return layers.LeakyReLU(slope, name=f"{name}_relu")(x)
