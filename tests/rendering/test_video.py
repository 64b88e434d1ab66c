"""Videos: every frame in its time, every video in its place."""

import io

import numpy as np
import pytest
from PIL import Image

from ganzoo.errors import UsageError
from ganzoo.rendering.video import FRAME_DURATION, filmstrip, single_video_gif, video_gif


def numbered(n: int, frames: int, channels: int = 1, size: int = 4) -> np.ndarray:
    """Videos whose frames are each of one level: 10 * (number of the video) + time."""
    levels = (10 * np.arange(n)[:, None] + np.arange(frames)).astype(np.uint8)
    shape = (n, frames, size, size, channels)
    return np.broadcast_to(levels[:, :, None, None, None], shape).copy()


def frames_of(content: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(content)) as animation:
        assert animation.info["loop"] == 0
        found = []
        for index in range(animation.n_frames):
            animation.seek(index)
            assert animation.info["duration"] == FRAME_DURATION
            found.append(np.asarray(animation.convert("L")))
        return found


@pytest.mark.parametrize("channels", [1, 3])
def test_a_video_shows_all_videos_at_once_frame_by_frame(channels):
    found = frames_of(video_gif(10 * numbered(2, 5, channels), columns=2))
    levels = [(frame[0, 0], frame[0, -1]) for frame in found]
    expected = [(10 * t, 100 + 10 * t) for t in range(5)]
    assert np.abs(np.array(levels, int) - expected).max() <= 2  # of a palette


def test_a_video_of_one_is_its_pixels():
    found = frames_of(single_video_gif(numbered(1, 3)[0]))
    assert [frame.shape for frame in found] == [(4, 4)] * 3
    assert [int(frame[0, 0]) for frame in found] == [0, 1, 2]


def test_a_strip_is_a_row_of_frames_for_each_video():
    sheet = np.asarray(filmstrip(numbered(2, 3, size=256)))
    assert sheet.shape == (2 * 258 - 2, 3 * 258 - 2)
    assert sheet[::258, ::258].tolist() == [[0, 1, 2], [10, 11, 12]]


def test_a_long_strip_keeps_its_ends():
    sheet = np.asarray(filmstrip(numbered(1, 100, size=64)))
    assert sheet.shape[1] == 16 * 66 - 2
    assert (sheet[0, 0], sheet[0, -1]) == (0, 99)


@pytest.mark.parametrize("dtype, shape", [("uint8", (2, 4, 4, 3)), ("float32", (2, 3, 4, 4, 1))])
def test_what_is_no_video_is_refused(dtype, shape):
    for function in (video_gif, filmstrip):
        with pytest.raises(UsageError, match=r"Videos must be uint8 .*Received"):
            function(np.zeros(shape, dtype))
