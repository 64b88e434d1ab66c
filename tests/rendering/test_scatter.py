"""Scatter plots: points where they are, and what is outside the frame on its edge."""

import numpy as np
import pytest
from PIL import Image

from ganzoo import rendering
from ganzoo.errors import UsageError
from ganzoo.rendering.scatter import PLOT_SIZE, scatter_plot


def dominant(image: Image.Image, at: tuple[float, float], low: float, high: float) -> str:
    """Whether blue (real), red (fake or outside) or nothing lies at a coordinate."""
    across, up = ((value - low) / (high - low) * (PLOT_SIZE - 1) for value in at)
    red, _, blue = image.getpixel((round(across), PLOT_SIZE - 1 - round(up)))
    if max(red, blue) < 70:
        return "nothing"
    return "real" if blue > red else "fake"


def test_points_are_drawn_where_they_are_with_up_as_up():
    real = np.array([[-1, -1], [1, 1], [-1, 1], [1, -1]], np.float32)
    image = scatter_plot(np.array([[0.5, -0.75]]), real)
    low, high = -1.15, 1.15  # the frame: 15 % around the real points
    assert dominant(image, (0.5, -0.75), low, high) == "fake"
    assert dominant(image, (1, 1), low, high) == "real"
    assert dominant(image, (0.5, 0.75), low, high) == "nothing"


def test_a_generated_point_outside_the_frame_is_shown_on_its_edge_in_another_color():
    real = np.array([[-1, -1], [1, 1]], np.float32)
    image = scatter_plot(np.array([[50.0, 0.0]]), real)
    red, green, blue = image.getpixel((PLOT_SIZE - 1, PLOT_SIZE // 2))
    assert red > 200 and abs(green - blue) < 20


def test_the_frame_follows_the_real_points_only():
    real = np.array([[-1, -1], [1, 1]], np.float32)
    near, far = (scatter_plot(np.array([[0.0, x]]), real) for x in (0.2, 30.0))
    left = (0, 0, 250, PLOT_SIZE)  # one real point, none of the generated ones
    assert near.crop(left).tobytes() == far.crop(left).tobytes()
    assert near.tobytes() != far.tobytes()


def test_points_that_are_not_finite_are_left_out():
    points = np.array([[0, 0], [np.nan, 0], [np.inf, 1], [0, -np.inf]])
    assert scatter_plot(points).tobytes() == scatter_plot(points[:1]).tobytes()


def test_of_points_in_space_the_first_two_coordinates_are_drawn():
    points = np.random.default_rng(0).normal(size=(2, 30, 5))
    assert (
        rendering.render_samples(points[0], points[1]).tobytes()
        == scatter_plot(points[0, :, :2], points[1, :, :2]).tobytes()
    )


def test_points_on_a_line_are_drawn_on_a_level():
    line = np.linspace(-1, 1, 30)[:, None]
    level = np.concatenate([line, np.zeros_like(line)], axis=1)
    assert rendering.render_samples(line).tobytes() == scatter_plot(level).tobytes()


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.full((3, 2), 7.0), np.full((2, 2), 1e90)])
def test_a_scatter_without_extent_is_still_an_image(points):
    assert scatter_plot(points).size == (PLOT_SIZE, PLOT_SIZE)


@pytest.mark.parametrize("points", [np.zeros((4, 0)), np.zeros(4), np.zeros((2, 2), complex)])
def test_a_scatter_says_what_it_received(points):
    with pytest.raises(UsageError, match="Received: (float64|complex128)"):
        scatter_plot(points)
