"""Viewer of samples over training: images in order of steps, and the newest sound or video."""

import base64
import os
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

from ganzoo.errors import GanzooError
from ganzoo.files.reading import open_regular
from ganzoo.jobs.report.formatting import escape_html, format_bytes, format_count
from ganzoo.rendering import evenly_spaced

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
STARTS = {".png": b"\x89PNG\r\n\x1a\n", ".gif": b"GIF8", ".wav": b"RIFF"}  # of files, by suffix


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
    starts = ((step, path, _read_file(path, ".png", 24)[0]) for step, path in sorted(samples))
    available = [(step, path) for step, path, start in starts if _dimensions(start)]
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
    if path.suffix not in ELEMENTS:
        return ""
    content, size = _read_file(path, path.suffix, MAX_MEDIA_BYTES)
    if not content:
        return ""
    if size > MAX_MEDIA_BYTES:
        return (
            f'<p class="hint">The newest samples, {format_bytes(size)}, are next to this page in '
            f"{escape_html(path.name)}.</p>"
        )
    return (
        f'<figure class="newest">{ELEMENTS[path.suffix].format(_base64(content))}'
        "<figcaption>The newest samples.</figcaption></figure>"
    )


def _num_affordable(paths: Sequence[Path]) -> int:
    """Return how many images of this size the page can embed, at least two."""
    mean = sum(path.stat().st_size for path in paths) / len(paths)
    return max(2, min(MAX_IMAGES, int(MAX_IMAGE_BYTES / mean)))


def _read_file(path: Path, suffix: str, limit: int | None = None) -> tuple[bytes, int]:
    """Return the content of a file, or its beginning if it is larger, and its size.

    Nothing of what is missing, a link, no file or of another kind than the suffix says.
    """
    first = STARTS[suffix]
    try:
        with open_regular(path) as file:
            content = file.read(-1 if limit is None else max(limit, len(first)))
            size = os.fstat(file.fileno()).st_size
    except (GanzooError, OSError):
        return b"", 0
    return (content, size) if content.startswith(first) else (b"", 0)


def _dimensions(png: bytes) -> tuple[int, int] | None:
    """Return width and height by the first bytes of a PNG file; `None` if it has none."""
    if len(png) < 24:
        return None
    width, height = struct.unpack(">II", png[16:24])
    return (width, height) if width and height else None


def _image_frame(step: int, path: Path, images: int | None, unit: str) -> str:
    content, _ = _read_file(path, ".png")
    width, height = _dimensions(content) or (1, 1)
    pixels = ' class="pixels"' if 2 * width <= WIDTH else ""
    shown = f"<span>{format_count(images)} {unit}</span>" if images is not None else ""
    return (
        f'<li><figure><img src="data:image/png;base64,{_base64(content)}" '
        f'width="{width}" height="{height}" '
        f'alt="Samples at step {step:,}"{pixels}>'
        f"<figcaption><b>Step {step:,}</b>{shown}</figcaption></figure></li>"
    )


def _gif_link(gif: Path, *, embed: bool) -> str:
    content, size = _read_file(gif, ".gif", MAX_GIF_BYTES)
    if not content:
        return ""
    if not embed:
        return f'<a href="{escape_html(gif.name)}">The animation so far</a> (GIF).'
    if size > MAX_GIF_BYTES:
        return (
            f"The animation, {format_bytes(size)}, is next to this page in {escape_html(gif.name)}."
        )
    link = f'data:image/gif;base64,{_base64(content)}" download="{escape_html(gif.name)}'
    return f'<a href="{link}">Save as an animation</a> (GIF, {format_bytes(size)}).'


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
