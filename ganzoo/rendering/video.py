"""Videos as animated GIFs and as filmstrips."""

import numpy as np
from PIL import Image

from ganzoo.errors import UsageError
from ganzoo.rendering.animation import encode_gif, evenly_spaced
from ganzoo.rendering.grid import image_grid, single_image

FRAME_DURATION = 80  # milliseconds: 12.5 frames a second, since no data set has a frame rate
MAX_STRIP_FRAMES = 16


def video_gif(videos: np.ndarray, *, columns: int | None = None) -> bytes:
    """Encode videos as one endless GIF, side by side in a grid.

    Args:
        videos: uint8 (n, frames, h, w, c) with 1, 3 or 4 channels.
        columns: Videos per row; see `image_grid`.
    """
    videos = _checked_videos(videos)
    frames = [image_grid(videos[:, t], columns=columns) for t in range(videos.shape[1])]
    return encode_gif(frames, [FRAME_DURATION] * len(frames))


def single_video_gif(video: np.ndarray) -> bytes:
    """Encode one video (frames, h, w, c) as a GIF, neither enlarged nor framed."""
    (video,) = _checked_videos(np.asarray(video)[None])
    return encode_gif([single_image(frame) for frame in video], [FRAME_DURATION] * len(video))


def frames_gif(images: np.ndarray) -> bytes:
    """Encode images (n, h, w, c) as the frames of one endless GIF, enlarged as in a grid."""
    return encode_gif([image_grid(one[None]) for one in images], [FRAME_DURATION] * len(images))


def filmstrip(videos: np.ndarray) -> Image.Image:
    """Draw a row of frames for each video, at most 16 of them, evenly spaced.

    Args:
        videos: uint8 (n, frames, h, w, c) with 1, 3 or 4 channels.
    """
    videos = _checked_videos(videos)
    times = evenly_spaced(range(videos.shape[1]), MAX_STRIP_FRAMES)
    frames = videos[:, times].reshape(-1, *videos.shape[2:])
    return image_grid(frames, columns=len(times))


def _checked_videos(videos: np.ndarray) -> np.ndarray:
    videos = np.asarray(videos)
    if videos.ndim != 5 or 0 in videos.shape or videos.dtype != np.uint8:
        raise UsageError(
            "Videos must be uint8 (n, frames, height, width, channels), with n at least 1. "
            f"Received: {videos.dtype} {videos.shape}."
        )
    return videos
