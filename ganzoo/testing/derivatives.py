"""Second derivatives: what R1 and gradient penalties need of a discriminator.

The gradient of R1 with respect to weights w is a derivative of second order:

    d/dw  1/2 |g|^2  =  d/de  dD/dw (x + e g)  at e = 0,    where g = dD/dx,

so a central difference of first-order gradients says what it must be, for all weights at once.
Kinked activations jump where a unit changes sides: a difference across such a place says
nothing, so several samples and distances are tried, and the best counts. A wrong gradient is
wrong in all of them.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.gan import penalties as penalties_
from ganzoo.testing.report import Broken
from ganzoo.testing.subject import BATCH, Subject
from ganzoo.testing.walking import silenced, straightened

# Half the range of an image is 1. Small ones drown in rounding, large ones meet kinks.
_DISTANCES = (3e-3, 1e-3, 1e-2, 3e-4, 3e-2, 1e-4, 1e-1, 3e-5)
_TOLERANCE = 0.03
_SMALL = 1e-2  # of all gradients: below, a weight's own gradient is compared with this


class Look(NamedTuple):
    """What a discriminator says of images, with derivatives; NumPy, float64.

    Args:
        value: Sum of all logits.
        slope: Its gradient with respect to the images.
        gradients: With respect to each weight.
        curved: Gradients of R1 with respect to each weight.
    """

    value: float
    slope: np.ndarray
    gradients: list[np.ndarray]
    curved: list[np.ndarray]


def penalties(subject: Subject) -> None:
    """Gradients of penalties agree with central differences, and are finite for flat images."""
    gan = subject.played().gan
    weights = [variable.path for variable in gan.discriminator.trainable_variables]
    with silenced(gan.discriminator):
        look = _looking(gan, subject)
        _check_flat(look, gan, subject, weights)
        best = _best(_trials(look, gan, subject))
        if max(best) >= _TOLERANCE:  # perhaps for its kinks: they lie close in a large network
            with straightened(gan.discriminator):
                best = _best(_trials(_looking(gan, subject), gan, subject))
    if max(best) < _TOLERANCE:
        return
    worst = int(np.argmax(best))
    what = (["the images", *weights])[worst]
    order = "first" if worst == 0 else "second"
    raise Broken(
        f"Derivatives of {order} order of the discriminator are wrong: with respect to {what!r} "
        f"they differ from central differences by {best[worst]:.0%}. An operation in it has no "
        "right derivative on this backend, for instance a resize that is not by nearest, or "
        "Keras' batch normalization on TensorFlow: take that of ganzoo.layers."
    )


def _check_flat(look: Callable, gan, subject: Subject, weights: list[str]) -> None:
    every = np.ones(BATCH, "float32")
    for images in _flat(gan, subject):
        found = look(images, every)
        wrong = [name for name, g in zip(weights, found.curved, strict=True) if not _finite(g)]
        if wrong:
            raise Broken(f"For flat images the gradient of R1 is not finite at {wrong[0]!r}.")


def _best(trials: Iterator[list[float]]) -> list[float]:
    """The first trial that is good enough, else the best of all."""
    best = [0.0]
    for number, trial in enumerate(trials):
        if not number or max(trial) < max(best):
            best = trial
        if max(best) < _TOLERANCE:
            break
    return best


def _trials(look: Callable, gan, subject: Subject) -> Iterator[list[float]]:
    """Relative errors: of the slope, then of R1's gradient for each weight."""
    low, high = gan.value_range
    for sample in range(BATCH):
        images = _scaled(gan, subject.images(sample))
        chosen = (np.arange(BATCH) == sample).astype("float32")
        here = look(images, chosen)
        slope = here.slope * chosen.reshape(-1, *[1] * (images.ndim - 1))
        steepest = np.abs(slope).max()
        if not steepest:
            continue
        for distance in _DISTANCES:
            step = slope / steepest * distance * (high - low) / 2
            after, before = (
                look((images + sign * step).astype("float32"), chosen) for sign in (1, -1)
            )
            factor = steepest / (distance * (high - low))
            value = (after.value - before.value) * factor
            expected = [
                (a - b) * factor for a, b in zip(after.gradients, before.gradients, strict=True)
            ]
            total = np.sqrt(sum(np.sum(g**2) for g in expected))
            yield [_apart(np.sum(slope**2), value, 0.0)] + [
                _apart(g, e, _SMALL * total)
                for g, e in zip(here.curved, expected, strict=True)
            ]  # fmt: skip


def _apart(one, other, least: float) -> float:
    size = max(np.linalg.norm(one), np.linalg.norm(other), least)
    if not size:
        return 0.0
    apart = float(np.linalg.norm(one - other) / size)
    return apart if math.isfinite(apart) else math.inf  # no number is better than a wrong one


def _finite(array: np.ndarray) -> bool:
    return bool(np.isfinite(array).all())


def _flat(gan, subject: Subject) -> Iterator[np.ndarray]:
    """Images of one brightness: where a root or a norm meets zero."""
    low, high = gan.value_range
    for value in (0.0, low, (low + 3 * high) / 4):
        yield np.full((BATCH, *subject.shape), value, "float32")


def _scaled(gan, images: np.ndarray) -> np.ndarray:
    return np.array(ops.convert_to_numpy(gan.scaled(ops.convert_to_tensor(images))))


def _looking(gan, subject: Subject) -> Callable[[np.ndarray, np.ndarray], Look]:
    """`look(images, chosen)`, of which R1 counts the chosen samples, (batch,) of 0 and 1."""
    network = gan.discriminator
    weights = network.trainable_variables
    conditions = []
    if len(network.inputs) > 1:
        conditions = [gan.conditions(ops.convert_to_tensor(subject.labels(0)))]

    def derivatives(images, chosen, *labels):
        def judge(x):
            said = network([x, *labels] if labels else x, training=True)
            logits = said[0] if isinstance(said, list | tuple) else said
            return ops.sum(ops.reshape(ops.cast(logits, "float32"), (BATCH, -1)), axis=1)

        def value():
            return ops.sum(judge(images)), {}

        def r1():
            return ops.sum(chosen * penalties_.r1(judge, images, images, None)), {}

        slope = backend.input_gradients(judge, images)
        plain, curved = backend.gradients(value, weights), backend.gradients(r1, weights)
        return plain.loss, slope, plain.gradients, curved.gradients

    function = backend.compiled(derivatives)

    def look(images: np.ndarray, chosen: np.ndarray) -> Look:
        arguments = [ops.convert_to_tensor(x) for x in (images, chosen)]
        value, slope, gradients, curved = function(*arguments, *conditions)
        lists = ([_numpy(g) for g in one] for one in (gradients, curved))
        return Look(float(value), _numpy(slope), *lists)

    return look


def _numpy(tensor) -> np.ndarray:
    return np.array(ops.convert_to_numpy(tensor), "float64")
