"""Permission to download, and the facts about data sets that are not on this machine.

Nothing is downloaded to describe a data set or to plan a training. Whatever downloads calls
`check_download_allowed` first; that ends in `DataMissing`, to which the data set attaches the
facts that it knows all the same.
"""

import contextlib
import contextvars
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganzoo.data.dataset import Dataset
from ganzoo.errors import EnvironmentProblem
from ganzoo.modalities import modality_of

_forbidden: contextvars.ContextVar[bool] = contextvars.ContextVar(
    "ganzoo_downloads_forbidden", default=False
)


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """Facts about a data set that are known without its files.

    Args:
        name: Name of the data set.
        license: License or terms of the data in one line.
        source: Origin of the data, for people.
        classes: Names of the classes or attributes.
        rate: Samples per second of sounds, in Hz.
        count: Number of samples; `None` if only the files tell.
        image_shape: Shape of one sample; `None` likewise.
        source_shape: Shape of one label, where labels are images.
    """

    name: str
    license: str
    source: str
    classes: tuple[str, ...] = ()
    rate: int | None = None
    count: int | None = None
    image_shape: tuple[int, ...] | None = None
    source_shape: tuple[int, ...] | None = None

    def blank(self) -> Dataset | None:
        """Return a data set of zeros that takes no memory; `None` if the shape is not known."""
        if self.count is None or self.image_shape is None:
            return None
        labels = None
        if self.source_shape is not None:
            labels = _zeros("uint8", self.count, *self.source_shape)
        elif self.classes:
            labels = _zeros("int32", self.count)
        return Dataset(
            name=self.name,
            images=_zeros(modality_of(self.image_shape).dtype, self.count, *self.image_shape),
            labels=labels,
            classes=self.classes,
            rate=self.rate,
            license=self.license,
            source=self.source,
            fingerprint="not here",
        )

    def describe(self) -> dict[str, Any]:
        """Return the facts of `Dataset.describe`, as far as they are known."""
        blank = self.blank()
        if blank is None:
            return {"name": self.name, "license": self.license, "source": self.source}
        return {key: fact for key, fact in blank.describe().items() if key != "fingerprint"}


class DataMissing(EnvironmentProblem):
    """A data set is not on this machine; the hint says how to get it. Exit code 5.

    `info` holds the facts that the data set has attached, if any.
    """

    info: DatasetInfo | None = None


@contextlib.contextmanager
def downloads_forbidden() -> Iterator[None]:
    """Forbid downloads in a `with` block: data that are not here end in `DataMissing`."""
    token = _forbidden.set(True)
    try:
        yield
    finally:
        _forbidden.reset(token)


def check_download_allowed(title: str, ways: str, *, size: int | None = None) -> None:
    """Check that something may be downloaded now.

    Args:
        title: Name of the data set, for people.
        ways: Other ways to get the data, in sentences.
        size: Size of the download in bytes, if that is known.

    Raises:
        DataMissing: Nothing may be downloaded now.
    """
    if _forbidden.get():
        much = "" if size is None else f" ({size / 1e6:,.0f} MB)"
        raise DataMissing(
            f"{title} is not here, and nothing is downloaded now.",
            hint=f"ganzoo data prepare downloads it{much}, and so does ganzoo train. {ways}",
        )


@contextlib.contextmanager
def attach_info(info: DatasetInfo) -> Iterator[None]:
    """Attach facts about a data set to a `DataMissing` that is raised in a `with` block.

    Of nested blocks the outermost counts, since a data set may be made of another one.
    """
    try:
        yield
    except DataMissing as missing:
        missing.info = info
        raise


def _zeros(dtype: str, *shape: int) -> np.ndarray:
    return np.broadcast_to(np.zeros((), dtype), shape)
