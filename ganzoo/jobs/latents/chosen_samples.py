"""Samples of a seed, of several, or between two, with one truncation or more."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN


def generate_chosen(
    gan: "GAN", chosen: tuple, conditions: np.ndarray | None, bounds: Sequence[float | None]
) -> np.ndarray:
    """Return samples of chosen latents with each truncation, one after the other.

    Args:
        gan: The GAN.
        chosen: Number of samples; their seed; or a seed of each, or two to interpolate between.
        conditions: Labels of all.
        bounds: Truncations.

    Raises:
        UsageError: There are no latents to truncate.
    """
    if gan.sampler.latent_shape == (0,) and any(bound is not None for bound in bounds):
        raise UsageError(
            "This generator takes no latents that could be truncated.", hint="Leave out truncation."
        )
    parts = [
        gan.sampler.generate_images(
            _sample_latents(gan, chosen, bound), conditions, truncation=bound
        )
        for bound in bounds
    ]
    return np.concatenate(parts)


def _sample_latents(gan: "GAN", chosen: tuple, truncation: float | None) -> Any:
    from keras import ops

    n, seed, seeds, interpolate = chosen
    if interpolate:
        first, last = (gan.sampler.sample_latents(1, end, truncation) for end in interpolate)
        return gan.sampler.interpolate_latents(first, last, n)
    if seeds is not None:
        return ops.concatenate([gan.sampler.sample_latents(1, one, truncation) for one in seeds])
    return gan.sampler.sample_latents(n, seed, truncation)
