"""Latents of a generator: of a seed, between two, and on closed walks."""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.errors import UsageError
from ganzoo.gan import random
from ganzoo.gan.sampling import latent_paths
from ganzoo.gan.sampling.generator_inputs import input_shape


class LatentSampler:
    """The part of `Sampler` that draws latents, and calls no network.

    Attributes:
        generator: The generator.
        prior: The distribution of latents; see `ganzoo.random`.
        psi: A variable of the generator that a truncation sets, or None.
    """

    generator: keras.Model
    prior: Callable
    psi: keras.Variable | None

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """The shape of one latent; (0,) for a generator that takes none."""
        return input_shape(self.generator, "latents") or (0,)

    @standard_settings()
    def sample_latents(self, n: int, seed: int, truncation: float | None = None) -> Tensor:
        """Return latents 0, ..., n - 1 of a seed; latent k does not depend on n.

        Args:
            n: Number of latents, at least 1.
            seed: In [0, 2**31).
            truncation: Bound of the normal distribution in standard deviations: less variety,
                better samples. Brock et al. 2019, https://arxiv.org/abs/1809.11096, section 3.1.
                None: no bound. With a `psi` latents stay whole, and `generate` truncates.

        Raises:
            UsageError: `truncation` is not above 0, or the latents are not normal.
        """
        index = ops.arange(n, dtype="int32")
        if truncation is None or self.psi is not None:
            return self.prior(seed, index, random.SAMPLES, self.latent_shape)
        if self.prior is not random.normal or not truncation > 0:
            raise UsageError(
                "truncation must be above 0, for a GAN whose latents are normal. "
                f"Received: {truncation}, latents from {self.prior.__name__}."
            )
        return random.normal(seed, index, random.SAMPLES, self.latent_shape, truncation=truncation)

    def interpolate_latents(self, first: Tensor, last: Tensor, n: int) -> Tensor:
        """Return n latents between two, (1, ...) each -> (n, ...): of normal ones, on a circle."""
        return self._latents(latent_paths.between, first[0], last[0], np.linspace(0.0, 1.0, n))

    def walk_latents(self, keys: Tensor, n: int) -> Tensor:
        """Return n latents of a walk through given ones, (k, ...) -> (n, ...), and back.

        From one to the next as in `interpolate_latents`, slowly where one arrives.
        """
        return self._latents(latent_paths.closed_walk, keys, n)

    def _latents(self, path: Callable, *arguments) -> Tensor:
        given = [ops.convert_to_numpy(x) if ops.is_tensor(x) else x for x in arguments]
        found = path(*given, arc=self.prior is random.normal)
        return ops.convert_to_tensor(found.astype("float32"))
