"""From images to features: what a plugin of kind "features" returns.

    [project.entry-points."ganzoo.features"]
    fashion-mnist = "my_package.features:fashion_mnist"

names a function without required arguments that returns an `Extractor`. An extractor that is
called like a data set is the default for that data set.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ganzoo.errors import PluginError, UsageError

_LUMA = np.array([19595, 38470, 7471], np.uint32)  # ITU-R 601-2, of 65,536, as in ganzoo.data


@final
@dataclass(frozen=True, kw_only=True)
class Extractor:
    """A fixed network that describes each image by a row of features.

    Its rules for images that are not as the network wants them are part of every protocol:
    gray becomes color by repeating, color becomes gray by ITU-R 601-2 luma, and sizes
    differ only where `resize` says what becomes of them.

    Args:
        name: The name under which it is asked for.
        digest: SHA-256, in hex, of its weights: numbers of two digests are not compared.
        resize: What the network does with images of another size: `"none"`, or the filter
            and the size, such as `"tf1-bilinear 299"`.
        size: The only height and width it takes, in pixels; `None` where `resize` takes any.
        channels: What the network sees: 1 (gray) or 3 (color).
        feature_size: Length of a row of features.
        classes: Names of the classes that its logits stand for; empty if it has no logits.
        network: uint8 images (b, h, w, channels) -> float32 features (b, feature_size) and
            logits (b, classes) or `None`. Row i depends on image i only.
        batch: How many images the network is given at once, at most.
    """

    name: str
    digest: str
    resize: str
    size: tuple[int, int] | None = None
    channels: int
    feature_size: int
    classes: tuple[str, ...] = ()
    network: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
    batch: int = 256

    def check(self, image_shape: Sequence[int]) -> None:
        """Refuses images that the network cannot take.

        Args:
            image_shape: (height, width, channels) of the images.

        Raises:
            UsageError: They have another size, are points, or have an odd number of channels.
        """
        shape = tuple(image_shape)
        if len(shape) == 3 and shape[2] in (1, 3) and self.size in (None, shape[:2]):
            return
        size = "any size" if self.size is None else f"{self.size[0]}x{self.size[1]} pixels"
        raise UsageError(
            f"The features {self.name!r} take images of {size} with 1 or 3 channels. "
            f"Received: {' x '.join(map(str, shape))}.",
            hint="Take features made for these images, or 'inception', which takes any size: "
            "--features inception."
            if len(shape) == 3
            else "Points have no features; they are compared as they are.",
        )

    def protocol(self, image_shape: Sequence[int]) -> dict[str, Any]:
        """What to say of these features beside a number: name, digest and rules.

        Args:
            image_shape: (height, width, channels) of the images.
        """
        channels = {(1, 3): "gray repeated", (3, 1): "luma"}
        return {
            "features": self.name,
            "digest": self.digest,
            "resize": self.resize,
            "channels": channels.get((image_shape[2], self.channels), "none"),
        }

    def extract(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Features and logits of images, a batch at a time.

        Args:
            images: uint8 (n, h, w, 1 or 3).

        Returns:
            float32 features (n, feature_size), and logits (n, classes) or `None`.

        Raises:
            UsageError: The network takes no such images.
            PluginError: What the network gives is not what it promises.
        """
        self.check(images.shape[1:])
        parts = [
            self._part(np.asarray(images[start : start + self.batch]))
            for start in range(0, len(images), self.batch)
        ]
        features = _joined([part[0] for part in parts], self.feature_size)
        logits = _joined([part[1] for part in parts], len(self.classes)) if self.classes else None
        return features, logits

    def _part(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        features, logits = self.network(_with_channels(images, self.channels))
        wanted = [(len(images), self.feature_size)]
        wanted += [(len(images), len(self.classes))] if self.classes else []
        given = [features, *([logits] if self.classes else [])]
        shapes = [getattr(array, "shape", None) for array in given]
        if shapes != wanted or not all(np.isfinite(array).all() for array in given):
            raise PluginError(
                f"The features {self.name!r} must give finite arrays of the shapes {wanted} for "
                f"{len(images)} images. Received: {shapes}."
            )
        return features, logits


def _joined(parts: list, width: int) -> np.ndarray:
    return np.concatenate(parts or [np.empty((0, width))]).astype(np.float32, copy=False)


def _with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """uint8 (n, h, w, 1 or 3) -> (n, h, w, channels)."""
    if images.shape[-1] == channels:
        return images
    if channels == 3:
        return np.repeat(images, 3, axis=-1)
    # gray pictures that were saved as color come back exactly: the weights sum to 65,536
    return ((images @ _LUMA + 0x8000) >> 16).astype(np.uint8)[..., None]
