"""Mixtures of 2-D Gaussians, the standard test for mode collapse.

Lin et al. 2018, PacGAN, https://arxiv.org/abs/1712.04086, section 4.1: eight modes on a ring
of radius 1 with variance 1e-4, and 25 modes on a 5x5 grid from -4 to 4 with variance 2.5e-3.
Both are scaled here, spread and all, to `extent`, so that a generator that ends in tanh can
reach every mode.
"""

import math

import numpy as np

from ganzoo.data.dataset import Dataset
from ganzoo.data.order import POINTS_STREAM, threefry
from ganzoo.errors import UsageError, unknown
from ganzoo.files.digests import bytes_digest, canonical_json

_MODES = {"ring": 8, "grid": 25}
_SPREAD = {"ring": 0.01, "grid": 0.05 / 4}  # standard deviation at extent 1
_LIMIT = 10_000_000


def mixture(
    *,
    arrangement: str = "ring",
    modes: int | None = None,
    points: int = 100_000,
    extent: float = 0.8,
    spread: float | None = None,
    seed: int = 0,
) -> Dataset:
    """2-D points around 8 centers on a ring or 25 on a grid: the test for mode collapse.

    Args:
        arrangement: `"ring"` or `"grid"`.
        modes: Number of centers: 8 on a ring and 25 on a grid by default. A square number
            for a grid.
        points: Number of points; each mode has an equal share, up to one point.
        extent: Largest coordinate of a center.
        spread: Standard deviation around a center; by default the paper's, scaled to `extent`.
        seed: Seed of the points; not the seed of the training.

    Returns:
        float32 points (n, 2), labeled with their mode.

    Raises:
        UsageError: A value is out of range.
    """
    if arrangement not in _MODES:
        raise unknown("arrangement", str(arrangement), _MODES)
    modes = _MODES[arrangement] if modes is None else modes
    spread = _SPREAD[arrangement] * extent if spread is None else spread
    _check(modes=modes, points=points, extent=extent, spread=spread, seed=seed)
    labels = (np.arange(points) % modes).astype(np.int32)
    modes_of_points = centers(arrangement, modes, extent)
    options = [arrangement, modes, points, float(extent), float(spread), seed]
    return Dataset(
        name="mixture",
        images=(modes_of_points[labels] + spread * _normal(points, seed)).astype(np.float32),
        labels=labels,
        classes=tuple(f"mode {i}" for i in range(modes)),
        license="CC0-1.0",
        source="made from a seed, after Lin et al. 2018, https://arxiv.org/abs/1712.04086",
        # of the options, not the bytes: sines may differ in their last bit between machines
        fingerprint=bytes_digest(canonical_json(["mixture", *options]).encode()),
    )


def centers(arrangement: str, modes: int, extent: float) -> np.ndarray:
    """Return the centers of the modes, float64 (modes, 2), in the order of the labels."""
    if arrangement == "ring":
        angles = 2 * np.pi * np.arange(modes) / modes
        return extent * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    side = math.isqrt(modes)
    if side * side != modes or side < 2:
        raise UsageError(
            f"The modes of a grid must be a square number from 4. Received: modes={modes}."
        )
    line = np.linspace(-extent, extent, side)
    return np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(modes, 2)


def _normal(points: int, seed: int) -> np.ndarray:
    """Return standard normal numbers, float64 (points, 2), by Box and Muller 1958."""
    words = threefry(seed, POINTS_STREAM, 0, np.arange(points, dtype=np.uint32))
    u, v = ((word + 0.5) / 2**32 for word in words)  # in (0, 1)
    radius = np.sqrt(-2 * np.log(u))
    return np.stack([radius * np.cos(2 * np.pi * v), radius * np.sin(2 * np.pi * v)], axis=1)


def _check(*, modes: int, points: int, extent: float, spread: float, seed: int) -> None:
    for name, value, low, high in (
        ("modes", modes, 1, 10_000),
        ("points", points, modes, _LIMIT),
        ("seed", seed, 0, 2**32 - 1),
    ):
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise UsageError(
                f"{name} must be an integer from {low} to {high}. Received: {name}={value!r}."
            )
    for name, number in (("extent", extent), ("spread", spread)):
        if not (isinstance(number, (int, float)) and 0 < number <= 1000):
            raise UsageError(
                f"{name} must be a number, more than 0 and at most 1000."
                f" Received: {name}={number!r}."
            )
