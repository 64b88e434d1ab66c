"""Pictures of samples: grids of images, scatter plots of points, animations of both."""

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.publish import publish

NARROWEST = 512  # pixels; a grid of tiny images is enlarged until it is this wide
TALLEST = 4096  # pixels; enlarging stops here
GAP = 32  # grey level between the images: quiet beside black, white and photographs

SCATTER = 640  # pixels, both ways
PAPER = (18, 21, 27)
RULE = (38, 43, 52)
REAL = (86, 180, 233)  # sky blue and orange of Okabe and Ito: apart for every kind of sight
FAKE = (255, 159, 28)
ASTRAY = (255, 92, 92)  # a generated point outside the frame, drawn on its edge

GIF_SIDE = 640  # pixels
GIF_FRAMES = 60
FIRST_SHOWN, ALL_SHOWN, LAST_SHOWN = 800, 6000, 2500  # milliseconds


def picture(samples: np.ndarray, real: np.ndarray | None = None) -> Image.Image:
    """The picture that fits the samples: a grid of images or a scatter plot of points.

    Args:
        samples: Images (n, h, w, c) uint8, or points (n, d).
        real: Real points (m, d) to draw behind generated points; images do not use it.

    Raises:
        UsageError: The samples are neither.
    """
    samples = np.asarray(samples)
    if samples.ndim == 2:
        return scatter(samples, real)
    return grid(samples)


