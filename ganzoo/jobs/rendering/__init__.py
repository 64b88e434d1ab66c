"""Samples as files: image grids, scatter plots, waveforms, filmstrips, WAV and GIF."""

from ganzoo.jobs.rendering.animation import evenly_spaced, progress_gif
from ganzoo.jobs.rendering.png import encode_png
from ganzoo.jobs.rendering.renderers import Renderer, render_samples, renderer_for

__all__ = [
    "Renderer",
    "encode_png",
    "evenly_spaced",
    "progress_gif",
    "render_samples",
    "renderer_for",
]
