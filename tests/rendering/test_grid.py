"""Grids: every pixel where it belongs."""

import numpy as np
import pytest

from ganzoo.errors import UsageError
from ganzoo.rendering.grid import (
    GAP,
    MAX_HEIGHT,
    MIN_WIDTH,
    image_grid,
    side_by_side,
    single_image,
)


def numbered(n: int, size: int = 4, channels: int = 1) -> np.ndarray:
    """Images that are each of one gray level, 100 + their number."""
    levels = np.arange(100, 100 + n, dtype=np.uint8).reshape(n, 1, 1, 1)
    return np.broadcast_to(levels, (n, size, size, channels)).copy()


def noise(n: int, size: int, channels: int) -> np.ndarray:
    shape = (n, size, size, channels)
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def test_a_grid_puts_images_row_after_row():
    sheet = np.asarray(image_grid(numbered(6), columns=3, pad=1, scale=1))
    assert sheet.shape == (2 * 4 + 1, 3 * 4 + 2)
    assert sheet[::5, ::5].tolist() == [[100, 101, 102], [103, 104, 105]]
    assert set(sheet[4]) == set(sheet[:, 4]) == {GAP}


@pytest.mark.parametrize("channels, mode", [(1, "L"), (3, "RGB")])
def test_a_grid_keeps_every_pixel_and_channel(channels, mode):
    images = noise(2, 5, channels)
    sheet = image_grid(images, columns=2, pad=0, scale=1)
    assert sheet.mode == mode
    pixels = np.asarray(sheet).reshape(5, 10, channels)
    assert (pixels == np.concatenate(list(images), axis=1)).all()


def test_an_enlarged_pixel_becomes_a_square_of_itself():
    images = noise(1, 3, 1)
    sheet = np.asarray(image_grid(images, scale=7))
    assert (sheet == np.kron(images[0, ..., 0], np.ones((7, 7), np.uint8))).all()


def test_a_bare_image_is_its_pixels():
    image = noise(1, 6, 3)[0]
    assert (np.asarray(single_image(image)) == image).all()


@pytest.mark.parametrize("n, size", [(1, 1), (16, 8), (64, 28), (7, 32), (3, 100)])
def test_a_grid_of_tiny_images_is_wide_enough_to_look_at(n, size):
    width, height = image_grid(numbered(n, size)).size
    assert MIN_WIDTH <= width < 3 * MIN_WIDTH
    assert height <= MAX_HEIGHT


def test_a_tall_column_is_not_enlarged_beyond_reason():
    assert image_grid(numbered(100, 8), columns=1).height < 1.3 * MAX_HEIGHT


def test_a_large_grid_is_not_enlarged():
    assert image_grid(numbered(4, 300)).size == (602, 602)


@pytest.mark.parametrize("n, columns", [(1, 1), (2, 2), (9, 3), (10, 5), (12, 4), (16, 4), (64, 8)])
def test_a_grid_chooses_a_full_rectangle(n, columns):
    assert image_grid(numbered(n), pad=0, scale=1).width == 4 * columns


def test_cells_without_an_image_stay_empty():
    sheet = np.asarray(image_grid(numbered(7), pad=0, scale=1))
    assert sheet.shape == (12, 12)
    assert (sheet[8:, 4:] == GAP).all()


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 4, 4), np.uint8),
        np.zeros((0, 4, 4, 1), np.uint8),
        np.zeros((2, 4, 4, 1), np.complex64),
    ],
)
def test_a_grid_says_what_it_received(images):
    with pytest.raises(UsageError, match="Received: (uint8|complex64)"):
        image_grid(images)


@pytest.mark.parametrize("setting", [{"columns": 0}, {"pad": -1}, {"scale": 1.5}, {"scale": True}])
def test_a_setting_without_sense_is_refused(setting):
    with pytest.raises(UsageError, match=f"Received: {next(iter(setting))}="):
        image_grid(numbered(2), **setting)


def test_beside_each_other_each_row_is_one_example():
    one, other = numbered(3), numbered(3) + 50
    sheet = np.asarray(side_by_side(one, other))
    side = sheet.shape[1] // 2
    levels = sheet[side // 2 :: side + side // 8, [side // 2, side + side // 2]]
    assert levels[:3].tolist() == [[100, 150], [101, 151], [102, 152]]


def test_beside_each_other_smaller_and_gray_images_become_alike():
    small, large = numbered(2, 2, channels=1), noise(2, 4, 3)
    sheet = side_by_side(small, large)
    pixels = np.asarray(sheet)
    assert sheet.mode == "RGB" and set(pixels[0, 0]) == {100}
    scale = (sheet.width + 2) // 10 - 1  # two images of 4 pixels, enlarged, and the gap
    assert (pixels[scale // 2 :: scale, -scale // 2][:4] == large[0, :, -1]).all()
    transparent = side_by_side(small, noise(2, 4, 4))
    assert transparent.mode == "RGB" and transparent.getpixel((0, 0)) == (100, 100, 100)


@pytest.mark.parametrize("n, columns", [(1, 2), (8, 2), (16, 2), (17, 6), (200, 26)])
def test_many_examples_begin_a_second_column(n, columns):
    width = side_by_side(numbered(n, 256), numbered(n, 256)).width
    assert width == columns * 258 - 2
