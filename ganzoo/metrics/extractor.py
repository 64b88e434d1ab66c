"""Feature extractors of images, which plugins of kind "features" return.

    [project.entry-points."ganzoo.features"]
    fashion-mnist = "my_package.features:fashion_mnist"

names a function without required arguments that returns an `Extractor`. An extractor with the
name of a data set is the default for that data set.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ganzoo.errors import PluginError, UsageError

FEATURE_CHANNELS = (1, 3)  # of images that extractors take
_LUMA = np.array([19595, 38470, 7471], np.uint32)  # ITU-R 601-2, of 65,536, as in ganzoo.data


@final
@dataclass(frozen=True, kw_only=True)
class Extractor:
    """A fixed network that describes each image by a row of features.

    The conversion of images is part of every protocol: gray becomes color by repeating, color
    becomes gray by ITU-R 601-2 luma, and sizes are changed as `resize` says.

    Args:
        name: Name of the features.
        digest: SHA-256 of the weights in hex; numbers of two digests do not compare.
        resize: How images of other sizes are resized: `"none"`, or filter and size, such as
            `"tf1-bilinear 299"`.
        size: The only height and width accepted, in pixels; `None` if `resize` accepts any.
        channels: Channels of the network's input: 1 (gray) or 3 (color).
        feature_size: Length of a row of features.
        classes: Names of the classes of the logits; empty if there are none.
        network: uint8 images (b, h, w, channels) -> float32 features (b, feature_size) and
            logits (b, classes) or `None`. Row i depends on image i only.
        distance: uint8 images (b, h, w, channels) and others of the same shape, of any size, ->
            float32 distances (b,) of the pairs, as they look; `None` if there is none.
        batch: Most images given to the network at once.
        tensors: The same features as a differentiable function: images as floats
            (b, h, w, channels) in [0, 255] -> features, both tensors of the backend. `None`: only
            arrays can be described.
    """

    name: str
    digest: str
    resize: str
    size: tuple[int, int] | None = None
    channels: int
    feature_size: int
    classes: tuple[str, ...] = ()
    network: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
    distance: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    batch: int = 256
    tensors: Callable[[Any], Any] | None = None

    def check(self, image_shape: Sequence[int]) -> None:
        """Refuse images that the network does not accept.

        Args:
            image_shape: Height, width and channels of an image.

        Raises:
            UsageError: The size, or the number of axes or channels, is not accepted.
        """
        shape = tuple(image_shape)
        if len(shape) == 3 and shape[2] in FEATURE_CHANNELS and self.size in (None, shape[:2]):
            return
        size = "any size" if self.size is None else f"{self.size[0]}x{self.size[1]} pixels"
        raise UsageError(
            f"The features {self.name!r} take images of {size} with 1 or 3 channels. "
            f"Received: {' x '.join(map(str, shape))}.",
            hint="Use features made for these images, or 'photo' for any size: --features photo."
            if len(shape) == 3
            else "Points need no features; they are compared directly.",
        )

    def protocol(self, image_shape: Sequence[int]) -> dict[str, Any]:
        """Return the part of a protocol about features: name, digest and conversions.

        Args:
            image_shape: Height, width and channels of an image.
        """
        channels = {(1, 3): "gray repeated", (3, 1): "luma"}
        return {
            "features": self.name,
            "digest": self.digest,
            "resize": self.resize,
            "channels": channels.get((image_shape[2], self.channels), "none"),
        }

    def extract(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Compute features and logits of images, batch by batch.

        Args:
            images: Images, uint8 (n, h, w, 1 or 3).

        Returns:
            float32 features (n, feature_size), and logits (n, classes) or `None`.

        Raises:
            UsageError: The network does not accept the images.
            PluginError: The network's outputs have the wrong shape or are not finite.
        """
        self.check(images.shape[1:])
        parts = [
            self._extract_batch(np.asarray(images[start : start + self.batch]))
            for start in range(0, len(images), self.batch)
        ]
        features = _concatenate([part[0] for part in parts], self.feature_size)
        logits = (
            _concatenate([part[1] for part in parts], len(self.classes)) if self.classes else None
        )
        return features, logits

    def compare(self, images: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Compute the distance of each image to another, float32 (n,), batch by batch.

        Args:
            images: Images, uint8 (n, h, w, 1 or 3).
            others: Images of the same shape.

        Raises:
            UsageError: There is no distance, or the images differ in shape.
            PluginError: The distances have the wrong shape or are not finite.
        """
        if self.distance is None or images.shape != others.shape:
            raise UsageError(
                f"The features {self.name!r} compare images of one shape, if they have a distance. "
                f"Received: {images.shape} and {others.shape}."
            )
        parts = [np.empty(0, np.float32)]
        for start in range(0, len(images), self.batch):
            rows = slice(start, start + self.batch)
            pair = (_with_channels(np.asarray(x[rows]), self.channels) for x in (images, others))
            parts.append(self.distance(*pair))
            if parts[-1].shape != images[rows].shape[:1] or not np.isfinite(parts[-1]).all():
                raise PluginError(
                    f"The features {self.name!r} must give one finite distance for each pair. "
                    f"Received: {parts[-1].shape} for {len(images[rows])} pairs."
                )
        return np.concatenate(parts)

    def _extract_batch(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        features, logits = self.network(_with_channels(images, self.channels))
        expected = [(len(images), self.feature_size)]
        expected += [(len(images), len(self.classes))] if self.classes else []
        outputs = [features, *([logits] if self.classes else [])]
        shapes = [getattr(array, "shape", None) for array in outputs]
        if shapes != expected or not all(np.isfinite(array).all() for array in outputs):
            raise PluginError(
                f"The features {self.name!r} must be finite arrays of shapes {expected} for "
                f"{len(images)} images. Received: {shapes}."
            )
        return features, logits


def _concatenate(parts: list, width: int) -> np.ndarray:
    return np.concatenate(parts or [np.empty((0, width))]).astype(np.float32, copy=False)


def _with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Convert gray to color or color to gray: uint8 (n, h, w, 1 or 3) -> (n, h, w, channels)."""
    if images.shape[-1] == channels:
        return images
    if channels == 3:
        return np.repeat(images, 3, axis=-1)
    # gray images saved in color come back exactly: the weights sum to 65,536
    return ((images @ _LUMA + 0x8000) >> 16).astype(np.uint8)[..., None]
