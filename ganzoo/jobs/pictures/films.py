"""Videos to watch, as an animation, and to look at, as strips of their frames."""

import numpy as np
from PIL import Image

from ganzoo.errors import UsageError
from ganzoo.jobs.pictures.animations import gif, spread
from ganzoo.jobs.pictures.grids import bare, grid

FRAME_SHOWN = 80  # milliseconds: 12.5 frames a second, since no data set says how many
STRIP = 16  # frames in a strip, at most


def film(videos: np.ndarray, *, columns: int | None = None) -> bytes:
    """An endless GIF of all the videos at once, as a grid.

    Args:
        videos: uint8 (n, frames, h, w, c) with 1, 3 or 4 channels.
        columns: As of `grid`.
    """
    videos = _videos(videos)
    frames = [grid(videos[:, t], columns=columns) for t in range(videos.shape[1])]
    return gif(frames, [FRAME_SHOWN] * len(frames))


def bare_film(video: np.ndarray) -> bytes:
    """A GIF of one video (frames, h, w, c) as it is: neither enlarged nor framed."""
    (video,) = _videos(np.asarray(video)[None])
    return gif([bare(frame) for frame in video], [FRAME_SHOWN] * len(video))


def strips(videos: np.ndarray) -> Image.Image:
    """A row of frames for each video, at most 16 of them, evenly spread.

    Args:
        videos: uint8 (n, frames, h, w, c) with 1, 3 or 4 channels.
    """
    videos = _videos(videos)
    shown = spread(range(videos.shape[1]), STRIP)
    frames = videos[:, shown].reshape(-1, *videos.shape[2:])
    return grid(frames, columns=len(shown))


def _videos(videos: np.ndarray) -> np.ndarray:
    videos = np.asarray(videos)
    if videos.ndim != 5 or 0 in videos.shape or videos.dtype != np.uint8:
        raise UsageError(
            "Videos must be uint8 (n, frames, height, width, channels), at least one of them. "
            f"Received: {videos.dtype} {videos.shape}."
        )
    return videos
