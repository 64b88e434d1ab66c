"""Inversion: from an image back to its latent, by gradient descent. Creswell and Bharath 2018,
https://arxiv.org/abs/1802.05701, algorithm 1.
"""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.backend.settings import standard_settings
from ganzoo.errors import UsageError
from ganzoo.gan.sampling.sampler import Sampler

_RATE, _BETA_1, _BETA_2 = 0.1, 0.9, 0.99  # Adam's, for numbers of the size of a latent's


class Inversion(NamedTuple):
    """Latents of images in a generator's space.

    Args:
        latents: float32 (n, ...).
        images: The generator's samples of them, uint8 (n, height, width, channels).
        errors: Mean squared difference of pixels from the images in [0, 1], float64 (n,).
    """

    latents: np.ndarray
    images: np.ndarray
    errors: np.ndarray


@standard_settings()
def invert(
    sampler: Sampler, images, *, labels=None, steps: int = 300, starts: int = 8, seed: int = 0
) -> Inversion:
    """Search the latents whose samples come nearest to some images.

    Adam on the mean squared error, from several starts at once. The rate falls to zero along
    half a cosine. The generator is used in inference mode, with its moving average if any.

    Args:
        sampler: The generator.
        images: (n, height, width, channels), uint8 or floats in `value_range`.
        labels: One per image, for a conditional generator.
        steps: Steps of gradient descent.
        starts: Random latents at which the search of each image starts; the best one counts.
        seed: Seed of these latents.
    """
    if sampler.latent_shape == (0,):
        raise UsageError(
            "invert searches latents, and this generator takes none: it translates images.",
        )
    images = np.array(ops.convert_to_numpy(images))
    if images.shape[1:] != sampler.image_shape or not len(images) or min(steps, starts) < 1:
        raise UsageError(
            f"invert needs images of shape (n, {', '.join(map(str, sampler.image_shape))}), steps "
            f"and starts from 1. Received: {images.shape}, steps={steps}, starts={starts}."
        )
    low, high = sampler.value_range
    if images.dtype != np.uint8 and (images.dtype.kind != "f" or not np.isfinite(images).all()):
        raise UsageError(
            f"invert needs images of uint8, or finite floats. Received: {images.dtype}."
        )
    if images.dtype == np.uint8:
        images = images.astype("float32") / 255.0 * (high - low) + low
    targets = ops.convert_to_tensor(np.repeat(images, starts, axis=0), "float32")
    labels = None if labels is None else np.repeat(np.asarray(labels), starts, axis=0)
    values = sampler.values()

    def errors(latents, targets, inputs, values):
        samples = sampler.call_stateless(values[0], values[1], [latents, *inputs])
        axes = tuple(range(1, len(samples.shape)))
        return ops.mean(ops.square((samples - targets) / (high - low)), axis=axes)

    def gradients(latents, targets, inputs, values):
        def error(z):
            return errors(z, targets, inputs, values)

        return backend.input_gradients(error, latents)

    gradient_fn, error_fn = backend.jit(gradients), backend.jit(errors)
    z = np.array(ops.convert_to_numpy(sampler.sample_latents(len(images) * starts, seed)))
    known: tuple[Any, Any, Any] = (targets, sampler.inputs(None, labels)[1:], values)
    mean, square = np.zeros_like(z), np.zeros_like(z)
    for step in range(steps):
        gradient = ops.convert_to_numpy(gradient_fn(ops.convert_to_tensor(z), *known))
        mean = _BETA_1 * mean + (1 - _BETA_1) * gradient
        square = _BETA_2 * square + (1 - _BETA_2) * gradient**2
        rate = _RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
        scale = np.sqrt(square / (1 - _BETA_2 ** (step + 1))) + 1e-12
        z = (z - rate * mean / (1 - _BETA_1 ** (step + 1)) / scale).astype("float32")
    found = np.array(ops.convert_to_numpy(error_fn(ops.convert_to_tensor(z), *known)), "float64")
    best = found.reshape(-1, starts).argmin(axis=1) + starts * np.arange(len(images))
    labels = None if labels is None else labels[best]
    samples = sampler.generate_images(ops.convert_to_tensor(z[best]), labels)
    return Inversion(z[best], samples, found[best])
