"""InfoGAN, whose latents hold codes that are predicted from the images. Chen et al. 2016,
https://arxiv.org/abs/1606.03657, section 5 and, for MNIST, appendix C.1, table 1.
"""

import keras
from keras import layers, ops

from ganzoo import GAN, random
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import batch_norm, check_minimum, dcgan_generator_body, downsampled_size
from ganzoo.errors import UsageError
from ganzoo.layers import Conv2D


@keras.saving.register_keras_serializable("ganzoo")
class Codes:
    """The prior: a latent is [a category as a one-hot vector, continuous codes, noise].

    Categories are equally likely, all other numbers are uniform in [-1, 1): appendix C.1.

    Args:
        num_categories: Number of categories.
    """

    __name__ = "codes"  # messages call a prior by its name, as a function

    def __init__(self, num_categories: int):
        self.num_categories = num_categories

    def __call__(self, seed, step, stream, shape) -> Tensor:
        """Latents, float32. Arguments as in `ganzoo.random.uniform`."""
        count = self.num_categories
        numbers = random.uniform(seed, step, stream, (*shape[:-1], 1 + shape[-1] - count))
        category = ops.cast(ops.floor(numbers[..., 0] * count), "int32")
        category = ops.minimum(category, count - 1)  # the product may be rounded up
        one_hot = ops.one_hot(category, count, dtype="float32")
        return ops.concatenate([one_hot, 2.0 * numbers[..., 1:] - 1.0], axis=-1)

    def get_config(self) -> dict:
        return {"num_categories": self.num_categories}

    @classmethod
    def from_config(cls, config: dict) -> "Codes":
        return cls(**config)


@keras.saving.register_keras_serializable("ganzoo")
class InfoGAN(GAN):
    """A GAN that maximizes a lower bound of I(codes; image): equations 5 and 6.

    Args:
        *networks: A generator of latents from `Codes`, and a discriminator that returns
            [logits, category logits, means of the continuous codes].
        information_weight: Weight of the code loss in both losses; lambda of equation 6.
        **options: Further arguments of `GAN`.
    """

    def __init__(self, *networks, information_weight: float = 1.0, **options):
        super().__init__(*networks, **options)
        self.information_weight = information_weight

    def discriminator_loss_terms(self, batch, fake, real_outputs: list, fake_outputs: list) -> dict:
        """The code loss of fake images, whose codes are known."""
        return {"d_code_loss": self.information_weight * _code_loss(batch.latents, fake_outputs)}

    def generator_loss_terms(self, batch, fake, fake_outputs: list) -> dict:
        """The same code loss: generator and Q minimize it together."""
        return {"g_code_loss": self.information_weight * _code_loss(batch.latents, fake_outputs)}

    def get_config(self) -> dict:
        return {**super().get_config(), "information_weight": self.information_weight}


def _code_loss(latents: Tensor, fake_outputs: list) -> Tensor:
    """-log Q(codes | image) without its constants, the mean over the batch: a scalar."""
    _, category_logits, means = fake_outputs
    categories, continuous = category_logits.shape[-1], means.shape[-1]
    one_hot, codes = ops.split(latents[:, : categories + continuous], [categories], axis=1)
    loss = ops.categorical_crossentropy(one_hot, category_logits, from_logits=True)
    # a Gaussian of variance 1, which the authors fix for MNIST
    return ops.mean(loss + 0.5 * ops.sum(ops.square(codes - means), axis=1))


