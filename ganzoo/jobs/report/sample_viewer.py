"""Viewer of samples over training: images in order of steps, and the newest sound or video."""

import base64
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

from ganzoo.jobs.rendering import evenly_spaced
from ganzoo.jobs.report.formatting import escape_html, format_bytes, format_count

MAX_IMAGES = 40
MAX_IMAGE_BYTES = 8_000_000  # of all images together, so that the page opens at once
MAX_GIF_BYTES = 4_000_000  # a larger animation is not embedded
MAX_MEDIA_BYTES = 8_000_000  # nor is a larger sound or video
WIDTH = 640  # pixels of an image in the page
COLUMNS = "Columns: source image, generated image, and the real target of paired data."
ELEMENTS = {  # HTML of an embedded file, by its suffix
    ".wav": '<audio controls preload="metadata" src="data:audio/wav;base64,{}"></audio>',
    ".gif": '<img src="data:image/gif;base64,{}" class="pixels" alt="The newest video samples">',
}
PNG_START = b"\x89PNG\r\n\x1a\n"


def sample_viewer(
    samples: Sequence[tuple[int, Path]],
    gif: Path | None,
    *,
    images_at: Callable[[int], int | None],
    unit: str,
    legend: Sequence[tuple[str, str]] = (),
    media: Sequence[Path] = (),
    embed_gif: bool = True,
    columns: bool = False,
) -> str:
    """Return the sample images of a run as HTML, first to last; empty if there are none.

    Args:
        samples: Pairs of step and PNG file; other files are left out.
        gif: An animation to offer for download, unless it is missing or too large.
        images_at: `(step) -> images`: real images shown up to a step, `None` if unknown.
        unit: Name of what is counted: images, points, sounds.
        legend: Pairs of a class of the style sheet and what has that color in the images.
        media: Sound or video files of the newest samples.
        embed_gif: Whether the page holds the animation itself, not a link to the file beside it.
        columns: Whether the images have columns of sources and translations.
    """
    available = [(step, path) for step, path in sorted(samples) if _png_size(path)]
    if not available:
        return ""
    embedded = evenly_spaced(available, _num_affordable([path for _, path in available]))
    frames = "".join(_image_frame(step, path, images_at(step), unit) for step, path in embedded)
    notes = [COLUMNS] if columns else []
    if len(embedded) < len(available):
        notes.append(f"{len(embedded)} of the {len(available)} images in the run folder.")
    if gif is not None and (link := _gif_link(Path(gif), embed=embed_gif)):
        notes.append(link)
    swatches = (f'<li><i class="swatch {color}"></i>{name}' for color, name in legend)
    key = f'<ul class="legend">{"".join(swatches)}</ul>' if legend else ""
    return (
        f'<section class="stage" aria-label="Samples over time"><ol class="frames">{frames}</ol>'
        f"{key}{''.join(map(_media_element, media))}"
        f'<p class="hint">{" ".join(notes)}</p></section>'
    )


def _media_element(path: Path) -> str:
    """Return a sound or video file as an element of the page."""
    try:
        size = path.stat().st_size
    except OSError:
        return ""
    if path.suffix not in ELEMENTS:
        return ""
    if size > MAX_MEDIA_BYTES:
        return (
            f'<p class="hint">The newest samples, {format_bytes(size)}, are next to this page in '
            f"{escape_html(path.name)}.</p>"
        )
    return (
        f'<figure class="newest">{ELEMENTS[path.suffix].format(_base64_file(path))}'
        "<figcaption>The newest samples.</figcaption></figure>"
    )


def _num_affordable(paths: Sequence[Path]) -> int:
    """Return how many images of this size the page can embed, at least two."""
    mean = sum(path.stat().st_size for path in paths) / len(paths)
    return max(2, min(MAX_IMAGES, int(MAX_IMAGE_BYTES / mean)))


def _png_size(path: Path) -> tuple[int, int] | None:
    """Return width and height of a PNG file; `None` for anything else and missing files."""
    try:
        with open(path, "rb") as file:
            start = file.read(24)
    except OSError:
        return None
    if len(start) < 24 or not start.startswith(PNG_START):
        return None
    width, height = struct.unpack(">II", start[16:])
    return (width, height) if width and height else None


def _image_frame(step: int, path: Path, images: int | None, unit: str) -> str:
    width, height = _png_size(path) or (1, 1)
    pixels = ' class="pixels"' if 2 * width <= WIDTH else ""
    shown = f"<span>{format_count(images)} {unit}</span>" if images is not None else ""
    return (
        f'<li><figure><img src="data:image/png;base64,{_base64_file(path)}" '
        f'width="{width}" height="{height}" '
        f'alt="Samples at step {step:,}"{pixels}>'
        f"<figcaption><b>Step {step:,}</b>{shown}</figcaption></figure></li>"
    )


def _gif_link(gif: Path, *, embed: bool) -> str:
    try:
        size = gif.stat().st_size
    except OSError:
        return ""
    if not embed:
        return f'<a href="{escape_html(gif.name)}">The animation so far</a> (GIF).'
    if size > MAX_GIF_BYTES:
        return (
            f"The animation, {format_bytes(size)}, is next to this page in {escape_html(gif.name)}."
        )
    link = f'data:image/gif;base64,{_base64_file(gif)}" download="{escape_html(gif.name)}'
    return f'<a href="{link}">Save as an animation</a> (GIF, {format_bytes(size)}).'


def _base64_file(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")
