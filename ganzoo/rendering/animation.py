"""Animated GIFs: the training progress of a run, and frames in general."""

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from ganzoo.errors import EnvironmentProblem, UsageError
from ganzoo.files.publish import publish
from ganzoo.rendering.png import read_png

T = TypeVar("T")

ANIMATIONS = (".gif", ".webp", ".png", ".mp4")
GIF_SIZE = 640  # pixels
GIF_FRAMES = 60
FIRST_DURATION, TOTAL_DURATION, LAST_DURATION = 800, 6000, 2500  # milliseconds


def progress_gif(paths: Sequence[Path], out: Path) -> Path:
    """Write an endless GIF of the sample images of a run, at most 60 frames and 640 pixels.

    The first frame is held for a moment and the last one longest. Every frame has the size of
    the last. An existing `out` is replaced as a whole.

    Args:
        paths: PNG files in the order of time.
        out: The GIF file to write.

    Raises:
        UsageError: `paths` is empty.
        InvalidInput: A file is not a readable PNG.
    """
    if not paths:
        raise UsageError("An animation needs at least one image. Received: none.")
    images = [read_png(path) for path in evenly_spaced(paths, GIF_FRAMES)]
    size = _gif_size(images[-1].size, GIF_SIZE)
    middle = min(max(TOTAL_DURATION // len(images) // 10 * 10, 60), 400)
    durations = [FIRST_DURATION, *[middle] * (len(images) - 2), LAST_DURATION][-len(images) :]
    content = encode_gif([_resize_frame(image, size) for image in images], durations)
    publish(Path(out), content, overwrite=True)
    return Path(out)


def encode_gif(images: Sequence[Image.Image], durations: Sequence[int]) -> bytes:
    """Encode frames as an endless GIF; equal frames give equal bytes.

    Args:
        images: Frames of mode `L`, `RGB` or `RGBA`, all of one size.
        durations: Milliseconds for each frame.
    """
    gray = all(image.mode == "L" for image in images)
    frames = [image if gray else _quantize_colors(image) for image in images]
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=list(durations),
        loop=0,
        disposal=1,
    )
    return buffer.getvalue()


def encode_animation(images: Sequence[Image.Image], fps: float, suffix: str) -> bytes:
    """Encode frames as an endless animation.

    Args:
        images: Frames of mode `L`, `RGB` or `RGBA`, all of one size.
        fps: Frames per second, at most 50, which GIF has.
        suffix: `.gif` (256 colors), `.webp` or `.png` (all colors); or `.mp4`, H.264, which ends.

    Raises:
        UsageError: There is no animation with that ending.
        EnvironmentProblem: MP4 needs a package that is not installed.
    """
    ends = [round(100 * (i + 1) / fps) * 10 for i in range(len(images))]  # GIF counts in 10 ms
    durations = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    if suffix == ".gif":
        return encode_gif(images, durations)
    if suffix not in ANIMATIONS:
        raise UsageError(f"Animations end in {', '.join(ANIMATIONS)}. Received: {suffix!r}.")
    if suffix == ".mp4":
        return _encode_mp4(images, fps)
    options = {"lossless": True} if suffix == ".webp" else {}
    buffer = io.BytesIO()
    first, *others = (image.convert("RGBA" if image.mode == "RGBA" else "RGB") for image in images)
    first.save(
        buffer, suffix[1:].upper(), save_all=True, append_images=others, duration=durations,
        loop=0, **options,
    )  # fmt: skip
    return buffer.getvalue()


def _encode_mp4(images: Sequence[Image.Image], fps: float) -> bytes:
    """H.264 in 4:2:0, which every browser shows; sides are made even by repeating an edge."""
    try:
        import av
    except ImportError as error:
        raise EnvironmentProblem(
            "MP4 files need the package av, which is not installed.",
            hint='Install it with: pip install "keras-ganzoo[video]"',
        ) from error
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as file:
        stream = file.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "12"}
        stream.width, stream.height = (size + size % 2 for size in images[0].size)
        for image in images:
            pixels = np.asarray(image.convert("RGB"))
            uneven = [(0, size % 2) for size in pixels.shape[:2]]
            frame = av.VideoFrame.from_ndarray(np.pad(pixels, [*uneven, (0, 0)], mode="edge"))
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return buffer.getvalue()


def evenly_spaced(items: Sequence[T], max_count: int) -> list[T]:
    """Return at most `max_count` items, evenly spaced, with the first and the last."""
    if len(items) <= max_count:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, max_count).round().astype(int)]


def _gif_size(size: tuple[int, int], max_size: int) -> tuple[int, int]:
    shrink = min(1.0, max_size / max(size))
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def _resize_frame(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _quantize_colors(image: Image.Image) -> Image.Image:
    """Reduce to 256 colors; a gray image has no more, and loses nothing."""
    image = image.convert("RGB")
    palette = image.quantize(256, method=Image.Quantize.MEDIANCUT)
    return image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
