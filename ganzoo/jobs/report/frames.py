"""Samples over time: a row of pictures, which the page's script turns into a player; the newest
to hear or to watch.
"""

import base64
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

from ganzoo.jobs.rendering import evenly_spaced
from ganzoo.jobs.report.markup import count, size, text

FRAMES = 40
FRAME_BYTES = 8_000_000  # of all pictures together, so that the page opens at once
GIF_BYTES = 4_000_000  # a larger animation stays beside the page
MOVING_BYTES = 8_000_000  # and so do larger sounds and films
WIDTH = 640  # pixels that the page gives to a picture
COLUMNS = "Columns: the source, what was generated from it, and, of pairs, the real target."
ELEMENTS = {  # what a page shows of a file, by its ending
    ".wav": '<audio controls preload="metadata" src="data:audio/wav;base64,{}"></audio>',
    ".gif": '<img src="data:image/gif;base64,{}" class="pixels" alt="The newest samples, moving">',
}
PNG_START = b"\x89PNG\r\n\x1a\n"


def stage(
    samples: Sequence[tuple[int, Path]],
    gif: Path | None,
    *,
    images_at: Callable[[int], int | None],
    unit: str,
    legend: Sequence[tuple[str, str]] = (),
    moving: Sequence[Path] = (),
    columns: bool = False,
) -> str:
    """The pictures of a run as HTML, first to last; empty where there are none.

    Args:
        samples: (step, PNG file); what is not a PNG is left out.
        gif: An animation to offer for saving, if it is there and not too large.
        images_at: Images shown up to a step, where that is known.
        unit: What is counted then: images, points, sounds.
        legend: Classes of the style sheet, and what has that color in the pictures.
        moving: Files of the newest samples, to hear and to watch.
        columns: The pictures have columns: sources, and what was generated from them.
    """
    pictures = [(step, path) for step, path in sorted(samples) if _png(path)]
    if not pictures:
        return ""
    shown = evenly_spaced(pictures, _affordable([path for _, path in pictures]))
    frames = "".join(_frame(step, path, images_at(step), unit) for step, path in shown)
    notes = [COLUMNS] if columns else []
    if len(shown) < len(pictures):
        notes.append(f"{len(shown)} of the {len(pictures)} pictures in the run folder.")
    if gif is not None and (offer := _offer(Path(gif))):
        notes.append(offer)
    swatches = (f'<li><i class="swatch {color}"></i>{name}' for color, name in legend)
    key = f'<ul class="legend">{"".join(swatches)}</ul>' if legend else ""
    return (
        f'<section class="stage" aria-label="Samples over time"><ol class="frames">{frames}</ol>'
        f"{key}{''.join(map(_moving, moving))}"
        f'<p class="hint">{" ".join(notes)}</p></section>'
    )


def _moving(path: Path) -> str:
    """Sounds or films, as an element of the page."""
    try:
        octets = path.stat().st_size
    except OSError:
        return ""
    if path.suffix not in ELEMENTS:
        return ""
    if octets > MOVING_BYTES:
        return (
            f'<p class="hint">The newest samples, {size(octets)}, lie beside this page as '
            f"{text(path.name)}.</p>"
        )
    return (
        f'<figure class="newest">{ELEMENTS[path.suffix].format(_base64(path))}'
        "<figcaption>The newest samples.</figcaption></figure>"
    )


def _affordable(paths: Sequence[Path]) -> int:
    """How many pictures of this size the page can carry: always the first and the last."""
    mean = sum(path.stat().st_size for path in paths) / len(paths)
    return max(2, min(FRAMES, int(FRAME_BYTES / mean)))


def _png(path: Path) -> tuple[int, int] | None:
    """Width and height of a PNG file; None for anything else, also for what is gone."""
    try:
        with open(path, "rb") as file:
            start = file.read(24)
    except OSError:
        return None
    if len(start) < 24 or not start.startswith(PNG_START):
        return None
    width, height = struct.unpack(">II", start[16:])
    return (width, height) if width and height else None


def _frame(step: int, path: Path, images: int | None, unit: str) -> str:
    width, height = _png(path) or (1, 1)
    pixels = ' class="pixels"' if 2 * width <= WIDTH else ""
    beside = f"<span>{count(images)} {unit}</span>" if images is not None else ""
    return (
        f'<li><figure><img src="data:image/png;base64,{_base64(path)}" '
        f'width="{width}" height="{height}" '
        f'alt="Samples at step {step:,}"{pixels}>'
        f"<figcaption><b>Step {step:,}</b>{beside}</figcaption></figure></li>"
    )


def _offer(gif: Path) -> str:
    try:
        octets = gif.stat().st_size
    except OSError:
        return ""
    if octets > GIF_BYTES:
        return f"The animation, {size(octets)}, lies beside this page as {text(gif.name)}."
    link = f'data:image/gif;base64,{_base64(gif)}" download="{text(gif.name)}'
    return f'<a href="{link}">Save as an animation</a> (GIF, {size(octets)}).'


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")
