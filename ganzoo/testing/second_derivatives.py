"""Second derivatives of a discriminator, which R1 and gradient penalties need.

The gradient of R1 with respect to weights w is a derivative of second order:

    d/dw  1/2 |g|^2  =  d/de  dD/dw (x + e g)  at e = 0,    where g = dD/dx,

so a central difference of first-order gradients gives its value, for all weights at once. Kinked
activations jump where a unit changes sides, and a difference across such a place tells nothing:
several samples and distances are tried, and the best counts. A wrong gradient is wrong in all.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.gan.gan import GAN
from ganzoo.testing.architecture_case import BATCH, ArchitectureCase
from ganzoo.testing.check_report import Violation
from ganzoo.testing.traversal import without_kinks, without_noise
from ganzoo.testing.update_trace import trace

# Relative to half the range of an image. Small ones drown in rounding, large ones meet kinks.
_DISTANCES = (3e-3, 1e-3, 1e-2, 3e-4, 3e-2, 1e-4, 1e-1, 3e-5)
_TOLERANCE = 0.03
# Errors of a weight's gradient are relative to its norm, or to this part of that of all of them.
_MIN_NORM = 1e-2


class Derivatives(NamedTuple):
    """Derivatives of a discriminator at a batch of images; NumPy, float64.

    Args:
        value: Sum of all logits.
        slope: Gradient of the sum with respect to the images, in their shape.
        gradients: Gradients of the sum with respect to each weight.
        r1_gradients: Gradients of R1 with respect to each weight.
    """

    value: float
    slope: np.ndarray
    gradients: list[np.ndarray]
    r1_gradients: list[np.ndarray]


# `derivatives(images, mask)`; R1 is summed over samples with the mask 1, (batch,) of 0 and 1.
DerivativesFunction = Callable[[np.ndarray, np.ndarray], Derivatives]


def check_penalties(case: ArchitectureCase) -> None:
    """Gradients of penalties agree with central differences, and are finite for flat images."""
    gan = trace(case).gan
    weights = [variable.path for variable in gan.discriminator.trainable_variables]
    with without_noise(gan.discriminator):
        derivatives = _derivatives_function(gan, case)
        _check_flat_images(derivatives, gan, case, weights)
        errors = _best_errors(_error_trials(derivatives, gan, case))
        if max(errors) >= _TOLERANCE:  # perhaps for its kinks: they lie close in a large network
            with without_kinks(gan.discriminator):
                errors = _best_errors(_error_trials(_derivatives_function(gan, case), gan, case))
    if max(errors) < _TOLERANCE:
        return
    worst = int(np.argmax(errors))
    name = (["the images", *weights])[worst]
    order = "first" if worst == 0 else "second"
    raise Violation(
        f"Derivatives of {order} order of the discriminator are wrong: with respect to {name!r} "
        f"they differ from central differences by {errors[worst]:.0%}. An operation in it has no "
        "right derivative on this backend, for instance a resize that is not by nearest, or "
        "Keras' batch normalization on TensorFlow: take that of ganzoo.layers."
    )


def _check_flat_images(
    derivatives: DerivativesFunction, gan: GAN, case: ArchitectureCase, weights: list[str]
) -> None:
    """Check R1 for images of one brightness, where roots and norms are taken of zero."""
    low, high = gan.value_range
    for value in (0.0, low, (low + 3 * high) / 4):
        images = np.full((BATCH, *case.shape), value, "float32")
        found = derivatives(images, np.ones(BATCH, "float32")).r1_gradients
        for name, gradient in zip(weights, found, strict=True):
            if not np.isfinite(gradient).all():
                raise Violation(f"For flat images the gradient of R1 is not finite at {name!r}.")


def _best_errors(trials: Iterator[list[float]]) -> list[float]:
    """The first trial within the tolerance, or else the best one."""
    best = [0.0]
    for number, errors in enumerate(trials):
        if not number or max(errors) < max(best):
            best = errors
        if max(best) < _TOLERANCE:
            break
    return best


def _error_trials(
    derivatives: DerivativesFunction, gan: GAN, case: ArchitectureCase
) -> Iterator[list[float]]:
    """Relative errors of the slope, then of R1's gradient with respect to each weight."""
    low, high = gan.value_range
    for sample in range(BATCH):
        images = _to_float64(gan.sampler.scale(ops.convert_to_tensor(case.images(sample))))
        images = images.astype("float32")
        mask = (np.arange(BATCH) == sample).astype("float32")
        center = derivatives(images, mask)
        slope = center.slope * mask.reshape(-1, *[1] * (images.ndim - 1))
        steepest = np.abs(slope).max()
        if not steepest:
            continue
        for distance in _DISTANCES:
            step = slope / steepest * distance * (high - low) / 2
            after, before = (
                derivatives((images + sign * step).astype("float32"), mask) for sign in (1, -1)
            )
            factor = steepest / (distance * (high - low))
            value = (after.value - before.value) * factor
            expected = [
                (a - b) * factor for a, b in zip(after.gradients, before.gradients, strict=True)
            ]
            norm = np.sqrt(sum(np.sum(g**2) for g in expected))
            yield [_relative_error(np.sum(slope**2), value)] + [
                _relative_error(g, e, _MIN_NORM * norm)
                for g, e in zip(center.r1_gradients, expected, strict=True)
            ]  # fmt: skip


def _relative_error(one, other, min_norm: float = 0.0) -> float:
    norm = max(np.linalg.norm(one), np.linalg.norm(other), min_norm)
    if not norm:
        return 0.0
    error = float(np.linalg.norm(one - other) / norm)
    return error if math.isfinite(error) else math.inf  # a trial with NaN is the worst of all


def _derivatives_function(gan: GAN, case: ArchitectureCase) -> DerivativesFunction:
    network = gan.discriminator
    weights = network.trainable_variables
    conditions = []
    if len(network.inputs) > 1:
        conditions = [gan.sampler.scale_labels(ops.convert_to_tensor(case.labels(0)))]

    def compute(images, mask, *labels):
        def logits(x):
            outputs = network([x, *labels] if labels else x, training=True)
            outputs = outputs[0] if isinstance(outputs, list | tuple) else outputs
            return ops.sum(ops.reshape(ops.cast(outputs, "float32"), (BATCH, -1)), axis=1)

        def value():
            return ops.sum(logits(images)), {}

        def r1():
            slopes = ops.reshape(backend.input_gradients(logits, images), (BATCH, -1))
            return 0.5 * ops.sum(mask * ops.sum(ops.square(slopes), axis=1)), {}

        slope = backend.input_gradients(logits, images)
        first, second = backend.gradients(value, weights), backend.gradients(r1, weights)
        return first.loss, slope, first.gradients, second.gradients

    compute = backend.jit(compute)

    def derivatives(images: np.ndarray, mask: np.ndarray) -> Derivatives:
        arguments = [ops.convert_to_tensor(x) for x in (images, mask)]
        value, slope, first, second = compute(*arguments, *conditions)
        gradients = ([_to_float64(g) for g in one] for one in (first, second))
        return Derivatives(float(value), _to_float64(slope), *gradients)

    return derivatives


def _to_float64(tensor) -> np.ndarray:
    return np.array(ops.convert_to_numpy(tensor), "float64")
