"""Whether data may be fetched now, and what is known of a data set that is not here.

To tell of a data set, or to plan a training, nothing is downloaded. Whatever downloads calls
`check` before it does; that ends in `NotHere`, to which the data set adds what it knows of
itself all the same.
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
    "ganzoo_fetching_forbidden", default=False
)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a data set without having it.

    Args:
        name, license, source, classes, rate: As of a `Dataset`.
        count: How many samples there are; `None` if only the data tell.
        image_shape: Shape of one sample; `None` likewise.
        source_shape: Of labels that are images: the shape of one.
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
        """A data set of this form, of zeros that take no memory; `None` if it is not known."""
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
        """As `Dataset.describe`, as far as it is known."""
        blank = self.blank()
        if blank is None:
            return {"name": self.name, "license": self.license, "source": self.source}
        return {key: fact for key, fact in blank.describe().items() if key != "fingerprint"}


class NotHere(EnvironmentProblem):
    """A data set that is not on this machine; the hint says how to get it. Exit code 5.

    `known` is what the data set says of itself, `None` if it says nothing.
    """

    known: Known | None = None


@contextlib.contextmanager
def forbidden() -> Iterator[None]:
    """In this block nothing is downloaded: what is not here ends in `NotHere`."""
    token = _forbidden.set(True)
    try:
        yield
    finally:
        _forbidden.reset(token)


def check(title: str, ways: str, *, size: int | None = None) -> None:
    """To be called before anything is downloaded.

    Args:
        title: Name of the data set, for people.
        ways: The other ways to get it, in sentences.
        size: Of the download in bytes, if that is known.

    Raises:
        NotHere: Nothing may be downloaded now.
    """
    if _forbidden.get():
        much = "" if size is None else f" ({size / 1e6:,.0f} MB)"
        raise NotHere(
            f"{title} is not here, and nothing is downloaded now.",
            hint=f"ganzoo data prepare downloads it{much}, and so does ganzoo train. {ways}",
        )


@contextlib.contextmanager
def described(known: Known) -> Iterator[None]:
    """Adds what is known of a data set to a `NotHere` of this block.

    Of nested blocks the outermost counts: a data set may be made of another one.
    """
    try:
        yield
    except NotHere as absent:
        absent.known = known
        raise


def _zeros(dtype: str, *shape: int) -> np.ndarray:
    return np.broadcast_to(np.zeros((), dtype), shape)