@standard_settings()
def infogan(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 74,  # 10 + 2 + 62
    num_categories: int = 10,
    num_continuous_codes: int = 2,
    generator_base_channels: int = 64,
    discriminator_base_channels: int = 64,
    hidden_units: int = 1024,
    code_units: int = 128,
    num_upsamples: int = 2,
    information_weight: float = 1.0,
) -> InfoGAN:
    """A convolutional GAN that learns codes for what varies in the images, without labels.

    A latent starts with the codes: a one-hot vector of `num_categories` numbers, then
    `num_continuous_codes` numbers in [-1, 1].

    Args:
        image_shape: (height, width, channels).
        latent_size: Length of a latent; what the codes leave over is noise.
        num_categories: Number of categories of the categorical code, at least 2.
        num_continuous_codes: Number of continuous codes, at least 1.
        generator_base_channels: Channels of the generator's last hidden layer; they double with
            each lower resolution.
        discriminator_base_channels: Channels of the discriminator's first layer; they double
            with each lower resolution.
        hidden_units: Units of both networks' dense layers.
        code_units: Units of the layer from which Q predicts the codes.
        num_upsamples: How often the generator doubles height and width, at least 1.
        information_weight: Weight of the code loss in both networks' losses; lambda in the paper.
    """
    h, w = downsampled_size("infogan", image_shape, num_upsamples)
    check_minimum(2, num_categories=num_categories)
    check_minimum(
        1, num_continuous_codes=num_continuous_codes, hidden_units=hidden_units,
        code_units=code_units, generator_base_channels=generator_base_channels,
        discriminator_base_channels=discriminator_base_channels,
    )  # fmt: skip
    if latent_size < num_categories + num_continuous_codes:
        raise UsageError(
            f"latent_size must be at least {num_categories + num_continuous_codes}, the length of "
            f"the codes. Received: latent_size={latent_size}."
        )
    conv = {"kernel_size": 4, "strides": 2, "padding": "same"}

    def generator() -> keras.Model:
        c = generator_base_channels << (num_upsamples - 1)
        latents = keras.Input((latent_size,), name="latents")
        x = _dense_norm_relu(latents, hidden_units, "hidden", 0.0)
        x = _dense_norm_relu(x, h * w * c, "project", 0.0)
        x = layers.Reshape((h, w, c), name="project_shape")(x)
        names = [*(f"up_{i}" for i in range(1, num_upsamples)), "up_image"]
        options = {"conv_options": lambda: conv, "norm": batch_norm, "last_bias": True}
        x = dcgan_generator_body(x, names, image_shape[-1], output_activation="sigmoid", **options)
        return keras.Model(latents, x, name="generator")

    def discriminator() -> keras.Model:
        c = discriminator_base_channels
        images = keras.Input(image_shape, name="images")
        x = Conv2D(c, name="down_image", **conv)(images)
        x = layers.LeakyReLU(_SLOPE, name="down_image_relu")(x)
        for i in reversed(range(1, num_upsamples)):  # (batch, h, w, c) -> (batch, h/2, w/2, 2 c)
            c *= 2
            x = Conv2D(c, use_bias=False, name=f"down_{i}", **conv)(x)
            x = _norm_relu(x, f"down_{i}", _SLOPE)
        x = layers.Flatten(name="flatten")(x)
        x = _dense_norm_relu(x, hidden_units, "hidden", _SLOPE)
        logit = layers.Dense(1, name="logit", dtype="float32")(x)
        q = _dense_norm_relu(x, code_units, "code", _SLOPE)  # Q shares all layers before
        category_logits = layers.Dense(num_categories, name="category_logits", dtype="float32")(q)
        means = layers.Dense(num_continuous_codes, name="means", dtype="float32")(q)
        return keras.Model(images, [logit, category_logits, means], name="discriminator")

    options = {"value_range": (0.0, 1.0), "prior": Codes(num_categories)}
    weight = {"information_weight": information_weight}
    return InfoGAN(generator(), discriminator(), **options, **weight)


_SLOPE = 0.1  # negative slope of the discriminator's leaky ReLU: appendix C


def _dense_norm_relu(x: Tensor, units: int, name: str, slope: float) -> Tensor:
    return _norm_relu(layers.Dense(units, use_bias=False, name=name)(x), name, slope)


def _norm_relu(x: Tensor, name: str, slope: float) -> Tensor:
    x = batch_norm(f"{name}_norm")(x)
    return layers.LeakyReLU(slope, name=f"{name}_relu")(x)
