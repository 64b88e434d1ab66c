"""The kinds of samples that the zoo knows, by the number of axes that one of them has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of samples.

    Args:
        one: What one of them is called.
        many: What several are called.
        dtype: The type of their numbers in a data set.
        axes: Names of a sample's axes.
        channels: The numbers of channels there can be; empty where the last axis has none.
        channels_said: The same for people.
        limit: The largest size of a number; `None` where there is none.
        timed: Whether their numbers follow each other in time, at a rate that must be known.
    """

    one: str
    many: str
    dtype: str
    axes: tuple[str, ...]
    channels: tuple[int, ...] = ()
    channels_said: str = ""
    limit: float | None = None
    timed: bool = False

    def __str__(self) -> str:
        """The contract in words: `uint8 (n, height, width, channels)`."""
        return f"{self.dtype} (n, {', '.join(self.axes)})"


_PIXELS = {"channels": (1, 3, 4), "channels_said": "1 channel (gray), 3 (RGB) or 4 (RGBA)"}

IMAGES = Kind(
    one="image", many="images", dtype="uint8", axes=("height", "width", "channels"), **_PIXELS
)
# One rank, one kind: whatever depends on the kind of the data is a table with these keys.
KINDS: dict[int, Kind] = {
    3: IMAGES,
    1: Kind(one="point", many="points", dtype="float32", axes=("d",)),
    2: Kind(
        one="sound",
        many="sounds",
        dtype="float32",
        axes=("samples", "channels"),
        channels=tuple(range(1, 9)),  # 8 is 7.1; many more are time and channels mixed up
        channels_said="1 to 8 channels",
        limit=1.0,
        timed=True,
    ),
    4: Kind(
        one="video",
        many="videos",
        dtype="uint8",
        axes=("frames", "height", "width", "channels"),
        **_PIXELS,
    ),
}


def kind_of(shape: Sequence[int]) -> Kind:
    """The kind of samples of that shape, which must be one that a data set can have."""
    return KINDS[len(shape)]
