"""Pictures of samples, and files to hear and watch: grids, scatter plots, waveforms, films."""

from ganzoo.jobs.pictures.animations import GIF_FRAMES, progress_gif, spread
from ganzoo.jobs.pictures.forms import ENDINGS, Form, form_of, picture
from ganzoo.jobs.pictures.grids import GAP, NARROWEST, TALLEST, bare, beside, grid
from ganzoo.jobs.pictures.pixels import png
from ganzoo.jobs.pictures.points import SCATTER, scatter

__all__ = [
    "ENDINGS",
    "GAP",
    "GIF_FRAMES",
    "NARROWEST",
    "SCATTER",
    "TALLEST",
    "Form",
    "bare",
    "beside",
    "form_of",
    "grid",
    "picture",
    "png",
    "progress_gif",
    "scatter",
    "spread",
]
