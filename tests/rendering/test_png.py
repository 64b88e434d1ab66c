"""PNG files: the same bytes for the same image."""

import io

import numpy as np
from PIL import Image

from ganzoo import rendering


def test_a_png_holds_exactly_the_pixels_and_nothing_else():
    noise = np.random.default_rng(0).integers(0, 256, (8, 9, 3)).astype(np.uint8)
    image = Image.fromarray(noise)
    image.info["icc_profile"], image.info["comment"] = b"profile", "text"
    data = rendering.encode_png(image)
    again = Image.open(io.BytesIO(data))
    assert again.tobytes() == image.tobytes() and again.info == {}
    assert data == rendering.encode_png(image.copy())
