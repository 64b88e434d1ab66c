"""Modalities of samples: points, sounds, images and videos, told apart by their rank.

The one definition that data sets, renderers, metrics and model cards read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, kw_only=True)
class Modality:
    """Form of the samples of one modality.

    Args:
        name: Name of one sample: `"image"`.
        plural: Name of several.
        dtype: Type of their numbers in a data set.
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
    axes=("height", "width", "channels"),
    channels=_PIXEL_CHANNELS,
    channels_text=_PIXEL_CHANNELS_TEXT,
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

# By rank. Whatever depends on the modality is a table with these keys.
MODALITIES: dict[int, Modality] = {
    modality.rank: modality for modality in (IMAGES, POINTS, SOUNDS, VIDEOS)
}


def modality_of(shape: Sequence[int]) -> Modality:
    """Return the modality of samples of a shape, which must be one that a data set can have."""
    return MODALITIES[len(shape)]
