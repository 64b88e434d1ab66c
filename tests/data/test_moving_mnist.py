import sys

import numpy as np
import pytest
from ganzoo_data.digits import digits
from ganzoo_data.moving_mnist import moving_mnist, render_video

from ganzoo.errors import UnknownName, UsageError

SMALL = {"source": "digits", "frames": 12, "size": 20, "count": 6}


def corners(video):
    """First row and column with anything in it, per frame: int (frames, 2)."""
    lit = video[..., 0] > 0
    return np.stack([lit.any(axis=2).argmax(axis=1), lit.any(axis=1).argmax(axis=1)], axis=1)


def test_videos_need_neither_a_download_nor_keras(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    dataset = moving_mnist(**SMALL)
    assert dataset.images.shape == (6, 12, 20, 20, 1)
    assert dataset.images.dtype == np.uint8
    assert dataset.labels is None
    assert all(video.any(axis=(1, 2, 3)).all() for video in dataset.images)  # no empty frame


def test_a_digit_stays_whole_and_bounces_at_constant_speed():
    square = np.full((1, 4, 4, 1), 9, np.uint8)
    bounces, speeds = 0, []
    for index in range(20):
        video = render_video(square, index, frames=40, size=64, digits=1, seed=3)
        assert (video == 9).sum(axis=(1, 2, 3)).tolist() == [16] * 40  # never cut off
        places = corners(video)
        moves = np.diff(places, axis=0)
        bounces += int((moves[:-1] * moves[1:] < 0).sum())
        # away from the edges it moves by the same way each frame, up to the rounding
        free = ((places > 5) & (places < 55)).all(axis=1)
        steps = np.abs(moves[free[:-1] & free[1:]])
        if len(steps) > 9:
            assert np.ptp(steps, axis=0).max() <= 1
            speeds.append(np.linalg.norm(steps.mean(axis=0)))
    assert bounces > 20 and len(speeds) > 10
    assert 1.8 < min(speeds) < 2.8 and 4.2 < max(speeds) < 5.2  # 2 to 5 pixels


def test_digits_overlap_and_none_hides_another():
    images = digits(images=50).images
    alone = [render_video(images, 5, 8, 16, n, 0).astype(int) for n in (1, 2)]
    assert (alone[1] >= alone[0]).all()
    assert (alone[1] > alone[0]).any()


def test_a_video_depends_on_its_number_and_the_seed_alone():
    some = moving_mnist(**SMALL)
    more = moving_mnist(**SMALL | {"count": 70})
    other = moving_mnist(**SMALL | {"seed": 1})
    np.testing.assert_array_equal(more.images[:6], some.images)
    assert len({video.tobytes() for video in more.images}) == 70
    assert (other.images != some.images).any()
    # of integers only: the same on every machine
    assert int(some.images.sum(dtype=np.int64)) == 686_586


def test_every_option_is_part_of_the_identity(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 28, 28), np.uint8)
    np.savez(tmp_path / "mnist.npz", x_train=pixels, y_train=np.arange(9))
    mnist = {"source": "mnist", "data": str(tmp_path / "mnist.npz"), "size": 32}
    changes = [{}, {"frames": 3}, {"size": 24}, {"digits": 1}, {"count": 5}, {"seed": 2}, mnist]
    found = [moving_mnist(**SMALL | change).fingerprint for change in changes]
    assert len(set(found)) == len(changes)
    assert moving_mnist(**SMALL).fingerprint == found[0]


def test_a_canvas_as_small_as_a_digit_stands_still():
    video = moving_mnist(source="digits", size=8, count=1, frames=3, digits=1).images[0]
    assert (video == video[:1]).all() and video.any()


@pytest.mark.parametrize(
    "option",
    [
        {"size": 7}, {"source": "mnist", "size": 27}, {"frames": 0}, {"digits": 17}, {"count": 2.5},
        {"seed": -1}, {"data": "x.npz"}, {"count": 10_000_000, "frames": 1024},
    ],
)  # fmt: skip
def test_options_out_of_range_are_refused(option):
    with pytest.raises(UsageError, match="Received"):
        moving_mnist(**SMALL | option)


def test_another_source_of_digits_is_refused_with_a_suggestion():
    with pytest.raises(UnknownName, match="Did you mean 'mnist'"):
        moving_mnist(source="minst")
