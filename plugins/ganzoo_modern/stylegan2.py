"""StyleGAN2. Karras et al. 2020, https://arxiv.org/abs/1912.04958, configuration F.

With `regularizers = [{ name = "ada" }]` in the recipe's `[gan]` it is StyleGAN2-ADA: Karras et al.
2020, https://arxiv.org/abs/2006.06676. How it is trained is in `stylegan2_training.py`.
"""

from typing import Literal

from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import check_minimum

from .stylegan2_networks import (
    channels_of,
    discriminator_network,
    generator_network,
    mapping_network,
    synthesis_network,
)
from .stylegan2_training import StyleGAN2


@standard_settings()
def stylegan2(
    image_shape: tuple[int, int, int],
    *,
    latent_size: int = 512,
    style_size: int = 512,
    mapping_layers: int = 8,
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
) -> StyleGAN2:
    """Latents are mapped to styles, which scale the channels of every convolution.

    The generator sums RGB images of all resolutions (output skips, figure 7 b), the
    discriminator is residual (figure 7 c); neither grows.

    Args:
        image_shape: (height, width, channels); see `ganzoo.blocks.resolutions`.
        latent_size: Length of a latent.
        style_size: Length of a style, w in the paper.
        mapping_layers: Dense layers between the two; 8 in the paper.
        fmap_base: Channels times resolution; 32 channels at 1024x1024 (configuration F).
        max_channels: The most channels at any resolution.
        noise: Inputs of the noise layers: "latent", a function of the latent, so that a latent is
            one image; "constant", as in the authors' code the same maps for all images but in
            training; or "none". The paper has new noise for each image.
        residual: Whether the discriminator's blocks have shortcuts.
        mbstd_group_size: Images per group of the minibatch standard deviation.
        style_mixing_prob: Probability of two styles in training, in [0, 1]; or a schedule.
        crossover: What draws whether and where a second style begins: the batch, as in the
            authors' code, or each image.
        second_style: The second style: "fresh", of a latent of its own, or "neighbor", of the
            next latent in the batch, which costs nothing.
        path_length_weight: Weight of the path length regularization; 0 for none. 2 is the
            paper's gamma_pl.
        path_length_interval: Steps from one path length regularization to the next
            (section 3.1).
        path_length_batch_shrink: Path lengths are of a batch that is so many times smaller;
            2 in appendix B.
    """
    check_minimum(
        1, latent_size=latent_size, style_size=style_size, mapping_layers=mapping_layers,
        max_channels=max_channels, mbstd_group_size=mbstd_group_size,
    )  # fmt: skip
    channels = channels_of(image_shape, fmap_base, max_channels)
    mapping = mapping_network(latent_size, style_size, mapping_layers)
    synthesis = synthesis_network(image_shape, channels, latent_size, style_size, noise)
    return StyleGAN2(
        generator_network(mapping, synthesis),
        discriminator_network(image_shape, channels, residual, mbstd_group_size),
        style_mixing_prob=style_mixing_prob,
        crossover=crossover,
        second_style=second_style,
        path_length_weight=path_length_weight,
        path_length_interval=path_length_interval,
        path_length_batch_shrink=path_length_batch_shrink,
    )
