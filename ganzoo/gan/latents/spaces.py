"""Spaces of latents: z, which a generator takes, and w and w+ of style-based generators.

A generator is style-based if it consists of two networks: a mapping of its inputs to a style, and a
synthesis of images from one style for each of its layers. Karras et al. 2019 (StyleGAN),
https://arxiv.org/abs/1812.04948; w+, a style of its own for each layer: Abdal et al. 2019,
https://arxiv.org/abs/1904.03189.
"""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from ganzoo.backend import Tensor
from ganzoo.errors import UsageError

SPACES = ("z", "w", "w+")


class StyleNetworks(NamedTuple):
    """The two parts of a style-based generator.

    Args:
        mapping: The generator's inputs -> styles (n, w), truncated.
        synthesis: [styles (n, layers, w), latents (n, d)] -> images. The latents are those from
            which the generator draws noise.
    """

    mapping: keras.Model
    synthesis: keras.Model


class LatentSpace:
    """A space of latents, whose points are samples.

    Args:
        gan: The GAN.
        name: "z"; of a style-based generator also "w", a style for all layers, or "w+", one for
            each. By default w where there is one.

    Raises:
        UsageError: The generator takes no latents, or has no such space.
    """

    def __init__(self, gan: Any, name: str | None = None):
        styles: StyleNetworks | None = gan.style_networks
        known = SPACES if styles is not None else SPACES[:1]
        name = name or ("z" if styles is None else "w")
        if 0 in gan.sampler.latent_shape:
            raise UsageError("This generator takes no latents: it translates images.")
        if name not in known:
            raise UsageError(
                f"This generator has no space {name!r}. Expected: {' or '.join(known)}.",
                hint="Style-based generators, such as stylegan2, have w and w+.",
            )
        self.name, self.whole, self.mapping = name, gan.sampler, None
        self.sampler, self.layers = gan.sampler, 1
        if styles is not None and name != "z":
            self.mapping = gan.sampler.of("mapping", lambda: styles.mapping)
            self.sampler = gan.sampler.of("synthesis", lambda: styles.synthesis)
            self.layers = self.sampler.latent_shape[0]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a point."""
        return self.sampler.latent_shape[self.name == "w" :]

    def points(self, latents, labels=None, truncation: float | None = None) -> np.ndarray:
        """Return the points of latents, float32 (n, *shape)."""
        if self.mapping is None:
            return as_numpy(latents)
        points = as_numpy(self.mapping.generate(latents, labels, truncation=truncation))
        return points if self.name == "w" else np.repeat(points[:, None], self.layers, axis=1)

    def inputs(self, points: Tensor, others) -> list:
        """Return what the generator, or its synthesis, takes: points beside labels or latents."""
        return self.sampler.inputs(self.for_layers(points), others)

    def others(self, latents, labels):
        """Return what is taken beside points: labels, or latents of which noise is drawn."""
        return labels if self.mapping is None else latents

    def for_layers(self, points):
        """Return points as each layer takes them: of w, (n, w) -> (n, layers, w)."""
        if self.name != "w":
            return points
        return ops.repeat(ops.convert_to_tensor(points)[:, None], self.layers, axis=1)

    def images(self, points, latents, labels=None, truncation: float | None = None) -> np.ndarray:
        """Return the images of points, pixels; see `Sampler.generate_images`.

        Args:
            points: (n, *shape), or of styles (n, layers, w).
            latents: (n, ...), of which noise is drawn where points are styles.
            labels: One for each, of a conditional generator.
            truncation: Of latents; points that are styles are truncated already.
        """
        if self.name == "w" and len(points.shape) == 2:
            points = self.for_layers(points)
        points, others = ops.convert_to_tensor(points, "float32"), self.others(latents, labels)
        truncation = truncation if self.mapping is None else None
        return self.sampler.generate_images(points, others, truncation=truncation)


def as_numpy(values) -> np.ndarray:
    """Return a tensor as an array of its own."""
    return np.array(ops.convert_to_numpy(values) if ops.is_tensor(values) else values)
