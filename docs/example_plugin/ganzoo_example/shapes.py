"""Drawn shapes, made on the fly: discs, squares, triangles and crosses on black."""

import numpy as np
from PIL import Image, ImageDraw

from ganzoo import Dataset
from ganzoo.errors import UsageError
from ganzoo.files.digests import tensors_digest

CLASSES = ("disc", "square", "triangle", "cross")
_OVERSAMPLING = 4  # drawn four times as large and then reduced, for smooth edges


def shapes(*, size: int = 16, count: int = 4000, seed: int = 0) -> Dataset:
    """Gray images of discs, squares, triangles and crosses; needs no download.

    Args:
        size: Height and width in pixels, 8 to 128.
        count: Number of images, at least 4; each shape has an equal share.
        seed: Decides their places and sizes; not the training seed.
    """
    if not 8 <= size <= 128 or count < len(CLASSES) or seed < 0:
        raise UsageError(
            "shapes needs size from 8 to 128, count from 4 and seed from 0. "
            f"Received: size={size}, count={count}, seed={seed}."
        )
    random = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int32) % len(CLASSES)
    images = np.stack([_draw_shape(CLASSES[label], size, random) for label in labels])
    return Dataset(
        name="shapes",
        images=images,  # uint8 (count, size, size, 1)
        labels=labels,
        classes=CLASSES,
        license="CC0-1.0",
        source="drawn by ganzoo-example from a seed",
        fingerprint=tensors_digest({"images": images, "labels": labels}),
    )


def _draw_shape(shape: str, size: int, random: np.random.Generator) -> np.ndarray:
    """One image, uint8 (size, size, 1)."""
    side = size * _OVERSAMPLING
    r = side * random.uniform(0.25, 0.4)
    x, y = side * random.uniform(0.42, 0.58, size=2)  # near the middle
    image = Image.new("L", (side, side))
    pen = ImageDraw.Draw(image)
    if shape == "disc":
        pen.ellipse((x - r, y - r, x + r, y + r), fill=255)
    elif shape == "square":
        pen.rectangle((x - 0.8 * r, y - 0.8 * r, x + 0.8 * r, y + 0.8 * r), fill=255)
    elif shape == "triangle":
        pen.polygon([(x, y - r), (x - r, y + r), (x + r, y + r)], fill=255)
    else:
        pen.rectangle((x - r, y - 0.25 * r, x + r, y + 0.25 * r), fill=255)
        pen.rectangle((x - 0.25 * r, y - r, x + 0.25 * r, y + r), fill=255)
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))[..., None]
