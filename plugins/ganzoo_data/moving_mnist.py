"""Moving MNIST: handwritten digits that drift over a canvas and bounce off its edges.

Srivastava et al. 2015, https://arxiv.org/abs/1502.04681, section 3.2: two digits on 64x64
pixels for 20 frames, each with a random position, direction and speed; where they meet they
overlap. The range of speeds is not stated there: here 2 to 5 pixels a frame on 64.

A video is a function of the seed and its number: integers only, equal on every machine.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.data.availability import DatasetInfo, attach_info
from ganzoo.data.cache import load_or_build, write_array
from ganzoo.data.dataset import Dataset
from ganzoo.data.order import VIDEOS_STREAM, threefry
from ganzoo.data.progress import Progress
from ganzoo.errors import UsageError, unknown
from ganzoo.files.digests import bytes_digest, canonical_json

from .digits import digits as small_digits
from .mnist import LICENSE, mnist

_SOURCES = ("mnist", "digits")
_MAX_BYTES = 16 << 30
_CHUNK_BYTES = 64 << 20  # of videos in memory at once; or a single one
_ONE = 1 << 16  # a pixel, in the units of positions and speeds
_SLOWEST, _FASTEST = 2 * _ONE // 64, 5 * _ONE // 64  # of the canvas, a frame
_DIRECTIONS = 1024


def moving_mnist(
    *,
    data: str | None = None,
    source: str = "mnist",
    frames: int = 20,
    size: int = 64,
    digits: int = 2,
    count: int = 10_000,
    seed: int = 0,
) -> Dataset:
    """Videos of handwritten digits that move and bounce, made from MNIST.

    Args:
        data: Path of an `.npz` file with MNIST's `x_train` and `y_train`, instead of the download.
        source: `"mnist"` (28x28 pixels each) or `"digits"` (8x8, which need no download).
        frames: Number of frames of a video.
        size: Height and width of the canvas in pixels.
        digits: Number of digits in a video.
        count: Number of videos; the first ones are the same for every count.
        seed: Seed of the videos; not the seed of the training.

    Returns:
        uint8 (count, frames, size, size, 1), without labels.

    Raises:
        UsageError: A value is out of range, or all together are more than 16 GiB.
        EnvironmentProblem: MNIST is not here, and the download failed.
    """
    shape = (count, frames, size, size, 1)
    _check(data, source, shape, digits, seed)
    origin = f"made of {source}, after Srivastava et al. 2015, https://arxiv.org/abs/1502.04681"
    info = DatasetInfo(
        name="moving-mnist",
        license=f"{LICENSE} (of the digits)",
        source=origin,
        count=count,
        image_shape=shape[1:],
    )
    with attach_info(info):
        still_digits = mnist(data=data) if source == "mnist" else small_digits()
    key = {"moving-mnist": still_digits.fingerprint, "shape": shape, "digits": digits, "seed": seed}
    fingerprint = bytes_digest(canonical_json(key).encode())

    def build(folder: Path) -> dict[str, Any]:
        digit_images = np.asarray(still_digits.images)
        with Progress("moving-mnist: drawing", count, "images") as progress:
            chunks = _render_chunks(digit_images, shape, digits, seed, progress)
            write_array(folder / "images.npy", shape, "uint8", chunks)
        return {}

    return Dataset(
        name="moving-mnist",
        images=load_or_build(key, build).images,
        license=f"{still_digits.license} (of the digits)",
        source=origin,
        fingerprint=fingerprint,
    )


def _check(data: str | None, source: str, shape: tuple[int, ...], digits: int, seed: int) -> None:
    count, frames, size = shape[:3]
    if source not in _SOURCES:
        raise unknown("source of digits", str(source), _SOURCES)
    if data is not None and source != "mnist":
        raise UsageError(
            f"data is for source='mnist' only. Received: data={data!r}, source={source!r}."
        )
    min_size = 28 if source == "mnist" else 8
    for name, value, low, high in (
        ("frames", frames, 1, 1024),
        ("size", size, min_size, 1024),
        ("digits", digits, 1, 16),
        ("count", count, 1, 10_000_000),
        ("seed", seed, 0, 2**32 - 1),
    ):
        if type(value) is not int or not low <= value <= high:
            raise UsageError(
                f"{name} must be an integer from {low} to {high}. Received: {name}={value!r}."
            )
    if np.prod(shape, dtype=object) > _MAX_BYTES:
        raise UsageError(
            f"The videos may have {_MAX_BYTES >> 30} GiB. Received: count={count:,} x"
            f" frames={frames} x size={size} x size={size} bytes.",
            hint="Make fewer, shorter or smaller ones.",
        )


def _render_chunks(
    digit_images: np.ndarray, shape: tuple[int, ...], digits: int, seed: int, progress: Progress
) -> Iterator[np.ndarray]:
    count, frames, size = shape[:3]
    chunk = max(1, _CHUNK_BYTES // (frames * size * size))
    for start in range(0, count, chunk):
        indices = range(start, min(start + chunk, count))
        yield np.stack([render_video(digit_images, i, frames, size, digits, seed) for i in indices])
        progress.advance(len(indices))


def render_video(
    digit_images: np.ndarray, index: int, frames: int, size: int, digits: int, seed: int
) -> np.ndarray:
    """Render one video.

    Args:
        digit_images: Digits to choose from, uint8 (n, side, side, 1).
        index: Number of the video.
        frames: Number of frames.
        size: Height and width of the canvas in pixels.
        digits: Number of digits that move on the canvas.
        seed: Seed in [0, 2**32).

    Returns:
        uint8 (frames, size, size, 1).
    """
    video = np.zeros((frames, size, size, 1), np.uint8)
    side = digit_images.shape[1]
    for digit in range(digits):
        digit_index, corners = _trajectory(
            index, digit, len(digit_images), frames, size, side, seed
        )
        for frame, (y, x) in zip(video, corners, strict=True):
            window = frame[y : y + side, x : x + side]
            np.maximum(
                window, digit_images[digit_index], out=window
            )  # they overlap, none hides another
    return video


def _trajectory(
    index: int, digit: int, n: int, frames: int, size: int, side: int, seed: int
) -> tuple[int, np.ndarray]:
    """Return the index of a digit, and its corner in each frame: int64 (frames, 2), y and x."""
    counters = np.arange(3, dtype=np.uint32) + np.uint32(4 * digit)
    words = np.stack(threefry(seed, VIDEOS_STREAM, np.uint32(index), counters)).astype(np.int64)

    def below(word: np.int64, limit: int) -> int:
        return int(word) * limit >> 32  # in [0, limit)

    (choice, y, speed), (direction, x, _) = words
    speed = size * (_SLOWEST + below(speed, _FASTEST - _SLOWEST + 1))
    angle = 2 * np.pi * below(direction, _DIRECTIONS) / _DIRECTIONS
    # rounded to integers at once: a cosine's last bit is not the same everywhere
    circle = np.rint(np.array([np.sin(angle), np.cos(angle)]) * _ONE).astype(np.int64)
    velocity = circle * speed // _ONE
    free = (size - side) * _ONE  # pixels that the corner can move, in each direction
    start = np.array([below(y, free + 1), below(x, free + 1)], np.int64)
    way = start + np.arange(frames, dtype=np.int64)[:, None] * velocity  # (frames, 2)
    return below(choice, n), _bounce(way, free) // _ONE


def _bounce(way: np.ndarray, free: int) -> np.ndarray:
    """Fold positions on an endless line into [0, free], as if edges threw them back."""
    if free == 0:
        return np.zeros_like(way)
    folded = way % (2 * free)
    return np.minimum(folded, 2 * free - folded)
