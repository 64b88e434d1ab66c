"""Pictures: every pixel where it belongs, the same bytes for the same picture."""

import io

import numpy as np
import pytest
from PIL import Image

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.jobs import pictures


def numbered(n: int, size: int = 4, channels: int = 1) -> np.ndarray:
    """Images that are each of one grey level, 100 + their number."""
    levels = np.arange(100, 100 + n, dtype=np.uint8).reshape(n, 1, 1, 1)
    return np.broadcast_to(levels, (n, size, size, channels)).copy()


def noise(n: int, size: int, channels: int) -> np.ndarray:
    shape = (n, size, size, channels)
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def test_a_grid_puts_images_row_after_row():
    sheet = np.asarray(pictures.grid(numbered(6), columns=3, pad=1, scale=1))
    assert sheet.shape == (2 * 4 + 1, 3 * 4 + 2)
    assert sheet[::5, ::5].tolist() == [[100, 101, 102], [103, 104, 105]]
    assert set(sheet[4]) == set(sheet[:, 4]) == {pictures.GAP}


@pytest.mark.parametrize("channels, mode", [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_a_grid_keeps_every_pixel_and_channel(channels, mode):
    images = noise(2, 5, channels)
    sheet = pictures.grid(images, columns=2, pad=0, scale=1)
    assert sheet.mode == mode
    pixels = np.asarray(sheet).reshape(5, 10, channels)
    assert (pixels == np.concatenate(list(images), axis=1)).all()


def test_an_enlarged_pixel_becomes_a_square_of_itself():
    images = noise(1, 3, 1)
    sheet = np.asarray(pictures.grid(images, scale=7))
    assert (sheet == np.kron(images[0, ..., 0], np.ones((7, 7), np.uint8))).all()


def test_a_bare_image_is_its_pixels():
    image = noise(1, 6, 3)[0]
    assert (np.asarray(pictures.bare(image)) == image).all()


@pytest.mark.parametrize("n, size", [(1, 1), (16, 8), (64, 28), (7, 32), (3, 100)])
def test_a_grid_of_tiny_images_is_wide_enough_to_look_at(n, size):
    width, height = pictures.grid(numbered(n, size)).size
    assert pictures.NARROWEST <= width < 3 * pictures.NARROWEST
    assert height <= pictures.TALLEST


def test_a_tall_column_is_not_enlarged_beyond_reason():
    assert pictures.grid(numbered(100, 8), columns=1).height < 1.3 * pictures.TALLEST


def test_a_large_grid_is_not_enlarged():
    assert pictures.grid(numbered(4, 300)).size == (602, 602)


@pytest.mark.parametrize("n, columns", [(1, 1), (2, 2), (9, 3), (10, 5), (12, 4), (16, 4), (64, 8)])
def test_a_grid_chooses_a_full_rectangle(n, columns):
    assert pictures.grid(numbered(n), pad=0, scale=1).width == 4 * columns


def test_cells_without_an_image_stay_empty():
    sheet = np.asarray(pictures.grid(numbered(7), pad=0, scale=1))
    assert sheet.shape == (12, 12)
    assert (sheet[8:, 4:] == pictures.GAP).all()


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 4, 4, 2), np.uint8),
        np.zeros((2, 4, 4), np.uint8),
        np.zeros((0, 4, 4, 1), np.uint8),
        np.zeros((2, 4, 4, 1), np.float32),
    ],
)
def test_a_grid_says_what_it_received(images):
    with pytest.raises(UsageError, match="Received: (uint8|float32)"):
        pictures.grid(images)


@pytest.mark.parametrize("setting", [{"columns": 0}, {"pad": -1}, {"scale": 1.5}, {"scale": True}])
def test_a_setting_without_sense_is_refused(setting):
    with pytest.raises(UsageError, match=f"Received: {next(iter(setting))}="):
        pictures.grid(numbered(2), **setting)


def dominant(picture: Image.Image, at: tuple[float, float], low: float, high: float) -> str:
    """Whether blue (real), red (fake or astray) or nothing lies at a coordinate."""
    across, up = ((value - low) / (high - low) * (pictures.SCATTER - 1) for value in at)
    red, _, blue = picture.getpixel((round(across), pictures.SCATTER - 1 - round(up)))
    if max(red, blue) < 70:
        return "nothing"
    return "real" if blue > red else "fake"


def test_points_are_drawn_where_they_are_with_up_as_up():
    real = np.array([[-1, -1], [1, 1], [-1, 1], [1, -1]], np.float32)
    picture = pictures.scatter(np.array([[0.5, -0.75]]), real)
    low, high = -1.15, 1.15  # the frame: 15 % around the real points
    assert dominant(picture, (0.5, -0.75), low, high) == "fake"
    assert dominant(picture, (1, 1), low, high) == "real"
    assert dominant(picture, (0.5, 0.75), low, high) == "nothing"


