"""Affine maps of images by fractions of pixels, with good derivatives.

Karras et al. 2020 (ADA), https://arxiv.org/abs/2006.06676, appendix B: an image is doubled in
size, sampled between its pixels, and halved again, with filters that undo each other. The
sampling is bilinear and written with `ops.take`, because what the frameworks offer has wrong or
no second derivatives; its gradient adds up in no fixed order on a GPU.

Deviations: the filters are those of the 9/7 wavelet and not SYM6. They are symmetric, so that an
image that is mirrored at its edges stays so when it is doubled. Beyond them it is mirrored
without end; the paper puts black where its padding ends.
"""

import functools

import numpy as np
from keras import ops

from ganzoo.backend import Tensor
from ganzoo.gan.regularizers.pixels import reflect_index

# Cohen, Daubechies & Feauveau 1992, "Biorthogonal bases of compactly supported wavelets": from
# the middle outwards. What the first doubles, the second halves again without a trace.
_DOUBLING = (1.115087052456994, 0.5912717631142470, -0.05754352622849957, -0.09127176311424948)
_HALVING = (
    0.6029490182363579, 0.2668641184428723, -0.07822326652898785,
    -0.01686411844287495, 0.02674875741080976,
)  # fmt: skip
_MARGIN = len(_HALVING) - 1

Row = tuple  # (a, b, c): a * x + b * y + c
Affine = tuple[Row, Row]  # the new x, to the right, and the new y, downwards


def compose(outer: Affine, inner: Affine) -> Affine:
    """Compose two maps: first `inner`, then `outer`. Coefficients are numbers or (batch,).

    By hand, because a GPU's matrix products may keep three digits only.
    """
    (a, b, c), (d, e, f) = inner
    first, second = ((p * a + q * d, p * b + q * e, p * c + q * f + r) for p, q, r in outer)
    return first, second


def scaling(x, y) -> Affine:
    """Scaling around the center."""
    return (x, 0.0, 0.0), (0.0, y, 0.0)


def rotation(cosine, sine) -> Affine:
    """Rotation around the center."""
    return (cosine, -sine, 0.0), (sine, cosine, 0.0)


def translation(x, y) -> Affine:
    """Translation in pixels."""
    return (1.0, 0.0, x), (0.0, 1.0, y)


def warp_images(images, source: Affine) -> Tensor:
    """Sample images between their pixels, at affine coordinates.

    Args:
        images: (batch, height, width, channels), any size.
        source: The map from each pixel to the point it is sampled from, in pixels from the center
            of the image: coefficients (batch,).

    Returns:
        Images of the same shape. Whole-pixel moves, quarter turns and flips are exact to rounding.
    """
    height, width = images.shape[1:3]
    doubled = _resample(images, _doubling_matrix(height), _doubling_matrix(width))
    tall, wide = doubled.shape[1:3]
    x = ops.arange(-_MARGIN, wide + _MARGIN, dtype="float32") - (wide - 1) / 2
    y = ops.arange(-_MARGIN, tall + _MARGIN, dtype="float32")[:, None] - (tall - 1) / 2
    centers = ((wide - 1) / 2, (tall - 1) / 2)
    coordinates = []
    for (a, b, c), center in zip(source, centers, strict=True):
        a, b, c = (ops.reshape(number, (-1, 1, 1)) for number in (a, b, c))
        coordinates.append(a * x + b * y + (2.0 * c + center))  # (batch, tall + 8, wide + 8)
    sampled = _bilinear(
        doubled, reflect_index(coordinates[1], tall), reflect_index(coordinates[0], wide)
    )
    return _resample(sampled, _halving_matrix(height), _halving_matrix(width))


def _bilinear(images, y, x):
    """Bilinear samples: (batch, h, w, c) at coordinates (batch, h', w') -> (batch, h', w', c)."""
    height, width, channels = images.shape[1:]
    top, left = ops.floor(y), ops.floor(x)
    down, right = (y - top)[..., None], (x - left)[..., None]
    top, left = ops.cast(top, "int32"), ops.cast(left, "int32")
    # where there is no next pixel, its share is 0
    below, next_right = ops.minimum(top + 1, height - 1), ops.minimum(left + 1, width - 1)
    first = ops.arange(ops.shape(images)[0])[:, None, None] * (height * width)
    pixels = ops.reshape(images, (-1, channels))

    def pixels_at(row, column):
        index = ops.reshape(first + row * width + column, (-1,))
        taken = ops.take(pixels, index, axis=0)
        return ops.reshape(taken, (-1, *y.shape[1:], channels))

    upper = (1.0 - right) * pixels_at(top, left) + right * pixels_at(top, next_right)
    lower = (1.0 - right) * pixels_at(below, left) + right * pixels_at(below, next_right)
    return (1.0 - down) * upper + down * lower


def _resample(images, rows, columns):
    """(batch, h, w, c) -> (batch, h', w', c) by a matrix (h', h) and another (w', w)."""
    images = ops.einsum("ij,bjwc->biwc", ops.convert_to_tensor(rows), images)
    return ops.einsum("ij,bhjc->bhic", ops.convert_to_tensor(columns), images)


@functools.cache
def _doubling_matrix(size: int) -> np.ndarray:
    """(2 size - 1, size): zeros between the pixels of the mirrored image, then the filter."""
    matrix = np.zeros((2 * size - 1, size))
    radius, period = len(_DOUBLING) - 1, max(2 * (size - 1), 1)
    for row in range(2 * size - 1):
        for offset in range(-radius, radius + 1):
            pixel, between = divmod(row + offset, 2)
            if not between:
                pixel = pixel % period
                matrix[row, min(pixel, period - pixel) if size > 1 else 0] += _DOUBLING[abs(offset)]
    return matrix.astype("float32")


@functools.cache
def _halving_matrix(size: int) -> np.ndarray:
    """(size, 2 size - 1 + 2 margins): the filter around every second sample."""
    matrix = np.zeros((size, 2 * size - 1 + 2 * _MARGIN))
    for row in range(size):
        for offset in range(-_MARGIN, _MARGIN + 1):
            matrix[row, 2 * row + _MARGIN + offset] = _HALVING[abs(offset)]
    return matrix.astype("float32")
