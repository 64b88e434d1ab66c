"""Modalities of samples: points, sounds, images and videos, told apart by their rank.

The one definition that data sets, renderers, metrics and model cards read.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, final

import numpy as np

_MAX_VALUE = 3e38  # of float32


@final
@dataclass(frozen=True, kw_only=True)
class Modality:
    """Form of the samples of one modality.

    Args:
        name: Name of one sample: `"image"`.
        plural: Name of several.
        dtype: Type of their numbers in a data set.
        deep: Other types that they may have, whose range is then part of the data set.
        axes: Names of a sample's axes.
        channels: Allowed numbers of channels; empty where the last axis has none.
        channels_text: The same for people.
        limit: Largest absolute value; `None` where there is none.
        timed: Whether the first axis is time at a rate that must be known.
        generation_tag: The Hub's tag of models that generate them from latents; `None` if the
            Hub has none.
        translation_tag: The Hub's tag of models that generate them from images; `None` likewise.
    """

    name: str
    plural: str
    dtype: str
    deep: tuple[str, ...] = ()
    axes: tuple[str, ...]
    channels: tuple[int, ...] = ()
    channels_text: str = ""
    limit: float | None = None
    timed: bool = False
    generation_tag: str | None = None
    translation_tag: str | None = None

    def __str__(self) -> str:
        """Return the form in a data set: `uint8 (n, height, width, channels)`."""
        return f"{self.dtype} (n, {', '.join(self.axes)})"

    @property
    def rank(self) -> int:
        """Number of axes of one sample."""
        return len(self.axes)


_PIXEL_CHANNELS = (1, 3, 4)
_PIXEL_CHANNELS_TEXT = "1 channel (gray), 3 (RGB) or 4 (RGBA)"

POINTS = Modality(name="point", plural="points", dtype="float32", axes=("d",))
SOUNDS = Modality(
    name="sound",
    plural="sounds",
    dtype="float32",
    axes=("samples", "channels"),
    channels=tuple(range(1, 9)),  # 8 is 7.1; many more are time and channels mixed up
    channels_text="1 to 8 channels",
    limit=1.0,
    timed=True,
)
IMAGES = Modality(
    name="image",
    plural="images",
    dtype="uint8",
    deep=("uint16", "int32", "uint32", "float32"),
    axes=("height", "width", "channels"),
    channels=tuple(range(1, 65)),  # 1 is gray, 3 RGB, 4 RGBA
    channels_text="1 to 64 channels",
    generation_tag="unconditional-image-generation",
    translation_tag="image-to-image",
)
VIDEOS = Modality(
    name="video",
    plural="videos",
    dtype="uint8",
    axes=("frames", "height", "width", "channels"),
    channels=_PIXEL_CHANNELS,
    channels_text=_PIXEL_CHANNELS_TEXT,
)


@final
@dataclass(frozen=True, kw_only=True)
class Levels:
    """Type and range of images that are not of 8 bits.

    Args:
        dtype: Type of the numbers: one of `IMAGES.deep`.
        low: Number that becomes the lower end of a GAN's `value_range`.
        high: Number that becomes the upper end; greater.
    """

    dtype: str
    low: float
    high: float

    def scale(self, images: np.ndarray, value_range: tuple[float, float]) -> np.ndarray:
        """Return images in `value_range`, float32; numbers beyond `low` and `high` are cut off."""
        low, high = value_range
        share = (images.astype(np.float64) - self.low) / (self.high - self.low)
        return (share.clip(0, 1) * (high - low) + low).astype(np.float32)

    def unscale(self, images: np.ndarray, value_range: tuple[float, float]) -> np.ndarray:
        """Return images of `dtype` from floats in `value_range`; the inverse of `scale`."""
        low, high = value_range
        share = ((images.astype(np.float64) - low) / (high - low)).clip(0, 1)
        found = share * (self.high - self.low) + self.low
        return (found if self.dtype == "float32" else np.rint(found)).astype(self.dtype)

    def to_pixels(self, images: np.ndarray) -> np.ndarray:
        """Return images in 8 bits, to be looked at, or for networks that take no others."""
        return np.rint(self.scale(images, (0.0, 255.0))).astype(np.uint8)

    def table(self) -> dict[str, Any]:
        """Return it as JSON types, for metadata."""
        return asdict(self)

    @classmethod
    def from_table(cls, table: Any) -> "Levels | None":
        """Return the levels in metadata; `None` if there are none or they make no sense."""
        if not isinstance(table, dict) or set(table) != {"dtype", "low", "high"}:
            return None
        low, high = table["low"], table["high"]
        numbers = all(type(one) in (int, float) and abs(one) < _MAX_VALUE for one in (low, high))
        if table["dtype"] not in IMAGES.deep or not numbers or not low < high:
            return None
        return cls(dtype=table["dtype"], low=float(low), high=float(high))


# By rank. Whatever depends on the modality is a table with these keys.
MODALITIES: dict[int, Modality] = {
    modality.rank: modality for modality in (IMAGES, POINTS, SOUNDS, VIDEOS)
}


def modality_of(shape: Sequence[int]) -> Modality:
    """Return the modality of samples of a shape, which must be one that a data set can have."""
    return MODALITIES[len(shape)]
