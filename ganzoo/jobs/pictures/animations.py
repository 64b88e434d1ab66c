"""Pictures in the order of time, as an animation."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ganzoo.errors import UsageError
from ganzoo.files.publish import publish
from ganzoo.jobs.pictures.pixels import read_png

GIF_SIDE = 640  # pixels
GIF_FRAMES = 60
FIRST_SHOWN, ALL_SHOWN, LAST_SHOWN = 800, 6000, 2500  # milliseconds


def progress_gif(paths: Sequence[Path], out: Path) -> Path:
    """An endless animation of the pictures of a run, at most 60 frames and 640 pixels.

    The first frame is held for a moment and the last one longest. Every frame has the size of
    the last; an existing `out` is replaced as a whole.

    Args:
        paths: PNG files in the order of time.
        out: The GIF file to write.

    Raises:
        UsageError: There is no picture.
        InvalidInput: A file is not a PNG that can be read.
    """
    if not paths:
        raise UsageError("An animation needs at least one picture. Received: none.")
    pictures = [read_png(path) for path in spread(paths, GIF_FRAMES)]
    size = _within(pictures[-1].size, GIF_SIDE)
    each = min(max(ALL_SHOWN // len(pictures) // 10 * 10, 60), 400)
    shown = [FIRST_SHOWN, *[each] * (len(pictures) - 2), LAST_SHOWN][-len(pictures) :]
    publish(Path(out), gif([_sized(image, size) for image in pictures], shown), overwrite=True)
    return Path(out)


def gif(pictures: Sequence[Image.Image], shown: Sequence[int]) -> bytes:
    """The bytes of an endless animation, the same for the same pictures.

    Args:
        pictures: `L`, `RGB` or `RGBA`, all of one size.
        shown: How long each, in milliseconds.
    """
    gray = all(image.mode == "L" for image in pictures)
    frames = [image if gray else _with_palette(image) for image in pictures]
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=list(shown),
        loop=0,
        disposal=1,
    )
    return buffer.getvalue()


def spread(items: Sequence, most: int) -> list:
    """At most `most` of the items, evenly spread, with the first and the last."""
    if len(items) <= most:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, most).round().astype(int)]


def _within(size: tuple[int, int], side: int) -> tuple[int, int]:
    shrink = min(1.0, side / max(size))
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def _sized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _with_palette(image: Image.Image) -> Image.Image:
    """256 colors; of a gray picture they are there already, and nothing is lost."""
    image = image.convert("RGB")
    palette = image.quantize(256, method=Image.Quantize.MEDIANCUT)
    return image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
