"""Points as a scatter plot, generated ones over real ones."""

import math

import numpy as np
from PIL import Image

from ganzoo.errors import UsageError
from ganzoo.jobs.pictures.colors import ASTRAY, FAKE, PAPER, REAL, RULE

SCATTER = 640  # pixels, both ways


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
    for group, color, radius, strength in (
        (behind, REAL, 1.6, min(0.5, 0.12 + 250 / max(len(behind), 1))),
        (points[~outside], FAKE, 2.6, min(0.9, 0.35 + 300 / many)),
        (points[outside].clip(low, high), ASTRAY, 3.2, 0.8),
    ):
        place = (group - low) / (high - low) * (SCATTER - 1)
        place[:, 1] = SCATTER - 1 - place[:, 1]  # pictures grow downwards
        cover = _cover(place, radius, strength)[..., None]
        canvas += (np.asarray(color) - canvas) * cover
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
        place: (n, 2) centers in pixels, across and down.
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
