"""A generator of another library as one of ganzoo's: what a converter returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """A generator of another library as one of ganzoo's.

    A converter, a plugin of the group `ganzoo.checkpoints`, is a function of `ForeignWeights`. It
    recognizes one layout by names and shapes, and returns this, or `None` for any other file.

    Args:
        found: A few words on what the file holds: `"generator of BigGAN-PyTorch"`.
        architecture: Name of the architecture.
        options: Options of the architecture.
        image_shape: Shape of one image.
        arrays: The generator's arrays, of float32, under the names and in the shapes that the
            architecture gives them: `"project/kernel"`.
        classes: Number of classes; 0 without labels.
        source_shape: Shape of an image that the generator translates, if it does.
        dropped: A sentence for each kind of array that is left out.
        inexact: A sentence for each reason why images may differ from those of the other library.
        license_note: What the other library's authors say about licenses, in a sentence.
    """

    found: str
    architecture: str
    options: Mapping[str, Any] = field(default_factory=dict)
    image_shape: tuple[int, ...]
    arrays: Mapping[str, np.ndarray]
    classes: int = 0
    source_shape: tuple[int, ...] | None = None
    dropped: tuple[str, ...] = ()
    inexact: tuple[str, ...] = ()
    license_note: str = ""

    def resized(self, image_shape: tuple[int, ...]) -> "Conversion":
        """Return the same for images of another shape, if the network takes those of any size."""
        source = self.source_shape
        if source is not None:  # as many times smaller as it was
            sizes = zip(source[:2], self.image_shape, image_shape, strict=False)
            source = (*(size * new // old for size, old, new in sizes), *source[2:])
        return replace(self, image_shape=image_shape, source_shape=source)
