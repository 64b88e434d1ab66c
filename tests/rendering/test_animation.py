"""Animations of the sample images of a run."""

import numpy as np
import pytest
from PIL import Image

from ganzoo import rendering
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.rendering.animation import GIF_FRAMES


def frames(folder, levels, mode="L", size=(40, 30)) -> list:
    paths = []
    for index, level in enumerate(levels):
        paths.append(folder / f"step-{index:04d}.png")
        color = level if mode == "L" else (level, 0, 255 - level)
        paths[-1].write_bytes(rendering.encode_png(Image.new(mode, size, color)))
    return paths


def shown(gif) -> list[tuple[tuple, int]]:
    with Image.open(gif) as animation:
        found = []
        for index in range(animation.n_frames):
            animation.seek(index)
            found.append((animation.convert("RGB").getpixel((5, 5)), animation.info["duration"]))
        assert animation.info["loop"] == 0
        return found


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_an_animation_shows_every_image_the_first_longer_and_the_last_longest(tmp_path, mode):
    paths = frames(tmp_path, [0, 80, 160, 250], mode)
    out = rendering.progress_gif(paths, tmp_path / "progress.gif")
    colors, times = zip(*shown(out), strict=True)
    expected = [(v, v, v) if mode == "L" else (v, 0, 255 - v) for v in (0, 80, 160, 250)]
    assert np.abs(np.array(colors) - expected).max() <= 4
    assert times[1] == times[2] < times[0] < times[3]


def test_an_animation_has_the_same_bytes_again_and_replaces_the_old_one(tmp_path):
    paths = frames(tmp_path, [10, 90, 200], "RGB")
    out = tmp_path / "progress.gif"
    out.write_bytes(b"old")
    first = rendering.progress_gif(paths, out).read_bytes()
    assert first.startswith(b"GIF89a")
    assert rendering.progress_gif(paths, out).read_bytes() == first
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".gif", ".png", ".png", ".png"]


def test_every_frame_has_the_size_of_the_last(tmp_path):
    first = frames(tmp_path, [10], size=(80, 80))
    (tmp_path / "later").mkdir()
    last = frames(tmp_path / "later", [90], size=(40, 40))
    with Image.open(rendering.progress_gif(first + last, tmp_path / "out.gif")) as animation:
        assert (animation.size, animation.n_frames) == ((40, 40), 2)


def test_a_long_run_is_thinned_and_a_large_image_shrunk(tmp_path):
    paths = frames(tmp_path, range(0, 180, 2), size=(1280, 20))
    with Image.open(rendering.progress_gif(paths, tmp_path / "out.gif")) as animation:
        assert (animation.n_frames, animation.size) == (GIF_FRAMES, (640, 10))


def test_an_animation_of_one_image_is_one_frame(tmp_path):
    out = rendering.progress_gif(frames(tmp_path, [77]), tmp_path / "out.gif")
    with Image.open(out) as animation:
        assert getattr(animation, "n_frames", 1) == 1
        assert animation.convert("L").getpixel((0, 0)) == 77


def test_an_animation_of_nothing_is_refused(tmp_path):
    with pytest.raises(UsageError, match="Received: none"):
        rendering.progress_gif([], tmp_path / "out.gif")


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n" + b"\0" * 30])
def test_a_file_that_is_no_png_is_named(tmp_path, content):
    broken = tmp_path / "broken.png"
    broken.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"broken\.png"):
        rendering.progress_gif([broken], tmp_path / "out.gif")


def test_an_image_cut_in_half_is_named(tmp_path):
    (path,) = frames(tmp_path, [9], size=(400, 400))
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-20_000])
    with pytest.raises(InvalidInput, match=r"step-0000\.png"):
        rendering.progress_gif([path], tmp_path / "out.gif")


def test_spreading_keeps_both_ends_and_the_order():
    assert rendering.evenly_spaced(range(5), 9) == [0, 1, 2, 3, 4]
    few = rendering.evenly_spaced(range(1000), 11)
    assert few[0] == 0 and few[-1] == 999 and len(few) == 11 and few == sorted(set(few))