def test_a_generated_point_outside_the_frame_is_shown_on_its_edge_in_another_colour():
    real = np.array([[-1, -1], [1, 1]], np.float32)
    picture = pictures.scatter(np.array([[50.0, 0.0]]), real)
    red, green, blue = picture.getpixel((pictures.SCATTER - 1, pictures.SCATTER // 2))
    assert red > 200 and abs(green - blue) < 20


def test_the_frame_follows_the_real_points_only():
    real = np.array([[-1, -1], [1, 1]], np.float32)
    near, far = (pictures.scatter(np.array([[0.0, x]]), real) for x in (0.2, 30.0))
    left = (0, 0, 250, pictures.SCATTER)  # one real point, none of the generated ones
    assert near.crop(left).tobytes() == far.crop(left).tobytes()
    assert near.tobytes() != far.tobytes()


def test_points_that_are_not_finite_are_left_out():
    points = np.array([[0, 0], [np.nan, 0], [np.inf, 1], [0, -np.inf]])
    assert pictures.scatter(points).tobytes() == pictures.scatter(points[:1]).tobytes()


def test_of_points_in_space_the_first_two_coordinates_are_drawn():
    points = np.random.default_rng(0).normal(size=(2, 30, 5))
    assert (
        pictures.picture(points[0], points[1]).tobytes()
        == pictures.scatter(points[0, :, :2], points[1, :, :2]).tobytes()
    )


def test_points_on_a_line_are_drawn_on_a_level():
    line = np.linspace(-1, 1, 30)[:, None]
    level = np.concatenate([line, np.zeros_like(line)], axis=1)
    assert pictures.picture(line).tobytes() == pictures.scatter(level).tobytes()


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.full((3, 2), 7.0), np.full((2, 2), 1e90)])
def test_a_scatter_without_extent_is_still_a_picture(points):
    assert pictures.scatter(points).size == (pictures.SCATTER, pictures.SCATTER)


@pytest.mark.parametrize("points", [np.zeros((4, 0)), np.zeros(4), np.zeros((2, 2), complex)])
def test_a_scatter_says_what_it_received(points):
    with pytest.raises(UsageError, match="Received: (float64|complex128)"):
        pictures.scatter(points)


def test_a_picture_of_points_is_a_scatter_and_of_images_a_grid():
    points = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert pictures.picture(points).tobytes() == pictures.scatter(points).tobytes()
    images = numbered(4)
    assert pictures.picture(images, real=None).tobytes() == pictures.grid(images).tobytes()


def test_a_png_holds_exactly_the_pixels_and_nothing_else():
    image = pictures.grid(noise(4, 8, 3))
    image.info["icc_profile"], image.info["comment"] = b"profile", "text"
    data = pictures.png(image)
    again = Image.open(io.BytesIO(data))
    assert again.tobytes() == image.tobytes() and again.info == {}
    assert data == pictures.png(image.copy())


def frames(folder, levels, mode="L", size=(40, 30)) -> list:
    paths = []
    for index, level in enumerate(levels):
        paths.append(folder / f"step-{index:04d}.png")
        colour = level if mode == "L" else (level, 0, 255 - level)
        paths[-1].write_bytes(pictures.png(Image.new(mode, size, colour)))
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
def test_an_animation_shows_every_picture_the_first_longer_and_the_last_longest(tmp_path, mode):
    paths = frames(tmp_path, [0, 80, 160, 250], mode)
    out = pictures.progress_gif(paths, tmp_path / "progress.gif")
    colours, times = zip(*shown(out), strict=True)
    expected = [(v, v, v) if mode == "L" else (v, 0, 255 - v) for v in (0, 80, 160, 250)]
    assert np.abs(np.array(colours) - expected).max() <= 4
    assert times[1] == times[2] < times[0] < times[3]


def test_an_animation_has_the_same_bytes_again_and_replaces_the_old_one(tmp_path):
    paths = frames(tmp_path, [10, 90, 200], "RGB")
    out = tmp_path / "progress.gif"
    out.write_bytes(b"old")
    first = pictures.progress_gif(paths, out).read_bytes()
    assert first.startswith(b"GIF89a")
    assert pictures.progress_gif(paths, out).read_bytes() == first
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".gif", ".png", ".png", ".png"]


def test_every_frame_has_the_size_of_the_last(tmp_path):
    first = frames(tmp_path, [10], size=(80, 80))
    (tmp_path / "later").mkdir()
    last = frames(tmp_path / "later", [90], size=(40, 40))
    with Image.open(pictures.progress_gif(first + last, tmp_path / "out.gif")) as animation:
        assert (animation.size, animation.n_frames) == ((40, 40), 2)


def test_a_long_run_is_thinned_and_a_large_picture_shrunk(tmp_path):
    paths = frames(tmp_path, range(0, 180, 2), size=(1280, 20))
    with Image.open(pictures.progress_gif(paths, tmp_path / "out.gif")) as animation:
        assert (animation.n_frames, animation.size) == (pictures.GIF_FRAMES, (640, 10))


def test_an_animation_of_one_picture_is_one_frame(tmp_path):
    out = pictures.progress_gif(frames(tmp_path, [77]), tmp_path / "out.gif")
    with Image.open(out) as animation:
        assert getattr(animation, "n_frames", 1) == 1
        assert animation.convert("L").getpixel((0, 0)) == 77


def test_an_animation_of_nothing_is_refused(tmp_path):
    with pytest.raises(UsageError, match="Received: none"):
        pictures.progress_gif([], tmp_path / "out.gif")


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 30])
def test_a_file_that_is_no_png_is_named(tmp_path, content):
    broken = tmp_path / "broken.png"
    broken.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"broken\.png"):
        pictures.progress_gif([broken], tmp_path / "out.gif")


def test_a_picture_cut_in_half_is_named(tmp_path):
    (path,) = frames(tmp_path, [9], size=(400, 400))
    Image.fromarray(noise(1, 400, 3)[0]).save(path)
    path.write_bytes(path.read_bytes()[:-20_000])
    with pytest.raises(InvalidInput, match=r"step-0000\.png"):
        pictures.progress_gif([path], tmp_path / "out.gif")


def test_spreading_keeps_both_ends_and_the_order():
    assert pictures.spread(range(5), 9) == [0, 1, 2, 3, 4]
    few = pictures.spread(range(1000), 11)
    assert few[0] == 0 and few[-1] == 999 and len(few) == 11 and few == sorted(set(few))
