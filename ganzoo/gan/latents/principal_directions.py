"""Directions in latent space in which samples change most.

From weights, SeFa: Shen and Zhou 2021, https://arxiv.org/abs/2007.06600. Where the latents first
meet a matrix, a step along its largest singular vectors moves the most behind it. From samples,
where no matrix is first: GANSpace, Härkönen et al. 2020, https://arxiv.org/abs/2004.02546, section
2.2; the principal components of what samples become, and the latents that move along them. Toward a
class: the normal of a linear classifier in latent space; InterFaceGAN, Shen et al. 2020,
https://arxiv.org/abs/1907.10786.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from ganzoo.backend.settings import standard_settings
from ganzoo.errors import UsageError
from ganzoo.gan.latents.linear_maps import first_matrices
from ganzoo.gan.latents.spaces import LatentSpace, as_numpy

_SAMPLES = 512  # that components and classes are estimated from
_PROBES = 32  # samples that are moved to see what changes
_STEP = 0.5  # how far, in standard deviations of points
_RIDGE = 1.0  # added to the squares of latents, so that few samples do not mislead

Describe = Callable[[np.ndarray], np.ndarray]


class Directions(NamedTuple):
    """Directions in a space of latents, what changes most first.

    Args:
        space: "z" or "w".
        method: "sefa", "pca" or "classes".
        vectors: Unit vectors, float64 (k, d): flat points of the space.
        effects: How far samples move per unit, float64 (k,), in features or in pixels; see
            `find_directions`.
        unit: Standard deviation of points along an average direction: a step that is felt.
        names: What each is called.
    """

    space: str
    method: str
    vectors: np.ndarray
    effects: np.ndarray
    unit: float
    names: tuple[str, ...]


@standard_settings()
def find_directions(
    gan: Any,
    *,
    count: int = 8,
    method: str | None = None,
    space: str | None = None,
    describe: Describe | None = None,
    classify: Describe | None = None,
    classes: tuple[str, ...] = (),
    labels=None,
    seed: int = 0,
) -> Directions:
    """Return directions in which samples change, the strongest first.

    Args:
        gan: The GAN.
        count: The most of them.
        method: "sefa": from the weights; "pca": from samples; "classes": toward each class. By
            default "sefa" where the latents first meet a matrix, and "pca" elsewhere.
        space: "z" or "w"; by default w where there is one.
        describe: Samples of `Sampler.generate` as an array -> rows (n, d) in which distances
            mean something; by default their own numbers.
        classify: Samples -> logits (n, classes); for "classes".
        classes: Names of the classes.
        labels: Labels of the samples of a conditional generator, repeated as often as needed; by
            default all classes or attributes in turn.
        seed: Seed of the samples.

    Raises:
        UsageError: The method is not possible with this generator.
    """
    known = LatentSpace(gan, space)
    if known.name == "w+":
        raise UsageError("Directions are those of z or w. Received: 'w+'.")
    describe = describe or (lambda samples: samples.reshape(len(samples), -1))
    columns = _columns(known) if method in (None, "sefa") else None
    method = method or ("sefa" if columns is not None and columns.shape[1] else "pca")
    points, latents, labels = _samples(gan, known, labels, seed)
    if method == "sefa":
        if columns is None or not columns.shape[1]:
            raise UsageError(
                "The latents of this generator do not meet a matrix first.", hint="Use pca."
            )
        vectors = np.linalg.svd(columns, full_matrices=False)[0].T
    elif method == "pca":
        vectors = _components(points, describe(_generate(known, points, latents, labels)))
    elif method == "classes" and classify is not None:
        vectors = _toward(points, classify(_generate(known, points, latents, labels)))
    else:
        raise UsageError(
            f"Directions are found by sefa, pca or, where there is a classifier, classes. "
            f"Received: {method!r}."
        )
    unit = float(np.sqrt(np.mean(np.var(points.reshape(len(points), -1), axis=0))))
    candidates = vectors if method == "classes" else signed(vectors[: 2 * count])
    effects = _effects(known, candidates, unit, points, latents, labels, describe)
    order = np.argsort(-effects, kind="stable")[:count]
    names = [classes[i] if method == "classes" and classes else str(k) for k, i in enumerate(order)]
    return Directions(known.name, method, candidates[order], effects[order], unit, tuple(names))


def _columns(space: LatentSpace) -> np.ndarray | None:
    if len(space.shape) > 1:
        return None
    return first_matrices(space.sampler.generator)


def _samples(gan: Any, space: LatentSpace, labels, seed: int) -> tuple:
    """Points, latents and labels of samples."""
    sampler, shape = gan.sampler, gan.sampler.label_shape
    if shape is not None and len(shape) > 1:
        raise UsageError("Directions are those of models that draw from latents alone.")
    latents = sampler.sample_latents(_SAMPLES, seed)
    if shape is not None and labels is None:
        labels = np.eye(*shape, dtype="float32") if shape else np.arange(sampler.num_classes or 1)
    if labels is not None:
        labels = np.resize(labels, (_SAMPLES, *np.shape(labels)[1:]))
    return space.points(latents, labels), as_numpy(latents), labels


def _generate(space: LatentSpace, points: np.ndarray, latents: np.ndarray, labels) -> np.ndarray:
    """Samples as floats, a part at a time."""
    given = space.for_layers(ops.convert_to_tensor(points.astype("float32")))
    return np.concatenate([*space.sampler.generate_parts(given, space.others(latents, labels))])


def _components(points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Directions of latents along the principal components of what samples become."""
    flat = points.reshape(len(points), -1).astype("float64")
    flat, rows = flat - flat.mean(axis=0), rows.astype("float64") - rows.mean(axis=0)
    scores, sizes, _ = np.linalg.svd(rows, full_matrices=False)
    # least squares of latents on the scores of each component, the first ones first
    slopes = (scores[:, : flat.shape[1]] * sizes[: flat.shape[1]]).T @ flat
    return np.linalg.qr(slopes.T)[0].T


