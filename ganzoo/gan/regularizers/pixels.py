"""Whole pixels that change places, by matrix products.

A product with rows of zeros and ones has right derivatives of every order on every backend, and
unlike the gradient of a gather it adds nothing up in an order that changes from run to run.
"""

from keras import ops


def eighth(size: int) -> int:
    """An eighth of a side in whole pixels, the reach of a shift; ties go up."""
    return int(size / 8 + 0.5)


def mirrored(place, size: int):
    """Places on an endless axis, folded into [0, size - 1] as if mirrors stood on the first and
    the last pixel.

    Args:
        place: Numbers of any shape and kind, in pixels.
        size: Length of the side in pixels.
    """
    period = max(2 * (size - 1), 1)
    place = ops.mod(place, period)
    return ops.minimum(place, period - place) if size > 1 else place * 0


def picked(images, rows, columns):
    """The pixels at these rows and columns; 0 where there are none.

    Args:
        images: (batch, h, w, c).
        rows: int32 (batch, h'): which row of the image comes to stand there.
        columns: int32 (batch, w').

    Returns:
        (batch, h', w', c)
    """
    height, width = images.shape[1:3]
    rows = ops.cast(rows[:, :, None] == ops.arange(height), images.dtype)  # (batch, h', h)
    columns = ops.cast(columns[:, :, None] == ops.arange(width), images.dtype)
    tall = ops.einsum("bij,bjwc->biwc", rows, images)
    return ops.einsum("bij,bhjc->bhic", columns, tall)


def steps(numbers, reach: int):
    """Whole numbers from -reach to reach, all equally likely: (batch,) in [0, 1) -> int32."""
    return ops.cast(ops.floor(numbers * (2 * reach + 1)), "int32") - reach
