"""Checks of what `fit` is given, before a step is made."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN

_UNUSED = ("validation_data", "validation_split", "sample_weight", "class_weight")
_TOLERANCE = 1e-3  # beyond the value range, for images that were resampled


def check_fit_arguments(gan: "GAN", images: Any, labels: Any, options: dict[str, Any]) -> None:
    """Refuse what a GAN has no use for, and arrays that are not samples in its range.

    Args:
        gan: The GAN to be trained.
        images: First argument of `fit`; anything but a NumPy array is left to Keras.
        labels: Second argument of `fit`.
        options: Its keywords.

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
    shape = gan.sampler.image_shape
    if images.shape[1:] != shape or not len(images):
        raise UsageError(
            f"`fit` needs samples as the generator makes them. Expected: {('n', *shape)}. "
            f"Received: an array of shape {images.shape}."
        )
    _check_values(gan, images)
    if labels is not None and len(labels) != len(images):
        raise UsageError(
            f"`fit` needs one label per sample. Expected: {len(images)}. Received: {len(labels)}."
        )


def _check_values(gan: "GAN", images: np.ndarray) -> None:
    low, high = gan.value_range
    if images.dtype == np.uint8:
        return
    if images.dtype.kind != "f":
        raise UsageError(
            f"`fit` needs images of uint8, or floats in the GAN's range. Received: {images.dtype}.",
            hint='Pixels from 0 to 255 are images.astype("uint8").',
        )
    least, most = float(images.min()), float(images.max())
    outside = gan.bounded and len(gan.sampler.image_shape) > 1  # points have no range
    if not np.isfinite([least, most]).all() or (
        outside and (least < low - _TOLERANCE or most > high + _TOLERANCE)
    ):
        raise UsageError(
            f"`fit` needs floats in the GAN's range. Expected: from {low:g} to {high:g}. "
            f"Received: from {least:g} to {most:g}.",
            hint="Scale them, or give pixels from 0 to 255 as uint8.",
        )
