"""The methods of a GAN that sample from it."""

import keras

from ganzoo.gan.latents.edits import edit, mix
from ganzoo.gan.latents.image_projection import project
from ganzoo.gan.latents.principal_directions import Directions, find_directions
from ganzoo.gan.latents.spaces import StyleNetworks
from ganzoo.gan.sampling.sampler import Sampler


class Sampling(keras.Model):
    """The part of `GAN` that asks its sampler."""

    generator: keras.Model
    sampler: Sampler

    @property
    def truncation_psi(self) -> keras.Variable | None:
        """The generator's variable that a truncation sets while it samples.

        None, as here: a truncation cuts off the distribution of the latents. A GAN whose
        latents become styles has its own.
        """
        return None

    def call(self, latents, training: bool = False):
        """Call the generator, so that `predict` and `summary` mean something."""
        return self.generator(latents, training=training)

    def _repr_html_(self) -> str:  # in a notebook
        return self.sampler._repr_html_()

    def sample(self, n: int, **options):
        """Samples 0, ..., n - 1 of a seed, the same on every backend. See `Sampler.sample`."""
        return self.sampler.sample(n, **options)

    def interpolate(self, seeds, n: int, **options):
        """Interpolate between the first samples of two seeds. See `Sampler.interpolate`."""
        return self.sampler.interpolate(seeds, n, **options)

    def walk(self, seeds, n: int, **options):
        """Walk through the first samples of seeds, and back. See `Sampler.walk`."""
        return self.sampler.walk(seeds, n, **options)

    def project(self, images, **options):
        """Search the latents of images. See `ganzoo.gan.latents.image_projection.project`."""
        return project(self, images, **options)

    def directions(self, **options) -> Directions:
        """Find directions. See `ganzoo.gan.latents.principal_directions.find_directions`."""
        return find_directions(self, **options)

    def edit(self, latents, directions: Directions, index: int, amounts, **options):
        """Move latents along a direction. See `ganzoo.gan.latents.edits.edit`."""
        return edit(self, latents, directions, index, amounts, **options)

    def mix(self, rows, columns, **options):
        """Mix latents, or their styles. See `ganzoo.gan.latents.edits.mix`."""
        return mix(self, rows, columns, **options)

    @property
    def style_networks(self) -> StyleNetworks | None:
        """The mapping and the synthesis of a style-based generator; None, as here, for others."""
        return None
