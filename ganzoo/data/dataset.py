"""Data sets in memory: samples, labels and their origin."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.text import quote
from ganzoo.modalities import IMAGES, MODALITIES, Levels, Modality, modality_of

_LONGEST_LINE = 200  # characters, as in a card
MAX_RATE = 1_000_000  # Hz: ultrasound and then some
_MAX_LEVELS = 2**24
_AXES_OF_IMAGES = 4  # of labels that are images, n among them


Draw = Callable[[np.ndarray, int, int], tuple[np.ndarray, np.ndarray | None]]


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Dataset:
    """Samples in an array, with labels, license and origin.

    Args:
        name: Name of the data set: `"digits"`.
        images: Samples of one modality: images, uint8 (n, height, width, channels) with 1 channel
            (gray), 3 (RGB), 4 (RGBA), or up to 64; uint16, uint32, int32 or float32 with `levels`;
            videos, uint8 (n, frames, height, width, channels);
            sounds, float32 (n, samples, channels) in [-1, 1]; or points, float32 (n, d). May be a
            read-only memory map, and is never written to.
        labels: int32 (n,) class indices; uint8 (n, k) attributes of 0 and 1; float32 (n, k)
            numbers; uint8 (n, height, width, channels) images to translate from (row i is the
            source of which row i of `images` is the target); or `None`.
        classes: Name of each class, attribute or number; empty otherwise.
        levels: The numbers of images that are not uint8 which become the ends of a GAN's range:
            what is beyond them is cut off. `None` for uint8, which is from 0 to 255.
        rate: Samples per second and channel of sounds, in Hz; `None` for other modalities.
        paired: Whether row i of labels that are images is the source of row i of `images`, or the
            rows of both are unrelated.
        draw: `(rows, epoch, seed) -> (images, labels)` for training, of the shapes and types of
            `images` and `labels`: a function of each row's number, the epoch and the training's
            seed alone, such as random parts of larger images. `None`: the rows themselves.
        license: License or terms of the data, as its source states them, in one line of at most
            200 characters: an SPDX name where there is one.
        source: Origin of the data, for people: a URL, a path, a citation.
        fingerprint: SHA-256 in hex that is equal if and only if images, labels and preparation
            are the same, whatever the machine or folder.

    Raises:
        InvalidInput: The parts do not fit together.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    levels: tuple[float, float] | None = None
    rate: int | None = None
    paired: bool = True
    draw: Draw | None = None
    license: str
    source: str
    fingerprint: str

    def __post_init__(self):
        for field in ("name", "license"):
            self._check_line(field, getattr(self, field))
        self._check_images()
        self._check_levels()
        self._check_rate()
        self._check_labels()

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one sample: (height, width, channels), (d,) for points, and so on."""
        return tuple(int(size) for size in self.images.shape[1:])

    @property
    def source_shape(self) -> tuple[int, ...] | None:
        """Shape of a label that is an image: (height, width, channels); `None` for others."""
        if self.labels is None or self.labels.ndim != _AXES_OF_IMAGES:
            return None
        return tuple(int(size) for size in self.labels.shape[1:])

    @property
    def deep(self) -> Levels | None:
        """Type and range of images that are not uint8; `None` for all other samples."""
        if self.levels is None:
            return None
        low, high = self.levels
        return Levels(dtype=str(self.images.dtype), low=float(low), high=float(high))

    @property
    def modality(self) -> Modality:
        """Modality of the samples."""
        return modality_of(self.image_shape)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, {len(self):,} x {self.image_shape})"

    def batch(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return copies of the rows at `indices`, in that order.

        Args:
            indices: Integer array (b,).

        Returns:
            Images (b, ...) and labels (b, ...), or `None` for a set without labels.
        """
        # as a plain array: rows of a memory map are copied into memory here
        images = np.asarray(self.images)[indices]
        return images, None if self.labels is None else np.asarray(self.labels)[indices]

    def first(self, count: int | None) -> "Dataset":
        """Return the first `count` samples; all of them if there are no more, or for `None`.

        Raises:
            UsageError: `count` is not a positive integer.
        """
        count = check_max_images(count)
        if count is None or count >= len(self):
            return self
        return replace(
            self,
            images=self.images[:count],
            labels=None if self.labels is None else self.labels[:count],
            fingerprint=hashlib.sha256(f"{self.fingerprint} first {count}".encode()).hexdigest(),
        )

    def describe(self) -> dict[str, Any]:
        """Return the facts for `info`, manifests and reports, as JSON types.

        The rate, the shape of the source images and the range of labels that are numbers are there
        where there are any.
        """
        facts = {
            "name": self.name,
            "count": len(self),
            "image_shape": list(self.image_shape),
            "dtype": str(self.images.dtype),
            "labels": self._kind_of_labels(),
            "classes": list(self.classes),
            "license": self.license,
            "source": self.source,
            "fingerprint": self.fingerprint,
        }
        if self.deep is not None:
            facts["levels"] = self.deep.table()
        if self.rate is not None:
            facts["rate"] = self.rate
        if self.source_shape is not None:
            facts["source_shape"] = list(self.source_shape)
        if facts["labels"] == "numbers":
            labels = np.asarray(self.labels)
            facts["label_range"] = [labels.min(axis=0).tolist(), labels.max(axis=0).tolist()]
        return facts

    def _kind_of_labels(self) -> str | None:
        if self.labels is None:
            return None
        paired = "paired" if self.paired else "unpaired"
        rows = "numbers" if self.labels.dtype == np.float32 else "attributes"
        kinds = {1: "classes", 2: rows, _AXES_OF_IMAGES: f"{paired} images"}
        return kinds[self.labels.ndim]

    def _check_line(self, field: str, text: str) -> None:
        # both go into the card of a run
        if not isinstance(text, str) or text.splitlines() != [text] or len(text) > _LONGEST_LINE:
            raise InvalidInput(
                f"The {field} of a data set must be one line of 1 to {_LONGEST_LINE} characters."
                f" Received: {quote(text)}."
            )

    def _check_images(self) -> None:
        modality = MODALITIES.get(self.images.ndim - 1)
        dtypes = () if modality is None else (modality.dtype, *modality.deep)
        if modality is None or str(self.images.dtype) not in dtypes or 0 in self.images.shape:
            ways = [f"{one} ({one.plural})" for one in MODALITIES.values()]
            raise InvalidInput(
                f"The images of data set {self.name!r} must be {', '.join(ways[:-1])} or"
                f" {ways[-1]}, and not empty."
                f" Received: {self.images.dtype} {self.images.shape}."
            )
        self._check_channels("images", self.images, modality)
        prepared = isinstance(self.images, np.memmap) and self.levels is not None
        if str(self.images.dtype) != "float32" or prepared:  # that was looked at file by file
            return
        low, high = np.min(self.images), np.max(self.images)  # NaN if one of them is
        if not np.isfinite([low, high]).all():
            raise InvalidInput(
                f"The {modality.plural} of data set {self.name!r} must all be finite."
            )
        if modality.limit is not None and max(-low, high) > modality.limit:
            raise InvalidInput(
                f"The {modality.plural} of data set {self.name!r} must be in"
                f" [{-modality.limit:g}, {modality.limit:g}]. Received: {low:g} to {high:g}."
            )

    def _check_channels(self, field: str, array: np.ndarray, modality: Modality) -> None:
        if modality.channels and array.shape[-1] not in modality.channels:
            raise InvalidInput(  # here, and not at the first image of a training
                f"The {field} of data set {self.name!r} must have {modality.channels_text}."
                f" Received: {array.shape[-1]} channels."
            )

    def _check_levels(self) -> None:
        kind = str(self.images.dtype)
        if kind not in self.modality.deep:
            if self.levels is not None:
                raise InvalidInput(
                    f"Only images that are not uint8 have levels. Received: {kind}"
                    f" {self.modality.plural} in data set {self.name!r}, levels={self.levels!r}."
                )
            return
        low, high = self.levels or (0, 0)
        if Levels.from_table({"dtype": kind, "low": low, "high": high}) is None:
            raise InvalidInput(
                f"Data set {self.name!r} has {kind} images, so it must say which numbers become"
                f" the ends of a GAN's range, the lower first. Received: levels={self.levels!r}."
            )
        if kind != "float32" and high - low > _MAX_LEVELS:
            raise InvalidInput(
                f"The levels of data set {self.name!r} cannot be kept: GANs compute in float32,"
                f" which tells {_MAX_LEVELS:,} of them apart. Received: from {low:,} to {high:,}.",
                hint="Set levels to the part of the range that counts.",
            )

    def _check_rate(self) -> None:
        if not self.modality.timed:
            if self.rate is not None:
                raise InvalidInput(
                    f"Data set {self.name!r} has {self.modality.plural}, which have no rate."
                    f" Received: rate={self.rate!r}."
                )
            return
        if type(self.rate) is not int or not 1 <= self.rate <= MAX_RATE:
            raise InvalidInput(
                f"Data set {self.name!r} has {self.modality.plural}, so it must say their rate: an"
                f" integer from 1 to {MAX_RATE:,}, in Hz. Received: rate={self.rate!r}."
            )

    def _check_labels(self) -> None:
        of_images = self.source_shape is not None
        if self.classes and (self.labels is None or of_images):
            has = "labels that are images" if of_images else "no labels"
            raise InvalidInput(
                f"Data set {self.name!r} has {has}, so it can have no classes."
                f" Received: classes={self.classes!r}."
            )
        if self.labels is None:
            return
        dtype_and_rank = (str(self.labels.dtype), self.labels.ndim)
        allowed = (("int32", 1), ("uint8", 2), ("float32", 2), ("uint8", _AXES_OF_IMAGES))
        if (
            dtype_and_rank not in allowed
            or len(self.labels) != len(self.images)
            or 0 in self.labels.shape
        ):
            raise InvalidInput(
                f"The labels of data set {self.name!r} must be int32 (n,) class indices,"
                f" uint8 (n, k) attributes, float32 (n, k) numbers or {IMAGES} images,"
                f" one row for each of the {len(self.images):,} {self.modality.plural}."
                f" Received: {self.labels.dtype} {self.labels.shape}."
            )
        if of_images:
            self._check_channels("labels", self.labels, IMAGES)
            return
        high = len(self.classes) if self.labels.ndim == 1 else 2
        if self.labels.ndim == 2 and self.labels.shape[1] != len(self.classes):
            raise InvalidInput(
                f"Data set {self.name!r} must name each of its {self.labels.shape[1]} attributes."
                f" Received: {len(self.classes)} names."
            )
        if self.labels.dtype == np.float32:
            if not np.isfinite(self.labels).all():
                raise InvalidInput(f"The labels of data set {self.name!r} must all be finite.")
            return
        if self.labels.min() < 0 or self.labels.max() >= high:
            raise InvalidInput(
                f"The labels of data set {self.name!r} must be in [0, {high})."
                f" Received: {self.labels.min()} to {self.labels.max()}."
            )


def check_max_images(images: int | None) -> int | None:
    """Return a data set's option for the largest number of its samples to use, if it is valid.

    Raises:
        UsageError: Neither `None` nor a positive integer.
    """
    if images is None or (isinstance(images, int) and not isinstance(images, bool) and images > 0):
        return images
    raise UsageError(f"images must be an integer from 1. Received: images={images!r}.")
