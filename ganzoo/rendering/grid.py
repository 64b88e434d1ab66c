"""Image grids."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from ganzoo.errors import UsageError
from ganzoo.modalities import Levels

MIN_WIDTH = 512  # pixels; a grid of tiny images is enlarged until it is this wide
MAX_HEIGHT = 4096  # pixels; enlarging stops here
GAP = 32  # gray level between the images: quiet beside black, white and photographs
MAX_ROWS = 16  # of `side_by_side`; more examples begin a second group of columns


def image_grid(
    images: np.ndarray,
    *,
    columns: int | None = None,
    pad: int | None = None,
    scale: int | None = None,
) -> Image.Image:
    """Arrange images in a grid, row after row.

    Args:
        images: (n, h, w, c) uint8 with 1 channel (gray), 3 (RGB) or 4 (RGBA, over a checkerboard).
            Two channels are shown in magenta and green, of more than four the first three as
            RGB. Numbers of other types are drawn from the smallest to the largest.
        columns: Images per row; `None` chooses a full rectangle near a square where one exists.
        pad: Pixels between images; `None` takes 2, or one enlarged pixel where that is more.
        scale: Factor by which each pixel is enlarged; `None` enlarges until the grid is 512
            pixels wide, unless it would become taller than 4096.

    Raises:
        UsageError: `images` are no images, or another argument is out of range.
    """
    images = np.asarray(images)
    shape, kind = images.shape, images.dtype
    if len(shape) != 4 or 0 in shape or kind.kind not in "uif":
        raise UsageError(
            f"An image grid needs at least one image: uint8 (n, h, w, c). Received: {kind} {shape}."
        )
    images = in_gray_or_color(images)
    n, h, w, c = images.shape
    columns = _grid_columns(n) if columns is None else _checked_int(1, columns=columns)
    rows = -(-n // columns)
    scale = _grid_scale(columns * w, rows * h) if scale is None else _checked_int(1, scale=scale)
    pad = max(2, scale) if pad is None else _checked_int(0, pad=pad)
    h, w = h * scale, w * scale

    sheet = np.full((rows * (h + pad) - pad, columns * (w + pad) - pad, c), GAP, np.uint8)
    for index, image in enumerate(images):
        top, left = index // columns * (h + pad), index % columns * (w + pad)
        large = image.repeat(scale, axis=0).repeat(scale, axis=1)  # nearest neighbor
        sheet[top : top + h, left : left + w] = large
    return Image.fromarray(sheet[..., 0] if c == 1 else sheet)


def in_gray_or_color(images: np.ndarray) -> np.ndarray:
    """Return images as `image_grid` shows them: uint8 (n, h, w, 1 or 3)."""
    if images.dtype != np.uint8:
        low, high = float(images.min()), float(images.max())
        deep = Levels(dtype="float32", low=low, high=high if high > low else low + 1)
        images = deep.to_pixels(images)
    channels = images.shape[3]
    if channels == 4:
        return _over_checkerboard(images)
    if channels == 2:
        return images[..., [0, 1, 0]]
    return images[..., :3]


def _over_checkerboard(images: np.ndarray) -> np.ndarray:
    """Lay transparent images over light squares, of which there are at least four a side."""
    height, width = images.shape[1:3]
    edge = max(1, min(8, min(height, width) // 4))
    squares = (np.arange(height)[:, None] // edge + np.arange(width) // edge) % 2
    board = np.where(squares, 204, 255).astype(np.float32)[None, :, :, None]
    alpha = images[..., 3:].astype(np.float32) / 255
    return np.rint(images[..., :3] * alpha + board * (1 - alpha)).astype(np.uint8)


def side_by_side(*columns: np.ndarray) -> Image.Image:
    """Arrange several batches of images as columns, image i of each in row i.

    Smaller images are enlarged, and gray ones get color channels, until all have one shape.

    Args:
        *columns: uint8 (n, h, w, c) each, with their own h, w and c, for instance source images,
            generated images and targets.
    """
    alike = _match_shapes(columns)
    n, kinds = len(alike[0]), len(alike)
    groups = max(-(-n // MAX_ROWS), round(math.sqrt(n / kinds))) if n > MAX_ROWS else 1
    return image_grid(
        np.stack(alike, axis=1).reshape(n * kinds, *alike[0].shape[1:]), columns=groups * kinds
    )


def _match_shapes(columns: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Enlarge all images to the largest height, width and number of channels."""
    columns = [in_gray_or_color(images) for images in columns]
    height, width, channels = (max(one.shape[axis] for one in columns) for axis in (1, 2, 3))
    found = []
    for images in columns:
        n, h, w, c = images.shape
        down, across = np.arange(height) * h // height, np.arange(width) * w // width
        images = images[:, down][:, :, across]  # nearest neighbor
        if c == 1 and channels > 1:
            images = images.repeat(3, axis=3)
        found.append(images)
    return found


def single_image(image: np.ndarray) -> Image.Image:
    """Convert one image, uint8 (h, w, c), neither enlarged nor framed; RGBA stays transparent."""
    if image.ndim == 3 and image.shape[2] == 4 and image.dtype == np.uint8:
        return Image.fromarray(image)
    return image_grid(np.asarray(image)[None], columns=1, pad=0, scale=1)


def _grid_columns(n: int) -> int:
    """Return the first divisor of n from its root to twice that, or the root."""
    root = math.isqrt(n - 1) + 1
    return next((k for k in range(root, 2 * root + 1) if n % k == 0), root)


def _grid_scale(width: int, height: int) -> int:
    return max(1, min(-(-MIN_WIDTH // width), MAX_HEIGHT // height))


def _checked_int(minimum: int, **setting: int) -> int:
    ((name, value),) = setting.items()
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < minimum:
        raise UsageError(f"{name} must be an integer >= {minimum}. Received: {name}={value!r}.")
    return int(value)