def grid(
    images: np.ndarray,
    *,
    columns: int | None = None,
    pad: int | None = None,
    scale: int | None = None,
) -> Image.Image:
    """Images side by side, row after row.

    Args:
        images: (n, h, w, c) uint8 with 1 channel (grey), 3 (RGB) or 4 (RGBA).
        columns: Images per row; None chooses a full rectangle near a square where one exists.
        pad: Pixels between images; None takes 2, or one enlarged pixel where that is more.
        scale: Every pixel becomes scale x scale; None enlarges until the grid is 512 pixels
            wide, unless it would become taller than 4096.

    Raises:
        UsageError: Not uint8 images, or a column, pad or scale that makes no sense.
    """
    images = np.asarray(images)
    shape, kind = images.shape, images.dtype
    if len(shape) != 4 or 0 in shape or shape[3] not in (1, 3, 4) or kind != np.uint8:
        raise UsageError(
            "A grid needs at least one image: uint8 (n, h, w, c) with 1, 3 or 4 channels. "
            f"Received: {kind} {shape}."
        )
    n, h, w, c = shape
    columns = _columns(n) if columns is None else _at_least(1, columns=columns)
    rows = -(-n // columns)
    scale = _scale(columns * w, rows * h) if scale is None else _at_least(1, scale=scale)
    pad = max(2, scale) if pad is None else _at_least(0, pad=pad)
    h, w = h * scale, w * scale

    sheet = np.full((rows * (h + pad) - pad, columns * (w + pad) - pad, c), GAP, np.uint8)
    if c == 4:
        sheet[..., 3] = 255
    for index, image in enumerate(images):
        top, left = index // columns * (h + pad), index % columns * (w + pad)
        large = image.repeat(scale, axis=0).repeat(scale, axis=1)  # nearest: pixels stay pixels
        sheet[top : top + h, left : left + w] = large
    return Image.fromarray(sheet[..., 0] if c == 1 else sheet)


def bare(image: np.ndarray) -> Image.Image:
    """One image (h, w, c) uint8 as it is: neither enlarged nor framed."""
    return grid(np.asarray(image)[None], columns=1, pad=0, scale=1)


def _columns(n: int) -> int:
    """Columns for n images: the first divisor of n from its root to twice that, or the root."""
    root = math.isqrt(n - 1) + 1
    return next((k for k in range(root, 2 * root + 1) if n % k == 0), root)


def _scale(width: int, height: int) -> int:
    return max(1, min(-(-NARROWEST // width), TALLEST // height))


def _at_least(least: int, **setting: int) -> int:
    ((name, value),) = setting.items()
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise UsageError(f"{name} must be an integer >= {least}. Received: {name}={value!r}.")
    return int(value)


def scatter(points: np.ndarray, real: np.ndarray | None = None) -> Image.Image:
    """Generated points in orange over real points in blue, both axes to one scale.

    The frame follows the real points where they are given, so that pictures of one run lie
    on each other; a generated point outside it is drawn in red on the edge. Density shows as
    brightness. Points that are not finite are left out. Of more than two coordinates the first
    two are drawn; a single one lies on a level line.

    Args:
        points: (n, d), generated.
        real: (m, d).

    Raises:
        UsageError: Not points.
    """
    points = _points(points)
    behind = _points(real) if real is not None else points[:0]
    low, high = _frame(behind if len(behind) else points)
    canvas = np.empty((SCATTER, SCATTER, 3))
    canvas[:] = PAPER
    _rule(canvas, low, high)

    outside = ((points < low) | (points > high)).any(axis=1)
    many = max(len(points), 1)
    for group, colour, radius, strength in (
        (behind, REAL, 1.6, min(0.5, 0.12 + 250 / max(len(behind), 1))),
        (points[~outside], FAKE, 2.6, min(0.9, 0.35 + 300 / many)),
        (points[outside].clip(low, high), ASTRAY, 3.2, 0.8),
    ):
        place = (group - low) / (high - low) * (SCATTER - 1)
        place[:, 1] = SCATTER - 1 - place[:, 1]  # pictures grow downwards
        cover = _cover(place, radius, strength)[..., None]
        canvas += (np.asarray(colour) - canvas) * cover
    return Image.fromarray(canvas.round().astype(np.uint8))


def _points(points: np.ndarray) -> np.ndarray:
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] == 0 or points.dtype.kind not in "fiu":
        raise UsageError(
            "A picture needs images, uint8 (n, h, w, c), or points, numbers (n, d). "
            f"Received: {points.dtype} {points.shape}."
        )
    points = points[:, :2].astype(np.float64)
    points = np.pad(points, ((0, 0), (0, 2 - points.shape[1])))  # one coordinate: (x, 0)
    return points[(np.abs(points) < 1e100).all(axis=1)]  # false for NaN as well


def _frame(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The corners of the square that holds the points, with a margin."""
    if not len(points):
        return np.array([-1.0, -1.0]), np.array([1.0, 1.0])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    half = 1.15 * (points - middle).max()
    half = max(half, 1e-6 * np.abs(middle).max(), 1e-6)
    return middle - half, middle + half


def _rule(canvas: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """Draws lines at round coordinates, about five each way."""
    span = (high - low)[0]
    step = 10.0 ** math.floor(math.log10(span / 4))
    step *= max(factor for factor in (1, 2, 5) if factor * step <= span / 4)
    for axis in (0, 1):
        first = math.ceil(low[axis] / step) * step
        lines = np.arange(first, high[axis], step)
        where = ((lines - low[axis]) / span * (SCATTER - 1)).round().astype(int)
        if axis == 0:
            canvas[:, where] = RULE
        else:
            canvas[SCATTER - 1 - where, :] = RULE


def _cover(place: np.ndarray, radius: float, strength: float) -> np.ndarray:
    """How much of each pixel is covered by soft-edged discs, in [0, 1): the order is no matter.

    Args:
        place: (n, 2) centres in pixels, across and down.
        radius: Pixels.
        strength: Opacity of one disc; n discs on each other leave (1 - strength)^n.
    """
    reach = math.ceil(radius + 1)
    logs = np.zeros((SCATTER + 2 * reach, SCATTER + 2 * reach))
    near = np.arange(-reach, reach + 1)
    for start in range(0, len(place), 10_000):  # bounds the memory
        x, y = (place[start : start + 10_000, axis, None, None] for axis in (0, 1))
        across = x.round().astype(int) + near[None, None, :]  # (n, 1, k)
        down = y.round().astype(int) + near[None, :, None]  # (n, k, 1)
        ink = strength * (radius + 0.5 - np.hypot(across - x, down - y)).clip(0, 1)  # (n, k, k)
        np.add.at(logs, (down + reach, across + reach), np.log1p(-ink))
    return 1 - np.exp(logs[reach:-reach, reach:-reach])


def png(image: Image.Image) -> bytes:
    """The bytes of a PNG file: pixels and nothing else, the same for the same picture."""
    if image.mode not in ("L", "RGB", "RGBA"):
        image = image.convert("RGB")
    pixels = Image.frombytes(image.mode, image.size, image.tobytes())  # no profile, no text
    buffer = io.BytesIO()
    pixels.save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


def progress_gif(paths: Sequence[Path], out: Path) -> Path:
    """An endless animation of the pictures of a run, at most 60 frames and 640 pixels.

    The first frame is held for a moment and the last one longest. Every frame has the size of
    the last; an existing `out` is replaced as a whole.

    Args:
        paths: PNG files in the order of time.
        out: The GIF file to write.

    Raises:
        UsageError: There is no picture.
        InvalidInput: A file is not a PNG that can be read.
    """
    if not paths:
        raise UsageError("An animation needs at least one picture. Received: none.")
    pictures = [_read(path) for path in spread(paths, GIF_FRAMES)]
    size = _within(pictures[-1].size, GIF_SIDE)
    grey = all(image.mode == "L" for image in pictures)
    frames = [_frame_of_gif(image, size, grey) for image in pictures]
    each = min(max(ALL_SHOWN // len(frames) // 10 * 10, 60), 400)
    shown = [FIRST_SHOWN, *[each] * (len(frames) - 2), LAST_SHOWN][-len(frames) :]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "GIF", save_all=True, append_images=frames[1:], duration=shown, loop=0, disposal=1
    )
    publish(Path(out), buffer.getvalue(), overwrite=True)
    return Path(out)


def spread(items: Sequence, most: int) -> list:
    """At most `most` of the items, evenly spread, with the first and the last."""
    if len(items) <= most:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, most).round().astype(int)]


def _read(path: Path) -> Image.Image:
    try:
        with Image.open(path, formats=("PNG",)) as image:
            return image.convert("L" if image.mode in ("1", "L") else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidInput(f"Not a PNG that can be read. Received: {path}. {error}") from error


def _within(size: tuple[int, int], side: int) -> tuple[int, int]:
    shrink = min(1.0, side / max(size))
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def _frame_of_gif(image: Image.Image, size: tuple[int, int], grey: bool) -> Image.Image:
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    if grey:
        return image  # 256 greys are a palette already: nothing is lost
    image = image.convert("RGB")
    palette = image.quantize(256, method=Image.Quantize.MEDIANCUT)
    return image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
