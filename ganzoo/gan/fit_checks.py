"""Checks of what `fit` is given, before a step is made."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.gan.sampling.sampler import Sampler

_UNUSED = ("validation_data", "validation_split", "sample_weight", "class_weight")
_TOLERANCE = 1e-3  # beyond the value range, for images that were resampled


def check_fit_arguments(
    sampler: "Sampler", images: Any, labels: Any, options: dict[str, Any], *, bounded: bool
) -> None:
    """Refuse what a GAN has no use for, and arrays that are not samples in its range.

    Args:
        sampler: The sampler of the GAN to be trained.
        images: First argument of `fit`; anything but a NumPy array is left to Keras.
        labels: Second argument of `fit`.
        options: Its keywords.
        bounded: Whether samples have to lie in the range of the generator.

    Raises:
        UsageError: says what to do instead.
    """
    for name in _UNUSED:
        if options.get(name) is not None and not (name == "validation_split" and not options[name]):
            raise UsageError(
                f"A GAN has no use for {name} in `fit`. Received: {type(options[name]).__name__}.",
                hint="Its losses are of real and generated samples together; compare samples "
                "with `ganzoo evaluate` or `ganzoo.evaluate`.",
            )
    if not isinstance(images, np.ndarray):
        return
    shape = sampler.image_shape
    if images.shape[1:] != shape or not len(images):
        raise UsageError(
            f"`fit` needs samples as the generator makes them. Expected: {('n', *shape)}. "
            f"Received: an array of shape {images.shape}."
        )
    _check_values(images, sampler.value_range if bounded and len(shape) > 1 else None)
    if labels is not None and len(labels) != len(images):
        raise UsageError(
            f"`fit` needs one label per sample. Expected: {len(images)}. Received: {len(labels)}."
        )


def _check_values(images: np.ndarray, value_range: tuple[float, float] | None) -> None:
    """Refuse integers that are not pixels, and floats outside of the range; points have none."""
    if images.dtype == np.uint8:
        return
    if images.dtype.kind != "f":
        raise UsageError(
            f"`fit` needs images of uint8, or floats in the GAN's range. Received: {images.dtype}.",
            hint='Pixels from 0 to 255 are images.astype("uint8").',
        )
    low, high = value_range or (-np.inf, np.inf)
    minimum, maximum = float(images.min()), float(images.max())
    if not np.isfinite([minimum, maximum]).all() or (
        minimum < low - _TOLERANCE or maximum > high + _TOLERANCE
    ):
        raise UsageError(
            f"`fit` needs floats in the GAN's range. Expected: from {low:g} to {high:g}. "
            f"Received: from {minimum:g} to {maximum:g}.",
            hint="Scale them, or give pixels from 0 to 255 as uint8.",
        )
