"""The user's own images, as input of a model that translates images."""

import os

import numpy as np

from ganzoo.data.decoding.preprocessing import Preprocessing
from ganzoo.data.decoding.whole_images import image_files, open_files
from ganzoo.data.images import decode_image
from ganzoo.errors import UsageError

_MODES = {1: "gray", 3: "rgb"}  # channels, and what an image is decoded to


def read_source_images(
    path: str | os.PathLike, shape: tuple[int, ...], max_images: int
) -> np.ndarray:
    """Read images, decoded and preprocessed as the data sets `folder` and `zip` do.

    The largest centered part of the right proportions is cut out and scaled by Pillow's
    antialiased Lanczos filter; color becomes gray, or gray color. What else lies in the folder is
    left out, and that is said.

    Args:
        path: Path of a folder or a zip archive of images, or of one image.
        shape: Shape (height, width, channels) of the result's images.
        max_images: Largest number of images to read, the first by name.

    Returns:
        uint8 (n, height, width, channels), n at least 1.

    Raises:
        UsageError: There is nothing at the path, or images cannot have that many channels.
        InvalidInput: An image cannot be used, or there is none.
    """
    return read_named_images(path, shape, max_images)[1]


def read_named_images(
    path: str | os.PathLike, shape: tuple[int, ...], max_images: int
) -> tuple[list[str], np.ndarray]:
    """Return the names of the images in their folder, too; see `read_source_images`."""
    height, width, channels = shape
    if channels not in _MODES:
        raise UsageError(
            f"Images are read in gray or color: 1 or 3 channels. Received: {channels}."
        )
    preprocessing = Preprocessing(size=[height, width], mode=_MODES[channels])
    names = image_files(path, max_images)
    with open_files(path) as read:
        return names, np.stack([decode_image(read(name), name, preprocessing) for name in names])