def _toward(points: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Unit vectors along which each class's logit rises over the others, by ridge regression."""
    flat = points.reshape(len(points), -1).astype("float64")
    flat = flat - flat.mean(axis=0)
    scores = logits - logits.max(axis=1, keepdims=True)
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    squares = flat.T @ flat + _RIDGE * np.eye(flat.shape[1])
    slopes = np.linalg.solve(squares, flat.T @ (chances - chances.mean(axis=0))).T
    return slopes / np.maximum(np.linalg.norm(slopes, axis=1, keepdims=True), 1e-12)


def signed(vectors: np.ndarray) -> np.ndarray:
    """Return vectors whose largest number is positive: singular vectors have no sign."""
    largest = np.abs(vectors).argmax(axis=1)[:, None]
    return vectors * np.sign(np.take_along_axis(vectors, largest, axis=1))


def _effects(
    space: LatentSpace, vectors: np.ndarray, unit: float, points: np.ndarray,
    latents: np.ndarray, labels, describe: Describe,
) -> np.ndarray:  # fmt: skip
    """Distances that samples move along each vector, per unit."""
    rows, count = slice(None, _PROBES), min(_PROBES, len(points))
    steps = unit * _STEP * vectors.reshape(-1, 1, *points.shape[1:])
    both = [(points[rows] + sign * steps).reshape(-1, *points.shape[1:]) for sign in (-1, 1)]

    def repeated(x: np.ndarray) -> np.ndarray:
        return np.tile(x[rows], (len(vectors), *[1] * (x.ndim - 1)))

    latents, labels = repeated(latents), None if labels is None else repeated(labels)
    low, high = (
        describe(_generate(space, x, latents, labels)).reshape(len(vectors), count, -1)
        for x in both
    )
    lengths = np.linalg.norm(high.astype("float64") - low, axis=2).mean(axis=1)
    return lengths / (2 * unit * _STEP)
