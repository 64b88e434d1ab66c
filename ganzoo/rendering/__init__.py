"""Samples as files: image grids, scatter plots, waveforms, filmstrips, WAV and GIF."""

from ganzoo.rendering.animation import evenly_spaced, progress_gif
from ganzoo.rendering.exact import exact_file
from ganzoo.rendering.png import STILL_FORMATS, encode_png, encode_still
from ganzoo.rendering.renderers import Renderer, render_samples, renderer_for

__all__ = [
    "STILL_FORMATS",
    "Renderer",
    "encode_png",
    "encode_still",
    "evenly_spaced",
    "exact_file",
    "progress_gif",
    "render_samples",
    "renderer_for",
]
