"""Samples as files: image grids, scatter plots, waveforms, filmstrips, WAV and GIF."""

from ganzoo.jobs.rendering.animation import GIF_FRAMES, evenly_spaced, progress_gif
from ganzoo.jobs.rendering.grid import (
    GAP,
    MAX_HEIGHT,
    MIN_WIDTH,
    image_grid,
    side_by_side,
    single_image,
)
from ganzoo.jobs.rendering.png import encode_png
from ganzoo.jobs.rendering.renderers import (
    SUFFIXES,
    Renderer,
    render_samples,
    renderer_for,
)
from ganzoo.jobs.rendering.scatter import PLOT_SIZE, scatter_plot

__all__ = [
    "GAP",
    "GIF_FRAMES",
    "MAX_HEIGHT",
    "MIN_WIDTH",
    "PLOT_SIZE",
    "SUFFIXES",
    "Renderer",
    "encode_png",
    "evenly_spaced",
    "image_grid",
    "progress_gif",
    "render_samples",
    "renderer_for",
    "scatter_plot",
    "side_by_side",
    "single_image",
]
