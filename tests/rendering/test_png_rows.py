"""PNG files that are written row by row, and images that are resized row by row."""

import io

import numpy as np
import pytest
from PIL import Image

from ganzoo import rendering
from ganzoo.data.decoding.arrays import read_deep_png
from ganzoo.data.decoding.whole_images import read_image

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def smooth(h, w, channels, dtype="uint8"):
    """Steps and slopes, so that filters and resizing have something to do."""
    y, x, c = np.mgrid[:h, :w, :channels]
    high = np.iinfo(dtype).max
    values = (np.sin(x / 9 + c) + np.cos(y / 7) + 2 * (x > w / 2)) / 6 + 1 / 3
    return (values * high).astype(dtype)


def bands(image, rows):
    return (image[start : start + rows] for start in range(0, len(image), rows))


@pytest.mark.parametrize("channels", MODES)
@pytest.mark.parametrize("rows", [1, 7, 200])
def test_pixels_come_back_whatever_the_bands(channels, rows):
    image = smooth(131, 50, channels)
    data = b"".join(rendering.encode_rows((131, 50), channels, "uint8", bands(image, rows)))
    with Image.open(io.BytesIO(data)) as read:
        assert read.mode == MODES[channels]
        np.testing.assert_array_equal(np.asarray(read).reshape(image.shape), image)


@pytest.mark.parametrize("channels", MODES)
def test_16_bits_and_a_profile_come_back(channels):
    image, space = smooth(20, 33, channels, "uint16"), b"GRAY" if channels < 3 else b"RGB "
    profile = bytes(16) + space + bytes(200)
    parts = rendering.encode_rows((20, 33), channels, "uint16", bands(image, 6), profile)
    data = b"".join(parts)
    if channels > 1:  # Pillow has gray of 16 bits, and nothing else
        np.testing.assert_array_equal(read_deep_png(data), image)
    found = read_image(data, "a.png")
    np.testing.assert_array_equal(found.pixels, image)
    assert found.profile == profile


def test_filters_make_the_file_of_a_photo_smaller():
    image = smooth(200, 300, 3)
    size = sum(map(len, rendering.encode_rows((200, 300), 3, "uint8", bands(image, 50))))
    assert size < image.size / 4


def test_rows_of_another_image_are_refused():
    image = smooth(20, 30, 3)
    for size, channels, dtype in (((21, 30), 3, "uint8"), ((20, 31), 3, "uint8"),
                                  ((20, 30), 4, "uint8"), ((20, 30), 3, "uint16")):  # fmt: skip
        with pytest.raises(ValueError, match="Received"):
            list(rendering.encode_rows(size, channels, dtype, bands(image, 5)))


@pytest.mark.parametrize("new_size", [(200, 90), (65, 30), (131, 70), (7, 3), (300, 61)])
@pytest.mark.parametrize("rows", [5, 64])
def test_rows_are_resized_as_the_whole_is(new_size, rows):
    image = smooth(131, 60, 3)
    made = np.concatenate(list(rendering.resize_rows(bands(image, rows), (131, 60), new_size)))
    channels = [Image.fromarray(image[..., k].astype("float32")) for k in range(3)]
    resized = [x.resize(new_size[::-1], Image.Resampling.LANCZOS) for x in channels]
    whole = np.stack([np.asarray(x) for x in resized], axis=-1).clip(0, 255)
    assert made.shape == (*new_size, 3)
    assert np.abs(made - whole).max() <= 0.501  # Pillow has boxes in float32


def test_resized_rows_of_16_bits_keep_them():
    image = smooth(40, 60, 2, "uint16")
    made = np.concatenate(list(rendering.resize_rows(bands(image, 9), (40, 60), (80, 120))))
    assert made.dtype == "uint16" and len(np.unique(made)) > 1000
    assert np.abs(made[::2, ::2].astype(int) - image).mean() < 600
