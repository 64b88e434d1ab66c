"""A data set: what a plugin returns and everything else reads."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files.problems import shown

_LONGEST_LINE = 200  # characters, as in a card


@final
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Dataset:
    """Images or points that fit in an array, with labels and where they come from.

    Args:
        name: The name under which the data set was asked for: `"digits"`.
        images: uint8 (n, height, width, channels) with 1 channel (grey), 3 (RGB) or 4 (RGBA),
            or float32 points (n, d). May be a read-only memory map. Never written to.
        labels: int32 (n,) class indices, uint8 (n, k) attributes of 0 and 1, or `None`.
        classes: The name of each class, or of each attribute; empty without labels.
        licence: The licence or terms of the data, as its source states them, in one line of at
            most 200 characters: an SPDX name where there is one.
        source: Where the data comes from, for people: a URL, a path, a citation.
        fingerprint: SHA-256, in hex, of what the data is: equal if and only if the same
            pictures, labels and preparation are meant, whatever the machine or folder.

    Raises:
        InvalidInput: The parts do not fit together.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    licence: str
    source: str
    fingerprint: str

    def __post_init__(self):
        for field in ("name", "licence"):
            self._check_line(field, getattr(self, field))
        self._check_images()
        self._check_labels()

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one example: (height, width, channels), or (d,) for points."""
        return tuple(int(size) for size in self.images.shape[1:])

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, {len(self):,} x {self.image_shape})"

    def batch(self, indices) -> tuple[np.ndarray, np.ndarray | None]:
        """Copies of the rows at `indices`, in that order.

        Args:
            indices: Integer array (b,).

        Returns:
            Images (b, ...) and labels (b,) or (b, k), or `None` for a set without labels.
        """
        # as a plain array: rows of a memory map are copied into memory here
        images = np.asarray(self.images)[indices]
        return images, None if self.labels is None else np.asarray(self.labels)[indices]

    def first(self, count: int | None) -> "Dataset":
        """The first `count` examples; all of them if there are no more, or for `None`.

        Raises:
            UsageError: `count` is not a positive integer.
        """
        count = at_most(count)
        if count is None or count >= len(self):
            return self
        return replace(
            self,
            images=self.images[:count],
            labels=None if self.labels is None else self.labels[:count],
            fingerprint=hashlib.sha256(f"{self.fingerprint} first {count}".encode()).hexdigest(),
        )

    def describe(self) -> dict[str, Any]:
        """The facts for `info`, manifests and reports; only types that JSON knows."""
        return {
            "name": self.name,
            "count": len(self),
            "image_shape": list(self.image_shape),
            "dtype": str(self.images.dtype),
            "labels": self._kind_of_labels(),
            "classes": list(self.classes),
            "licence": self.licence,
            "source": self.source,
            "fingerprint": self.fingerprint,
        }

    def _kind_of_labels(self) -> str | None:
        if self.labels is None:
            return None
        return "classes" if self.labels.ndim == 1 else "attributes"

    def _check_line(self, field: str, text: str) -> None:
        # both go into the card of a run
        if not isinstance(text, str) or text.splitlines() != [text] or len(text) > _LONGEST_LINE:
            raise InvalidInput(
                f"The {field} of a data set must be one line of 1 to {_LONGEST_LINE} characters."
                f" Received: {shown(text)}."
            )

    def _check_images(self) -> None:
        kind = (str(self.images.dtype), self.images.ndim)
        if kind not in (("uint8", 4), ("float32", 2)) or 0 in self.images.shape:
            raise InvalidInput(
                f"The images of data set {self.name!r} must be uint8 (n, height, width, channels)"
                " or float32 (n, d), and not empty."
                f" Received: {self.images.dtype} {self.images.shape}."
            )
        if kind[0] == "uint8" and self.images.shape[3] not in (1, 3, 4):
            raise InvalidInput(  # here, and not at the first picture of a training
                f"The images of data set {self.name!r} must have 1 channel (grey), 3 (RGB) or"
                f" 4 (RGBA). Received: {self.images.shape[3]} channels."
            )
        if kind[0] == "float32" and not np.isfinite(self.images).all():
            raise InvalidInput(f"The points of data set {self.name!r} must all be finite.")

    def _check_labels(self) -> None:
        if self.labels is None:
            if self.classes:
                raise InvalidInput(
                    f"Data set {self.name!r} has no labels, so it can have no classes."
                    f" Received: classes={self.classes!r}."
                )
            return
        kind = (str(self.labels.dtype), self.labels.ndim)
        if kind not in (("int32", 1), ("uint8", 2)) or len(self.labels) != len(self.images):
            raise InvalidInput(
                f"The labels of data set {self.name!r} must be int32 (n,) class indices or"
                f" uint8 (n, k) attributes, one row for each of the {len(self.images):,} images."
                f" Received: {self.labels.dtype} {self.labels.shape}."
            )
        high = len(self.classes) if self.labels.ndim == 1 else 2
        if self.labels.ndim == 2 and self.labels.shape[1] != len(self.classes):
            raise InvalidInput(
                f"Data set {self.name!r} must name each of its {self.labels.shape[1]} attributes."
                f" Received: {len(self.classes)} names."
            )
        if self.labels.min() < 0 or self.labels.max() >= high:
            raise InvalidInput(
                f"The labels of data set {self.name!r} must be in [0, {high})."
                f" Received: {self.labels.min()} to {self.labels.max()}."
            )


def at_most(images: int | None) -> int | None:
    """The option `images` of a data set: how many of its examples to use at most.

    Raises:
        UsageError: Neither `None` nor a positive integer.
    """
    if images is None or (isinstance(images, int) and not isinstance(images, bool) and images > 0):
        return images
    raise UsageError(f"images must be an integer from 1. Received: images={images!r}.")
