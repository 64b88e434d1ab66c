"""Permutations of whole pixels, by matrix products.

A product with rows of zeros and ones has right derivatives of every order on every backend, and
unlike the gradient of a gather it adds nothing up in an order that changes from run to run.
"""

from keras import ops

from ganzoo.backend import Tensor


def eighth_of_side(size: int) -> int:
    """An eighth of a side in whole pixels, the largest shift; ties go up."""
    return int(size / 8 + 0.5)


def reflect_index(index: Tensor, size: int) -> Tensor:
    """Coordinates on an endless axis, folded into [0, size - 1] as if mirrors stood on the first
    and the last pixel.

    Args:
        index: Coordinates in pixels, of any shape and type.
        size: Length of the side in pixels.
    """
    period = max(2 * (size - 1), 1)
    index = ops.mod(index, period)
    return ops.minimum(index, period - index) if size > 1 else index * 0


def gather_pixels(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Gather the pixels at these rows and columns; 0 where there are none.

    Args:
        images: (batch, h, w, c).
        rows: int32 (batch, h'): the row of the image that each row of the result shows.
        columns: int32 (batch, w').

    Returns:
        (batch, h', w', c)
    """
    height, width = images.shape[1:3]
    rows = ops.cast(rows[:, :, None] == ops.arange(height), images.dtype)  # (batch, h', h)
    columns = ops.cast(columns[:, :, None] == ops.arange(width), images.dtype)
    tall = ops.einsum("bij,bjwc->biwc", rows, images)
    return ops.einsum("bij,bhjc->bhic", columns, tall)


def random_shift(uniform: Tensor, largest: int) -> Tensor:
    """Shifts from -largest to largest, all equally likely: (batch,) in [0, 1) -> int32."""
    return ops.cast(ops.floor(uniform * (2 * largest + 1)), "int32") - largest
