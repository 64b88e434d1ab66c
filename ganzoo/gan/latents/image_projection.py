"""Projection: from an image back to its latent, by gradient descent. Creswell and Bharath 2018,
https://arxiv.org/abs/1802.05701, algorithm 1; onto styles, Karras et al. 2020 (StyleGAN2),
https://arxiv.org/abs/1912.04958, appendix D.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.errors import UsageError
from ganzoo.gan import random
from ganzoo.gan.latents.spaces import LatentSpace, as_numpy
from ganzoo.gan.sampling.soft_labels import are_soft

_RATE, _BETA_1, _BETA_2 = 0.1, 0.9, 0.99  # Adam's, for numbers of the size of a latent's
_RAMP = 0.05  # share of the steps in which the rate rises
_ELIMINATION = 4  # after one in so many of the steps, one in so many of the starts goes on
_MAX_ROWS = 1024  # starts that are searched at a time, at most
_KNOWN = 256  # samples that tell what a large distance is

Features = Callable[[Any], Any]


class Projection(NamedTuple):
    """Latents of images in a generator's space.

    Args:
        latents: float32 (n, ...), what the generator takes; of styles, those of the noise.
        images: The generator's samples of them, uint8 (n, height, width, channels).
        errors: Mean squared difference of pixels as a share of the variance of the generator's
            samples, float64 (n,).
        styles: float32 (n, layers, w) in the spaces w and w+; None in z.
    """

    latents: np.ndarray
    images: np.ndarray
    errors: np.ndarray
    styles: np.ndarray | None = None


@standard_settings()
def project(
    gan: Any,
    images,
    *,
    labels=None,
    space: str | None = None,
    steps: int = 400,
    starts: int = 16,
    seed: int = 0,
    features: Features | None = None,
    feature_weight: float = 0.1,
    advance: Callable[[int], None] = lambda count: None,
) -> Projection:
    """Search the latents whose samples come nearest to some images.

    Adam, from several starts at once: after a quarter of the steps the best quarter of the starts
    goes on. The rate rises, and falls to zero along half a cosine. The generator is used in
    inference mode, with its moving average if any.

    Args:
        gan: The GAN.
        images: (n, height, width, channels), uint8 or floats in `value_range`.
        labels: One per image, for a conditional generator.
        space: "z"; of a style-based generator also "w", a style for all layers, or "w+", one for
            each. By default w where there is one.
        steps: Steps of gradient descent.
        starts: Random latents at which the search of each image starts; the best one counts.
        seed: Seed of these latents.
        features: Images as floats in [0, 255] -> features (n, d), differentiable: what is near
            depends on them, too. None: on pixels alone.
        feature_weight: Weight of the distance in features, in units of their variance among
            samples; that of pixels has the weight 1.
        advance: Called with the number of images after each of their steps: n * steps in all.

    Raises:
        UsageError: An argument is not usable.
    """
    known = LatentSpace(gan, space)
    images = _as_targets(known, images, steps, starts)
    labels = None if labels is None else np.asarray(labels)
    if known.mapping is None and are_soft(labels, gan.generator):
        known.sampler = known.sampler.soft
    search = _Search(known, features if feature_weight else None, feature_weight, labels)
    latents, points, errors = search.run(images, labels, steps, starts, seed, advance)
    samples = known.images(points, latents, labels)
    if known.mapping is None:
        return Projection(points, samples, errors)
    return Projection(latents, samples, errors, as_numpy(known.for_layers(points)))


class _Search:
    """Gradient descent in a space, compiled once for each number of rows.

    Its tensors are `state`: points and Adam's two moments; `given`: what the network takes beside
    points; and `targets`: images and, if they count, their features. All have a row for each start.
    """

    def __init__(self, space: LatentSpace, features: Features | None, weight: float, labels):
        self.space, self.features = space, features
        self.values, self.max_rows = space.sampler.values(), space.sampler.rows(_MAX_ROWS)
        self.bounded = space.sampler.prior is random.uniform and space.mapping is None
        self.losses_fn, self.update_fn = backend.jit(self.losses), backend.jit(self.update)
        # distances are shares of the variance of samples, of the same labels
        labels = None if labels is None else np.resize(labels, (_KNOWN, *labels.shape[1:]))
        sums: list = [0.0] * (1 if features is None else 2)
        for part in space.whole.generate_parts(space.whole.sample_latents(_KNOWN, 0), labels):
            sums = [a + b for a, b in zip(sums, self.moments(part), strict=True)]
        spreads = [(square - mean**2).mean() for mean, square in sums]
        weights = zip((1.0, weight), spreads, strict=False)
        self.weights = [weight / max(float(spread), 1e-12) for weight, spread in weights]

    def run(
        self, images: np.ndarray, labels: np.ndarray | None, steps: int, starts: int, seed: int,
        advance: Callable[[int], None],
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
        """Return latents, points and errors of images."""
        n, cut = len(images), steps // _ELIMINATION
        latents = as_numpy(self.space.whole.sample_latents(n * starts, seed))
        labels = None if labels is None else np.repeat(labels, starts, axis=0)
        points = self.space.points(ops.convert_to_tensor(latents), labels)
        size = float(np.std(points, axis=0).mean())
        rows: list = [np.repeat(np.arange(n), starts), latents, labels]
        state: list = [points, *np.zeros((2, *points.shape), "float32")]
        for some, count in ((range(cut), -(-starts // _ELIMINATION)), (range(cut, steps), 1)):
            rates = [_rates(size, step, steps) for step in some]
            state, losses = self.descend(state, rows, images, rates, advance)
            best = _best(losses[1].reshape(n, -1), count)
            rows, state = _chosen(rows, best), _chosen(state, best)
        return rows[1], state[0], losses[0][best].astype("float64")

    def descend(
        self, state: list, rows: list, images: np.ndarray, rates: list,
        advance: Callable[[int], None],
    ) -> tuple[list, list]:  # fmt: skip
        """Return points and moments after some steps, and their losses.

        As many rows at a time as memory is for, always as many, so that a step is compiled once.
        """
        count, each = len(rows[0]), len(rows[0]) // len(images)
        size, parts = min(count, self.max_rows), []
        for first in range(0, count, size):
            last = min(first + size, count)
            chosen = np.minimum(np.arange(first, first + size), count - 1)
            owners, latents, labels = _chosen(rows, chosen)
            now = _tensors(_chosen(state, chosen))
            given = self.space.inputs(now[0], self.space.others(latents, labels))[1:]
            targets = self.describe(ops.convert_to_tensor(images[owners], "float32"))
            rest = _tensors(given), targets
            for pair in rates:
                now = self.update_fn(now, *rest, _tensors(pair), self.values)
                advance(last // each - first // each)
            found = [*now, *self.losses_fn(now[0], *rest, self.values)]
            parts.append([as_numpy(x)[: last - first] for x in found])
        whole = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
        return whole[:3], whole[3:]

    def update(self, state: list, given: list, targets: list, rates: list, values: list) -> list:
        """Return points and Adam's moments after a step."""
        points, mean, square = state

        def loss(points: Tensor) -> Tensor:
            return self.losses(points, given, targets, values)[1]

        gradient = backend.input_gradients(loss, points)
        mean = _BETA_1 * mean + (1 - _BETA_1) * gradient
        square = _BETA_2 * square + (1 - _BETA_2) * ops.square(gradient)
        points = points - rates[0] * mean / (ops.sqrt(square * rates[1]) + 1e-12)
        return [ops.clip(points, 0.0, 1.0) if self.bounded else points, mean, square]

    def losses(self, points: Tensor, given: list, targets: list, values: list) -> list[Tensor]:
        """Return for each point the distance of its sample in pixels, and in all that counts."""
        inputs = [self.space.for_layers(points), *given]
        found = self.describe(self.space.sampler.call_stateless(values[0], values[1], inputs))
        parts = [
            weight * ops.mean(ops.square(one - other), axis=tuple(range(1, len(one.shape))))
            for weight, one, other in zip(self.weights, found, targets, strict=True)
        ]
        return [parts[0], sum(parts[1:], parts[0])]

    def describe(self, images: Tensor) -> list[Tensor]:
        """Return images and, if they count, their features."""
        if self.features is None:
            return [images]
        low, high = self.space.sampler.value_range
        return [images, self.features((images - low) * (255.0 / (high - low)))]

    def moments(self, samples: np.ndarray) -> list[np.ndarray]:
        """Return what samples add to the mean and the mean square of images, and of features."""
        described = self.describe(ops.convert_to_tensor(samples))
        described = [as_numpy(x).astype("float64") for x in described]
        return [np.stack([x.sum(axis=0), np.square(x).sum(axis=0)]) / _KNOWN for x in described]


