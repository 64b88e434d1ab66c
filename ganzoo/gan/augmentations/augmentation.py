"""What every augmentation is: a function of images and random numbers, and perhaps state."""

from collections.abc import Callable, Sequence

from ganzoo.errors import UsageError, unknown


class Augmentation:
    """A change of every image that the discriminator sees.

    What a subclass keeps from turn to turn is made by `build` and moved by `update` only, so
    that the game can carry it, and a checkpoint hold it.
    """

    #: What `update` reads of a discriminator's turn.
    logged: tuple[str, ...] = ()

    _middle, _half = 0.0, 1.0

    def build(self, add_weight: Callable, value_range: Sequence[float] = (-1.0, 1.0)) -> None:
        """Learn the range of the images, and make the state.

        Args:
            add_weight: That of the GAN.
            value_range: Black and white.
        """
        low, high = value_range
        self._middle, self._half = (low + high) / 2, (high - low) / 2

    def __call__(self, images, draw):
        """The images, changed.

        Args:
            images: float32 in the range given to `build`, (batch, height, width, channels).
            draw: Has `uniform(shape)` and `normal(shape)`, fresh numbers at each call.

        Raises:
            UsageError: the images are no pictures.
        """
        raise NotImplementedError

    def update(self, logs: dict, images) -> None:
        """Adapt to how the discriminator judges, after each of its turns: nothing here.

        Args:
            logs: What that turn logged, scalars by name; it has all of `logged`.
            images: How many real images were shown in it.
        """

    def watched(self) -> dict:
        """State that is worth a curve in the report, scalars by name: none here."""
        return {}

    def _centerd(self, images):
        """Pixels in [-1, 1], the papers' range; gray is 0."""
        return (images - self._middle) / self._half

    def _restored(self, x):
        return x * self._half + self._middle


def checked_pictures(images, who: str) -> tuple[int, int, int]:
    """Height, width and channels.

    Raises:
        UsageError: the images are not (batch, height, width, channels).
    """
    if len(images.shape) != 4:
        raise UsageError(
            f"{who} is for pictures, (batch, height, width, channels). "
            f"Received: samples of shape {tuple(images.shape[1:])}."
        )
    return tuple(images.shape[1:])


def checked_policy(policy: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The policy: some of the known names, in the order of those.

    Raises:
        UnknownName: a name is none of them.
        UsageError: it is empty, or a name stands in it twice.
    """
    few = f"some of {', '.join(known)}, each once"
    if isinstance(policy, str) or not policy:
        raise UsageError(f"A policy must be a list: {few}. Received: {policy!r}.")
    for name in policy:
        if name not in known:
            raise unknown("part of a policy", str(name), known)
    if len(set(policy)) < len(policy):
        raise UsageError(f"A policy must name {few}. Received: {list(policy)}.")
    return tuple(name for name in known if name in policy)
