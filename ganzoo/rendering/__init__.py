"""Samples as files: image grids, scatter plots, waveforms, filmstrips, WAV and GIF."""

from ganzoo.rendering.animation import (
    ANIMATIONS,
    encode_animation,
    evenly_spaced,
    progress_gif,
)
from ganzoo.rendering.exact import exact_file
from ganzoo.rendering.grid import single_image
from ganzoo.rendering.png import STILL_FORMATS, encode_png, encode_still
from ganzoo.rendering.png_rows import encode_rows
from ganzoo.rendering.renderers import Renderer, render_samples, renderer_for
from ganzoo.rendering.resized_rows import resize_rows

__all__ = [
    "ANIMATIONS",
    "STILL_FORMATS",
    "Renderer",
    "encode_animation",
    "encode_png",
    "encode_rows",
    "encode_still",
    "evenly_spaced",
    "exact_file",
    "progress_gif",
    "render_samples",
    "renderer_for",
    "resize_rows",
    "single_image",
]