def _rates(size: float, step: int, steps: int) -> np.ndarray:
    """Adam's rate and what its mean square is multiplied by, float32 (2,)."""
    share = (step + 0.5) / steps
    rate = size * _RATE * min(1.0, share / _RAMP) * (1 + math.cos(math.pi * share)) / 2
    pair = [rate / (1 - _BETA_1 ** (step + 1)), 1 / (1 - _BETA_2 ** (step + 1))]
    return np.array(pair, "float32")


def _best(losses: np.ndarray, count: int) -> np.ndarray:
    """Return the rows of the best starts of each image: losses (n, starts) -> (n * count,)."""
    order = np.sort(np.argsort(losses, axis=1, kind="stable")[:, :count], axis=1)
    return (order + losses.shape[1] * np.arange(len(losses))[:, None]).ravel()


def _as_targets(space: LatentSpace, images, steps: int, starts: int) -> np.ndarray:
    """Images as floats in the generator's range."""
    images, shape = as_numpy(images), space.sampler.image_shape
    if images.shape[1:] != shape or not len(images) or min(steps, starts) < 1:
        raise UsageError(
            f"project needs images of shape (n, {', '.join(map(str, shape))}), steps "
            f"and starts from 1. Received: {images.shape}, steps={steps}, starts={starts}."
        )
    low, high = space.sampler.value_range
    if images.dtype == np.uint8:
        return images.astype("float32") / 255.0 * (high - low) + low
    if images.dtype.kind != "f" or not np.isfinite(images).all():
        raise UsageError(
            f"project needs images of uint8, or finite floats. Received: {images.dtype}."
        )
    return images.astype("float32")


def _chosen(arrays: list, rows: np.ndarray) -> list:
    return [None if x is None else x[rows] for x in arrays]


def _tensors(arrays) -> list[Tensor]:
    return [x if ops.is_tensor(x) else ops.convert_to_tensor(x) for x in arrays]
