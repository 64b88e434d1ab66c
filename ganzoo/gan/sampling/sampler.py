"""Samples of a seed and interpolations between two, from a generator in inference mode."""

from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.backend.steps.network_graph import numbers_of, stateless_inference
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.gan.ema import EMA
from ganzoo.gan.sampling import argument_checks
from ganzoo.gan.sampling.generator_inputs import generator_arguments, generator_inputs, input_shape
from ganzoo.gan.sampling.latent_sampler import LatentSampler
from ganzoo.gan.sampling.notebook import Samples, describe_sampler
from ganzoo.gan.sampling.soft_labels import are_soft, soft_label_network, takes_classes
from ganzoo.modalities import Levels

_MAX_BATCH = 256  # samples, so that a large n does not fill the memory
_MAX_NUMBERS = 2**27  # that layers return, 512 MiB; gradients need four to five times as much


class Sampler(LatentSampler):
    """A generator that samples, by its moving average where there is one.

    Args:
        generator: A built Keras model: latents, [latents, labels], or "labels" alone, -> samples.
        value_range: The range of its output.
        prior: The distribution of latents; see `ganzoo.random`.
        ema: The moving average of the generator's weights, or of weights that it shares.
        psi: A variable of the generator that a truncation sets; None: a truncation cuts off
            the distribution of the latents.
        num_classes: Number of classes that labels are of, where that is known.
        levels: Type and range of the images, where they are not uint8.
    """

    def __init__(
        self,
        generator: keras.Model,
        *,
        value_range: tuple[float, float],
        prior: Callable,
        ema: EMA | None = None,
        psi: keras.Variable | None = None,
        num_classes: int | None = None,
        levels: Levels | None = None,
    ):
        self.generator = generator
        self.value_range = value_range
        self.prior = prior
        self.ema = ema
        self.psi = psi
        self.num_classes = num_classes
        self.levels = levels
        self._jitted = None
        self._others: dict[str, Sampler] = {}

    def of(self, name: str, network: Callable[[], keras.Model]) -> "Sampler":
        """Return the sampler of another network of the same weights, such as a part of this one.

        Args:
            name: Its name; a sampler of this name is made, and so compiled, once.
            network: Returns the network.
        """
        if name not in self._others:
            options = {"prior": self.prior, "psi": self.psi, "num_classes": self.num_classes}
            self._others[name] = Sampler(network(), value_range=self.value_range, **options)
        found = self._others[name]
        found.ema, found.levels = self.ema, self.levels  # of which there may be others by now
        return found

    @property
    def soft(self) -> "Sampler":
        """The sampler of soft labels: rows of weights of all classes, instead of classes.

        Raises:
            UsageError: The generator takes no classes, or nothing between two of them.
        """
        classes = self.num_classes
        if classes is None or not takes_classes(self.generator):
            raise UsageError("Soft labels are for generators of a known number of classes.")
        return self.of("soft", lambda: soft_label_network(self.generator, classes))

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of one sample: (height, width, channels), None for any; (d,) for points."""
        return tuple(self.generator.outputs[0].shape[1:])

    def rows(self, max_rows: int = _MAX_BATCH) -> int:
        """Number of samples that are computed at once, so that memory holds what layers return."""
        return max(1, min(max_rows, _MAX_NUMBERS // max(1, numbers_of(self.generator))))

    @property
    def conditional(self) -> bool:
        """True if the generator takes labels."""
        return self.label_shape is not None

    @property
    def label_shape(self) -> tuple[int, ...] | None:
        """The shape of one label; None if the generator takes none."""
        return input_shape(self.generator, "labels")

    @standard_settings()
    def sample(
        self,
        n: int,
        *,
        seed: int = 0,
        labels=None,
        truncation: float | None = None,
        use_ema: bool = True,
    ) -> Samples:
        """Return samples 0, ..., n - 1 of a seed, the same on every backend.

        Args:
            n: Number of samples, at least 1.
            seed: In [0, 2**31).
            labels: One per sample, for a conditional generator: classes, rows of attributes,
                or images. One whole number is that class for all. What lies between classes has
                soft labels: rows of the weight of each class, which sum to 1.
            truncation: See `sample_latents` and `generate`.
            use_ema: Use the moving average of the weights, where there is one.

        Returns:
            uint8 (n, height, width, channels) for images, or as `levels` has it; float32 for points
            and sounds. A notebook shows them as an image.

        Raises:
            UsageError: an argument is not usable.
        """
        n, seed = argument_checks.check_count(n), argument_checks.check_seed(seed)
        labels = self._check_labels(labels, n)
        latents = self.sample_latents(n, seed, truncation)
        images = self.generate_images(latents, labels, truncation=truncation, use_ema=use_ema)
        return images.view(Samples)

    @standard_settings()
    def interpolate(
        self, seeds: Sequence[int], n: int, *, labels=None, use_ema: bool = True
    ) -> Samples:
        """Return n samples between sample 0 of two seeds, both included.

        Args:
            seeds: Two of them.
            n: Number of samples, at least 1.
            labels: See `sample`.
            use_ema: See `sample`.

        Returns:
            Samples as from `sample`.

        Raises:
            UsageError: an argument is not usable.
        """
        n, seeds = argument_checks.check_count(n), argument_checks.check_two_seeds(seeds)
        labels = self._check_labels(labels, n)
        first, last = (self.sample_latents(1, seed) for seed in seeds)
        latents = self.interpolate_latents(first, last, n)
        return self.generate_images(latents, labels, use_ema=use_ema).view(Samples)

    @standard_settings()
    def walk(
        self,
        seeds: Sequence[int],
        n: int,
        *,
        labels=None,
        truncation: float | None = None,
        use_ema: bool = True,
    ) -> Samples:
        """Return n samples of a walk from sample 0 of one seed to the next, and back to the first.

        Shown again and again, they move without a break.

        Args:
            seeds: At least two.
            n: Number of samples, at least one for each seed.
            labels, truncation, use_ema: See `sample`.

        Raises:
            UsageError: an argument is not usable.
        """
        seeds = argument_checks.check_walk(seeds, argument_checks.check_count(n))
        labels = self._check_labels(labels, n)
        keys = ops.concatenate([self.sample_latents(1, seed, truncation) for seed in seeds])
        latents = self.walk_latents(keys, n)
        images = self.generate_images(latents, labels, truncation=truncation, use_ema=use_ema)
        return images.view(Samples)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: 16 samples of seed 0, classes in turn; no state changes."""
        return describe_sampler(self)

    def _check_labels(self, labels, n: int) -> np.ndarray | None:
        taken = generator_inputs(self.generator).get("labels")
        return argument_checks.check_labels(labels, n, taken, self.num_classes)

    def scale(self, images: Tensor) -> Tensor:
        """uint8 in [0, 255] or floats in `value_range` -> float32 in `value_range`."""
        if keras.backend.standardize_dtype(images.dtype) != "uint8":
            return ops.cast(images, "float32")
        low, high = self.value_range
        return ops.cast(images, "float32") * ((high - low) / 255.0) + low

    def scale_labels(self, labels: Tensor) -> Tensor:
        """Scale labels that are images; leave classes and attributes as they are."""
        return self.scale(labels) if len(labels.shape) > 2 else labels

    @standard_settings()
    def generate_images(
        self, latents, labels=None, *, truncation: float | None = None, use_ema: bool = True
    ) -> np.ndarray:
        """Call `generate`, as many latents at a time as memory is for, and return pixels.

        Returns:
            uint8 (n, height, width, channels), or as `levels` has it, the inverse of how images are
            fed; float32 (n, d) for points.

        Raises:
            InvalidInput: the samples are not finite.
        """
        low, high = self.value_range
        parts = []
        for part in self.generate_parts(latents, labels, truncation=truncation, use_ema=use_ema):
            if not np.isfinite(part).all():
                raise InvalidInput("The generator's images are not finite: its weights are broken.")
            if part.ndim >= 4 and self.levels is not None:
                part = self.levels.unscale(part, self.value_range)
            elif part.ndim >= 4:
                part = np.rint((part - low) * (255.0 / (high - low))).clip(0, 255).astype("uint8")
            parts.append(part)
        return np.concatenate(parts)

    def generate_parts(self, latents, labels=None, **options) -> Iterator[np.ndarray]:
        """Yield what `generate` returns, some hundred rows at a time, as arrays of their own."""
        step = self.rows()
        for start in range(0, latents.shape[0], step):
            rows = slice(start, start + step)
            part = self.generate(latents[rows], None if labels is None else labels[rows], **options)
            yield np.array(ops.convert_to_numpy(part))

    @standard_settings()
    def generate(
        self, latents, labels=None, *, truncation: float | None = None, use_ema: bool = True
    ) -> Tensor:
        """Call the generator in inference mode; return samples in `value_range`, float32.

        Args:
            latents: (n, ...), for instance from `sample_latents`.
            labels: (n, ...) for a conditional generator.
            truncation: The truncation of the latents. With a `psi` its value, at least 0: how
                far styles may be from their average; otherwise it is in the latents already.
            use_ema: Use the moving average of the weights, where there is one.

        Raises:
            UsageError: the generator is conditional and labels are missing, or the truncation
                is below 0.
        """
        if are_soft(labels, self.generator):
            if not ops.is_tensor(labels):
                labels = self._check_labels(labels, np.shape(latents)[0])
            return self.soft.generate(latents, labels, truncation=truncation, use_ema=use_ema)
        if self._jitted is None:
            self._jitted = backend.jit(self.call_stateless)
        return self._jitted(*self.values(use_ema, truncation), self.inputs(latents, labels))

    def inputs(self, latents, labels) -> list:
        """Inputs of the generator, labels checked and scaled."""
        if self.conditional and labels is None:
            raise UsageError("This generator is conditional: it needs labels. Received: None.")
        if self.conditional and not ops.is_tensor(labels):
            labels = self._check_labels(labels, len(labels if latents is None else latents))
        labels = self.scale_labels(ops.convert_to_tensor(labels)) if self.conditional else None
        return keras.tree.flatten(generator_arguments(self.generator, latents, labels))

    def values(self, use_ema: bool = True, truncation: float | None = None) -> list[list]:
        """Values of the generator's trainable and of its other variables."""
        average = self.ema.of if self.ema is not None and use_ema else lambda variable: variable
        psi = self.psi if truncation is not None else None
        if psi is not None and truncation is not None and not truncation >= 0:
            raise UsageError(f"truncation must be at least 0. Received: {truncation}.")

        def value(variable):
            if variable is psi:
                return ops.full(variable.shape, truncation, variable.dtype)
            return average(variable).value

        groups = self.generator.trainable_variables, self.generator.non_trainable_variables
        return [[value(variable) for variable in group] for group in groups]

    def call_stateless(self, trainable: list, non_trainable: list, inputs: list) -> Tensor:
        """Call the generator with other values of its variables; nothing is written."""
        images = stateless_inference(self.generator, trainable, non_trainable, inputs)
        return ops.cast(images, "float32")
