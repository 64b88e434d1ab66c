"""From an image back to its latent, by descent. Creswell and Bharath 2018,
https://arxiv.org/abs/1802.05701, algorithm 1.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.gan.sampling import Drawing

_RATE, _MEAN, _SQUARE = 0.1, 0.9, 0.99  # Adam's, for numbers of the size of a latent's


class Projection(NamedTuple):
    """Where images lie in a generator's space.

    Args:
        latents: float32 (n, ...).
        pictures: What the generator makes of them, uint8 (n, height, width, channels).
        errors: Mean squared difference of pixels from the images in [0, 1], float64 (n,).
    """

    latents: np.ndarray
    pictures: np.ndarray
    errors: np.ndarray


def project(gan: "Drawing", images, *, labels, steps: int, starts: int, seed: int) -> Projection:
    """The latents whose pictures come nearest; arguments as of `GAN.project`.

    Adam on the mean squared error, from several starts at once. The rate falls to zero along
    half a cosine. The generator is used in inference mode, averaged where there is an average.
    """
    images = np.array(ops.convert_to_numpy(images))
    if images.shape[1:] != gan.image_shape or not len(images) or min(steps, starts) < 1:
        raise UsageError(
            f"project needs images of shape (n, {', '.join(map(str, gan.image_shape))}), steps "
            f"and starts from 1. Received: {images.shape}, steps={steps}, starts={starts}."
        )
    low, high = gan.value_range
    if images.dtype != np.uint8 and (images.dtype.kind != "f" or not np.isfinite(images).all()):
        raise UsageError(
            f"project needs images of uint8, or finite floats. Received: {images.dtype}."
        )
    if images.dtype == np.uint8:
        images = images.astype("float32") / 255.0 * (high - low) + low
    targets = ops.convert_to_tensor(np.repeat(images, starts, axis=0), "float32")
    labels = None if labels is None else np.repeat(np.asarray(labels), starts, axis=0)
    values = gan._generator_values(raw=False)

    def errors(latents, targets, inputs, values):
        made = gan._render(*values, [latents, *inputs])
        axes = tuple(range(1, len(made.shape)))
        return ops.mean(ops.square((made - targets) / (high - low)), axis=axes)

    def slopes(latents, targets, inputs, values):
        return backend.input_gradients(lambda z: errors(z, targets, inputs, values), latents)

    descend, judge = backend.compiled(slopes), backend.compiled(errors)
    z = np.array(ops.convert_to_numpy(gan.draw_latents(len(images) * starts, seed)))
    known = (targets, gan._inputs(None, labels)[1:], values)
    mean, square = np.zeros_like(z), np.zeros_like(z)
    for step in range(steps):
        slope = ops.convert_to_numpy(descend(ops.convert_to_tensor(z), *known))
        mean = _MEAN * mean + (1 - _MEAN) * slope
        square = _SQUARE * square + (1 - _SQUARE) * slope**2
        rate = _RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
        scale = np.sqrt(square / (1 - _SQUARE ** (step + 1))) + 1e-12
        z = (z - rate * mean / (1 - _MEAN ** (step + 1)) / scale).astype("float32")
    found = np.array(ops.convert_to_numpy(judge(ops.convert_to_tensor(z), *known)), "float64")
    best = found.reshape(-1, starts).argmin(axis=1) + starts * np.arange(len(images))
    labels = None if labels is None else labels[best]
    pictures = gan.pictures(ops.convert_to_tensor(z[best]), labels)
    return Projection(z[best], pictures, found[best])
