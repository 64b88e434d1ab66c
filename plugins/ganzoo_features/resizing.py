"""Resizing as Parmar et al. 2022 advise, https://arxiv.org/abs/2104.11222."""

import numpy as np
from PIL import Image


def resize_bicubic(images: np.ndarray, size: int) -> np.ndarray:
    """Resize bicubically, smoothed where an image shrinks, and never rounded in between.

    uint8 (n, h, w, c) -> float32 (n, size, size, c) in about [0, 255].
    """
    planes = images.astype(np.float32).transpose(0, 3, 1, 2)
    large = [
        [Image.fromarray(plane).resize((size, size), Image.Resampling.BICUBIC) for plane in image]
        for image in planes
    ]
    return np.array([[np.asarray(plane) for plane in image] for image in large]).transpose(
        0, 2, 3, 1
    )
