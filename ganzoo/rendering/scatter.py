"""Scatter plots: generated points over real points."""

import math

import numpy as np
from PIL import Image

from ganzoo.errors import UsageError
from ganzoo.rendering.colors import BACKGROUND, FAKE, GRID, OUTSIDE, REAL

PLOT_SIZE = 640  # pixels of height and width


def scatter_plot(points: np.ndarray, real: np.ndarray | None = None) -> Image.Image:
    """Draw generated points in orange over real points in blue, both axes to one scale.

    The frame follows the real points if they are given, so that all images of one run have the
    same frame; generated points outside it are drawn in red on its edge. Density shows as
    brightness. Points that are not finite are left out. The first two coordinates are drawn;
    points of one coordinate lie on a horizontal line.

    Args:
        points: Generated points (n, d).
        real: Real points (m, d).

    Raises:
        UsageError: `points` or `real` is not an array of numbers (n, d).
    """
    points = _checked_points(points)
    behind = _checked_points(real) if real is not None else points[:0]
    low, high = _plot_bounds(behind if len(behind) else points)
    canvas = np.empty((PLOT_SIZE, PLOT_SIZE, 3))
    canvas[:] = BACKGROUND
    _draw_grid_lines(canvas, low, high)

    outside = ((points < low) | (points > high)).any(axis=1)
    count = max(len(points), 1)
    for group, color, radius, opacity in (
        (behind, REAL, 1.6, min(0.5, 0.12 + 250 / max(len(behind), 1))),
        (points[~outside], FAKE, max(2.6, 9 / count), min(0.9, 0.35 + 300 / count)),
        (points[outside].clip(low, high), OUTSIDE, 3.2, 0.8),
    ):
        centers = (group - low) / (high - low) * (PLOT_SIZE - 1)
        centers[:, 1] = PLOT_SIZE - 1 - centers[:, 1]  # rows of an image go downwards
        canvas += (np.asarray(color) - canvas) * _disc_coverage(centers, radius, opacity)[..., None]
    return Image.fromarray(canvas.round().astype(np.uint8))


def _checked_points(points: np.ndarray) -> np.ndarray:
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] == 0 or points.dtype.kind not in "fiu":
        raise UsageError(
            f"A scatter plot needs points: numbers (n, d). Received: {points.dtype} {points.shape}."
        )
    points = points[:, :2].astype(np.float64)
    points = np.pad(points, ((0, 0), (0, 2 - points.shape[1])))  # one coordinate: (x, 0)
    return points[(np.abs(points) < 1e100).all(axis=1)]  # false for NaN as well


def _plot_bounds(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two corners of the square that holds the points, with a margin."""
    if not len(points):
        return np.array([-1.0, -1.0]), np.array([1.0, 1.0])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    radius = 1.15 * (points - middle).max()
    radius = max(radius, 1e-6 * np.abs(middle).max(), 1e-6)
    return middle - radius, middle + radius


def _draw_grid_lines(canvas: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """Draw lines at round coordinates, about five along each axis."""
    span = (high - low)[0]
    step = 10.0 ** math.floor(math.log10(span / 4))
    step *= max(factor for factor in (1, 2, 5) if factor * step <= span / 4)
    for axis in (0, 1):
        first = math.ceil(low[axis] / step) * step
        lines = np.arange(first, high[axis], step)
        where = ((lines - low[axis]) / span * (PLOT_SIZE - 1)).round().astype(int)
        if axis == 0:
            canvas[:, where] = GRID
        else:
            canvas[PLOT_SIZE - 1 - where, :] = GRID


def _disc_coverage(centers: np.ndarray, radius: float, opacity: float) -> np.ndarray:
    """Share of each pixel that soft-edged discs cover, in [0, 1), whatever their order.

    Args:
        centers: Centers in pixels (n, 2), across and down.
        radius: Radius in pixels.
        opacity: Opacity of one disc; n discs on top of each other let (1 - opacity)^n through.
    """
    pad = math.ceil(radius + 1)
    logs = np.zeros((PLOT_SIZE + 2 * pad, PLOT_SIZE + 2 * pad))
    near = np.arange(-pad, pad + 1)
    for start in range(0, len(centers), 10_000):  # bounds the memory
        x, y = (centers[start : start + 10_000, axis, None, None] for axis in (0, 1))
        across = x.round().astype(int) + near[None, None, :]  # (n, 1, k)
        down = y.round().astype(int) + near[None, :, None]  # (n, k, 1)
        ink = opacity * (radius + 0.5 - np.hypot(across - x, down - y)).clip(0, 1)  # (n, k, k)
        np.add.at(logs, (down + pad, across + pad), np.log1p(-ink))
    return 1 - np.exp(logs[pad:-pad, pad:-pad])
