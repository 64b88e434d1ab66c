"""The base class of augmentations: images in any range, seen as the papers' range [-1, 1]."""

from collections.abc import Callable, Sequence

from ganzoo.backend import Tensor
from ganzoo.config.contracts import Regularizer
from ganzoo.errors import UsageError


class Augmentation(Regularizer):
    """An augmentation of every image that the discriminator sees, real or generated."""

    _middle, _half = 0.0, 1.0

    def build(self, add_weight: Callable, value_range: Sequence[float] = (-1.0, 1.0)) -> None:
        low, high = value_range
        self._middle, self._half = (low + high) / 2, (high - low) / 2

    def _center(self, images: Tensor) -> Tensor:
        """Pixels in [-1, 1]; gray is 0."""
        return (images - self._middle) / self._half

    def _restore(self, x: Tensor) -> Tensor:
        return x * self._half + self._middle


def check_images(images: Tensor, user: str) -> tuple[int, int, int]:
    """Return height, width and channels.

    Raises:
        UsageError: the samples are not (batch, height, width, channels).
    """
    if len(images.shape) != 4:
        raise UsageError(
            f"{user} is for images, (batch, height, width, channels). "
            f"Received: samples of shape {tuple(images.shape[1:])}."
        )
    return tuple(images.shape[1:])
