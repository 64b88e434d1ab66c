"""Augmentations: what is done to every image before the discriminator sees it.

Real and generated images get the same treatment, and the generator is trained through it: so
everything here can be differentiated, twice. Shapes are (batch, height, width, channels).
"""

from collections.abc import Callable

from ganzoo.errors import UsageError, unknown
from ganzoo.gan.augmentations.ada import Ada
from ganzoo.gan.augmentations.augmentation import Augmentation
from ganzoo.gan.augmentations.diffaugment import DiffAugment

__all__ = ["AUGMENTATIONS", "Ada", "Augmentation", "DiffAugment", "get"]

AUGMENTATIONS: dict[str, Callable[..., Augmentation]] = {
    "diffaugment": DiffAugment,
    "ada": Ada,
}


def get(name: str, **options) -> Augmentation:
    """The augmentation of that name, without state until it is built.

    Raises:
        UnknownName: there is no such augmentation.
        UsageError: the augmentation does not take one of the options, or not such a value.
    """
    if name not in AUGMENTATIONS:
        raise unknown("augmentation", name, AUGMENTATIONS)
    try:
        return AUGMENTATIONS[name](**options)
    except TypeError:
        raise UsageError(
            f"The augmentation {name!r} does not take these options. Received: {options}.",
            hint="policy is for both; target, interval, images_to_one and probability are for ada.",
        ) from None
