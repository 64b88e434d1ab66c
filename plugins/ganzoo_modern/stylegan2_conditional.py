"""Class-conditional StyleGAN2. Karras et al. 2020 (StyleGAN2-ADA),
https://arxiv.org/abs/2006.06676, appendix D, as for CIFAR-10. What does not concern the class is in
`stylegan2_networks.py`.
"""

import math
from typing import Literal

import keras
from keras import layers

from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import check_minimum, label_rows
from ganzoo.layers import EqualizedDense, PixelNorm

from .stylegan2_networks import (
    channels_of,
    discriminator_body,
    generator_network,
    mapping_body,
    synthesis_network,
)
from .stylegan2_training import StyleGAN2


@standard_settings()
def stylegan2_conditional(
    image_shape: tuple[int, int, int],
    classes: int,
    *,
    latent_size: int = 512,
    style_size: int = 512,
    mapping_layers: int = 8,
    class_mapping_layers: int = 8,
    class_mapping_size: int | None = None,
    fmap_base: int = 32768,
    max_channels: int = 512,
    noise: Literal["latent", "constant", "none"] = "latent",
    residual: bool = True,
    mbstd_group_size: int = 4,
    style_mixing_prob: float | dict = 0.9,
    crossover: Literal["batch", "image"] = "batch",
    second_style: Literal["fresh", "neighbor"] = "fresh",
    path_length_weight: float = 2.0,
    path_length_interval: int = 4,
    path_length_batch_shrink: int = 2,
    labels: Literal["classes", "rows"] = "classes",
) -> StyleGAN2:
    """Latents and classes are mapped to styles; the discriminator compares image and class.

    The generator's mapping network takes the latent beside an embedding of the class. A mapping
    network of the discriminator turns another embedding into a vector, whose inner product with
    the image's features is the logit: a projection discriminator (Miyato and Koyama 2018,
    https://arxiv.org/abs/1802.05637) without the logit of the image alone.

    Args:
        image_shape: (height, width, channels); see `ganzoo.blocks.resolutions`.
        classes: Number of classes, or of numbers in a row; filled from the data set.
        latent_size: Length of a latent.
        style_size: Length of a style, and of a class embedding in the generator.
        mapping_layers: Dense layers from latent and embedding to style.
        class_mapping_layers: Dense layers of the discriminator's mapping network.
        class_mapping_size: Length of a class embedding in the discriminator, and of what it is
            mapped to; by default the channels at 4x4.
        fmap_base: Channels times resolution.
        max_channels: The most channels at any resolution.
        noise: Inputs of the noise layers: "latent", a function of the latent, so that a latent is
            one image; "constant", as in the authors' code the same maps for all images but in
            training; or "none". The paper has new noise for each image.
        residual: Whether the discriminator's blocks have shortcuts.
        mbstd_group_size: Images per group of the minibatch standard deviation.
        style_mixing_prob: Probability of two styles in training, in [0, 1]; or a schedule.
        crossover: What draws whether and where a second style begins: the batch, as in the
            authors' code, or each image.
        second_style: The second style, of the same class: "fresh", of a latent of its own, or
            "neighbor", of the next latent in the batch.
        path_length_weight: Weight of the path length regularization; 0 for none.
        path_length_interval: Steps from one path length regularization to the next.
        path_length_batch_shrink: Path lengths are of a batch that is so many times smaller.
        labels: What a label is: "classes", one of them, as a one-hot vector; or "rows" of
            attributes or numbers, which are embedded in its place, as in the authors' code. Of
            an embedding the direction counts, so that several numbers tell more than one.
    """
    channels = channels_of(image_shape, fmap_base, max_channels)
    units = channels[4] if class_mapping_size is None else class_mapping_size
    check_minimum(
        1, latent_size=latent_size, style_size=style_size, mapping_layers=mapping_layers,
        class_mapping_layers=class_mapping_layers, class_mapping_size=units,
        max_channels=max_channels, mbstd_group_size=mbstd_group_size,
    )  # fmt: skip

    def mapping() -> keras.Model:
        latents = keras.Input((latent_size,), name="latents")
        given, rows = label_rows(classes, labels)
        x = PixelNorm(name="latents_norm")(latents)
        x = layers.Concatenate(name="both")([x, embedded(rows, style_size)])
        x = mapping_body(x, style_size, mapping_layers)
        return keras.Model([latents, given], x, name="mapping")

    def discriminator() -> keras.Model:
        images = keras.Input(image_shape, name="images")
        given, rows = label_rows(classes, labels)
        head = {"units": units, "last": "features"}
        features = discriminator_body(images, channels, residual, mbstd_group_size, **head)
        mapped = mapping_body(embedded(rows, units), units, class_mapping_layers)
        x = layers.Dot(-1, name="product", dtype="float32")([features, mapped])
        x = layers.Rescaling(1 / math.sqrt(units), name="logit", dtype="float32")(x)
        return keras.Model([images, given], x, name="discriminator")

    synthesis = synthesis_network(image_shape, channels, latent_size, style_size, noise)
    return StyleGAN2(
        generator_network(mapping(), synthesis),
        discriminator(),
        style_mixing_prob=style_mixing_prob,
        crossover=crossover,
        second_style=second_style,
        path_length_weight=path_length_weight,
        path_length_interval=path_length_interval,
        path_length_batch_shrink=path_length_batch_shrink,
        num_classes=classes,
    )


def embedded(rows: Tensor, units: int) -> Tensor:
    """Learned vectors of mean square 1: (batch, classes) -> (batch, units)."""
    return PixelNorm(name="embed_norm")(EqualizedDense(units, name="embed")(rows))
