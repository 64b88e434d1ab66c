"""What a trained generator is for: pictures of a seed, the way between two, an image's latent."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.gan import random, sampling_checks
from ganzoo.gan.inversion import Projection, project

_RENDERED_AT_ONCE = 256  # images, so that a large n does not fill the memory


class Drawing:
    """How a GAN draws. Its generator in inference mode, by its average where there is one."""

    _sampler = None

    #: How many classes labels are of, where that is known: in a GAN that a recipe built.
    class_count: int | None = None

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """The shape of one latent."""
        return tuple(self.generator.inputs[0].shape[1:])

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of one image: (height, width, channels), or (d,) for points."""
        return tuple(self.generator.outputs[0].shape[1:])

    @property
    def conditional(self) -> bool:
        """Whether the generator takes labels."""
        return len(self.generator.inputs) > 1

    @property
    def truncated_by(self) -> keras.Variable | None:
        """The generator's variable that a truncation sets while it draws; None, as here: it has
        none, and a truncation cuts off the distribution of the latents. A GAN whose latents
        become styles says its own.
        """
        return None

    def sample(
        self,
        n: int,
        *,
        seed: int = 0,
        labels=None,
        truncation: float | None = None,
        raw: bool = False,
    ) -> np.ndarray:
        """Pictures 0, ..., n - 1 of a seed, the same on every backend.

        Args:
            n: How many, at least 1.
            seed: In [0, 2**31).
            labels: One per picture, for a conditional generator: classes, rows of attributes,
                or pictures. One whole number is that class for all.
            truncation: As of `draw_latents`.
            raw: As of `render`.

        Returns:
            As of `pictures`.

        Raises:
            UsageError: An argument is none of these, or as of `draw_latents` and `render`.
        """
        n, seed = sampling_checks.count(n), sampling_checks.seed(seed)
        labels = sampling_checks.labels(labels, n, self)
        latents = self.draw_latents(n, seed, truncation)
        return self.pictures(latents, labels, raw=raw, truncation=truncation)

    def interpolate(
        self, seeds: Sequence[int], n: int, *, labels=None, raw: bool = False
    ) -> np.ndarray:
        """n pictures on the way between picture 0 of two seeds, both included.

        Args:
            seeds: Two of them.
            n: How many pictures, at least 1.
            labels: As of `sample`.
            raw: As of `render`.

        Returns:
            As of `pictures`.

        Raises:
            UsageError: As of `sample`.
        """
        n, seeds = sampling_checks.count(n), sampling_checks.ends(seeds)
        labels = sampling_checks.labels(labels, n, self)
        first, last = (self.draw_latents(1, seed) for seed in seeds)
        return self.pictures(self.between(first, last, n), labels, raw=raw)

    def project(
        self, images, *, labels=None, steps: int = 300, starts: int = 8, seed: int = 0
    ) -> Projection:
        """The latents whose pictures come nearest to some images.

        Args:
            images: (n, height, width, channels), uint8 or floats in `value_range`.
            labels: One per image, for a conditional generator.
            steps: Of the search.
            starts: Latents from which each search starts; the best end counts.
            seed: Of the starts.

        Returns:
            Latents, pictures and their mean squared errors; see `Projection`.
        """
        return project(self, images, labels=labels, steps=steps, starts=starts, seed=seed)

    def scaled(self, images):
        """uint8 in [0, 255] or floats in `value_range` -> float32 in `value_range`."""
        if keras.backend.standardize_dtype(images.dtype) != "uint8":
            return ops.cast(images, "float32")
        low, high = self.value_range
        return ops.cast(images, "float32") * ((high - low) / 255.0) + low

    def conditions(self, labels):
        """Labels as the networks take them: pictures are scaled, classes and attributes stay."""
        return self.scaled(labels) if len(labels.shape) > 2 else labels

    def draw_latents(self, n: int, seed: int, truncation: float | None = None):
        """Latents of the pictures 0, ..., n - 1 of a seed; picture k does not depend on n.

        Args:
            n: How many, at least 1.
            seed: In [0, 2**31).
            truncation: Draw from the normal distribution cut off at so many standard
                deviations: less variety, better pictures. Brock et al. 2019,
                https://arxiv.org/abs/1809.11096, section 3.1. None: not cut off. Where
                `truncated_by` says so, latents stay whole, and the number counts in `render`.

        Raises:
            UsageError: `truncation` is not above 0, or the latents are not normal.
        """
        index = ops.arange(n, dtype="int32")
        if truncation is None or self.truncated_by is not None:
            return self.prior(seed, index, random.SAMPLE, self.latent_shape)
        if self.prior is not random.normal or not truncation > 0:
            raise UsageError(
                "truncation must be above 0, for a GAN whose latents are normal. "
                f"Received: {truncation}, latents from {self.prior.__name__}."
            )
        return random.normal(seed, index, random.SAMPLE, self.latent_shape, truncation=truncation)

    def between(self, first, last, n: int):
        """n latents on the way from one to another, both (1, ...) -> (n, ...).

        Normal latents lie near a sphere, which the straight line between two leaves: theirs
        is a great circle. White 2016, https://arxiv.org/abs/1609.04468, section 2.1.
        """
        a, b = (np.asarray(ops.convert_to_numpy(x), "float64")[0] for x in (first, last))
        t = np.linspace(0.0, 1.0, n).reshape((n,) + (1,) * a.ndim)
        cosine = np.sum(a * b) / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12)
        angle = np.arccos(np.clip(cosine, -1.0, 1.0))
        if self.prior is not random.normal or np.sin(angle) < 1e-6:
            mixed = (1 - t) * a + t * b
        else:
            mixed = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
        return ops.convert_to_tensor(mixed.astype("float32"))

    def pictures(
        self, latents, labels=None, *, raw: bool = False, truncation: float | None = None
    ) -> np.ndarray:
        """What `render` gives, as pixels, a few hundred at a time. Arguments as of `render`.

        Returns:
            uint8 (n, height, width, channels), the inverse of how uint8 is fed; float32
            (n, d) for points.
        """
        low, high = self.value_range
        parts = []
        for start in range(0, latents.shape[0], _RENDERED_AT_ONCE):
            rows = slice(start, start + _RENDERED_AT_ONCE)
            asked = None if labels is None else labels[rows]
            part = self.render(latents[rows], asked, raw=raw, truncation=truncation)
            part = np.array(ops.convert_to_numpy(part))
            if not np.isfinite(part).all():
                raise InvalidInput("The generator's images are not finite: its weights are broken.")
            if part.ndim >= 4:
                part = np.rint((part - low) * (255.0 / (high - low))).clip(0, 255).astype("uint8")
            parts.append(part)
        return np.concatenate(parts)

    def render(self, latents, labels=None, *, raw: bool = False, truncation: float | None = None):
        """Images in `value_range`, float32, from the averaged generator in inference mode.

        Args:
            latents: (n, ...), for instance from `draw_latents`.
            labels: (n, ...) for a conditional generator.
            raw: Use the generator's own weights instead of their average.
            truncation: With which the latents were drawn. Where `truncated_by` says so, the
                value of that variable, at least 0: how far styles may be from their average;
                otherwise it is in the latents already.

        Raises:
            UsageError: the generator is conditional and labels are missing, or the truncation
                is below 0.
        """
        if self._sampler is None:
            self._sampler = backend.compiled(self._render)
        values = self._generator_values(raw, truncation)
        return self._sampler(*values, self._inputs(latents, labels))

    def _inputs(self, latents, labels) -> list:
        """What the generator is called with."""
        if self.conditional and labels is None:
            raise UsageError("This generator is conditional: it needs labels. Received: None.")
        if not self.conditional:
            return [latents]
        return [latents, self.conditions(ops.convert_to_tensor(labels))]

    def _generator_values(self, raw: bool, truncation: float | None = None) -> list[list]:
        """Values of the generator's trainable and its other variables."""
        averaged = self.average is not None and not raw
        own = self.average.of if averaged else lambda variable: variable
        psi = self.truncated_by if truncation is not None else None
        if psi is not None and not truncation >= 0:
            raise UsageError(f"truncation must be at least 0. Received: {truncation}.")

        def value(variable):
            if variable is psi:
                return ops.full(variable.shape, truncation, variable.dtype)
            return own(variable).value

        groups = self.generator.trainable_variables, self.generator.non_trainable_variables
        return [[value(variable) for variable in group] for group in groups]

    def _render(self, trainable, non_trainable, inputs):
        inputs = inputs if self.conditional else inputs[0]
        images, _ = self.generator.stateless_call(trainable, non_trainable, inputs, training=False)
        return ops.cast(images, "float32")
