"""Checks of what a GAN is trained on: arrays before a step, everything else while it is traced.

Values that are on a device already are not read, since the host would wait for them at every
step. Floats that overshoot the range a little, as resampling makes them, are clipped there. What
is none of the GAN's data becomes NaN, and with it the losses, at which `fit` ends.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from ganzoo.backend import Tensor
from ganzoo.errors import UsageError
from ganzoo.gan.sampling.argument_checks import as_classes, fits_shape
from ganzoo.gan.sampling.generator_inputs import generator_inputs

_UNUSED = ("validation_data", "validation_split", "sample_weight", "class_weight")
_TOLERANCE = 1e-3  # beyond the value range, of an array
_OVERSHOOT = 0.1  # of the range, beyond it, in a stream: bicubic and Lanczos resampling


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse what a GAN has no use for among the arguments of `fit`, by name.

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


def check_arrays(gan: Any, images: Any, labels: Any) -> Any:
    """Refuse NumPy arrays that are not samples and labels of a GAN.

    Args:
        gan: The GAN, compiled.
        images: Samples; anything but a NumPy array is left to `usable_batch`.
        labels: A label for each.

    Returns:
        The labels; those that are classes as int32 (n,).

    Raises:
        UsageError: says what is expected.
    """
    if not isinstance(images, np.ndarray):
        return labels
    shape, steps = gan.sampler.image_shape, int(gan.steps_per_dispatch > 1)
    if not fits_shape(images.shape[1 + steps :], shape) or not len(images):
        raise UsageError(
            f"`fit` needs samples as the generator makes them. Expected: "
            f"{(*['steps'] * steps, 'n', *shape)}. Received: an array of shape {images.shape}."
        )
    _check_values(images, _bounds(gan))
    if labels is not None and len(labels) != len(images):
        raise UsageError(
            f"`fit` needs one label per sample. Expected: {len(images)}. Received: {len(labels)}."
        )
    if gan.label_shape is None or steps or not isinstance(labels, np.ndarray):
        return labels
    return _check_labels(gan, labels)


def usable_batch(gan: Any, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Scale a batch and clip it; what is far beside the range, or of no class, becomes NaN.

    Args:
        gan: The GAN, compiled.
        images: uint8, or floats in `value_range`.
        labels: A label for each; those of a GAN that takes none are dropped.

    Returns:
        Samples, float32, and labels; those that are classes int32 (n,).

    Raises:
        UsageError: their shape or type is not that of the GAN's data.
    """
    _check_shape("samples", images, gan.sampler.image_shape)
    kind = keras.backend.standardize_dtype(images.dtype)
    if kind != "uint8" and "float" not in kind:
        raise _not_pixels(kind)
    images, bounds = gan.sampler.scale(images), _bounds(gan)
    if kind != "uint8" and bounds:
        clipped = ops.clip(images, *bounds)
        near = ops.abs(images - clipped) <= _OVERSHOOT * (bounds[1] - bounds[0])
        images = ops.where(near, clipped, float("nan"))
    if gan.label_shape is None:
        return images, None
    if not _takes_classes(gan):
        _check_shape("labels", labels, gan.label_shape)
        return images, gan.sampler.scale_labels(labels)
    if _shape(labels) not in (None, (1,)):
        _check_shape("labels", labels, ())
    labels = ops.reshape(labels, (-1,))
    classes = ops.cast(labels, "int32")
    exists = (classes >= 0) & (ops.cast(classes, labels.dtype) == labels)
    if gan.num_classes:
        exists = exists & (classes < gan.num_classes)
    of_each = ops.reshape(exists, (-1, *[1] * (len(images.shape) - 1)))
    return ops.where(of_each, images, float("nan")), ops.where(exists, classes, 0)


def _takes_classes(gan: Any) -> bool:
    """Return whether a label is the index of a class: no row of attributes, no image."""
    sampler = gan.sampler
    if gan.label_shape != ():
        return False
    taken = generator_inputs(sampler.generator).get("labels")
    whole = taken is not None and "int" in taken.dtype
    return bool(gan.num_classes) or whole


def _bounds(gan: Any) -> tuple[float, float] | None:
    """The range that samples have to lie in; None for points, and where the generator has none."""
    return gan.value_range if gan.bounded and len(gan.sampler.image_shape) > 1 else None


def _check_shape(what: str, values: Tensor, shape: tuple[int | None, ...]) -> None:
    """Refuse another shape; TensorFlow knows none where shapes differ from call to call."""
    received = _shape(values)
    if received is None or not fits_shape(received, shape):
        raise UsageError(
            f"`fit` needs {what} as the networks take them. Expected: {('n', *shape)}. "
            f"Received: {'several shapes' if received is None else ('n', *received)}."
        )


def _shape(values: Tensor) -> tuple[int | None, ...] | None:
    """The shape of one row; None if not even the number of axes is known."""
    return None if getattr(values.shape, "rank", 0) is None else tuple(values.shape[1:])


def _check_labels(gan: Any, labels: np.ndarray) -> np.ndarray:
    """The labels, as networks take them."""
    if _takes_classes(gan):
        classes = as_classes(labels, gan.num_classes)
        if classes is None:
            raise _no_classes(labels, gan.num_classes)
        return classes
    _check_shape("labels", labels, gan.label_shape)
    if len(gan.label_shape) > 1:
        _check_values(labels, gan.value_range)
    elif not np.isfinite(labels).all():
        raise UsageError("`fit` needs labels that are finite. Received: NaN or infinity.")
    return labels


def _no_classes(labels: np.ndarray, num_classes: int | None) -> UsageError:
    expected = f"whole numbers in [0, {num_classes})" if num_classes else "whole numbers from 0"
    expected = f"`fit` needs the class of each sample. Expected: {expected}, (n,)."
    if labels.ndim > 1 and labels.shape[1:] != (1,):
        received = f"an array of shape {labels.shape}"
        return UsageError(
            f"{expected} Received: {received}.", hint="One-hot rows are labels.argmax(axis=1)."
        )
    if labels.dtype.kind not in "biuf":
        return UsageError(f"{expected} Received: an array of {labels.dtype}.")
    low, high = labels.min(), labels.max()
    hint = "Labels that begin at 1 are labels - 1." if low == 1 and high == num_classes else None
    fraction = "" if (np.rint(labels) == labels).all() else ", with fractions"
    return UsageError(f"{expected} Received: from {low} to {high}{fraction}.", hint=hint)


def _check_values(images: np.ndarray, value_range: tuple[float, float] | None) -> None:
    """Refuse integers that are not pixels, and floats outside of the range; points have none."""
    if images.dtype == np.uint8:
        return
    if "float" not in images.dtype.name:  # bfloat16 is no float of NumPy's own
        raise _not_pixels(str(images.dtype))
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


def _not_pixels(kind: str) -> UsageError:
    return UsageError(
        f"`fit` needs images of uint8, or floats in the GAN's range. Received: {kind}.",
        hint='Pixels from 0 to 255 are images.astype("uint8").',
    )
