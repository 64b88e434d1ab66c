"""The augmentations that a recipe can name, as `ganzoo.gan.augmentations.get` takes them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ganzoo.catalog.recipe.validation import Table

_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=1)]


class _Augmentation(Table):
    """What every augmentation has: a policy."""

    name: str
    policy: list[str]

    @model_validator(mode="after")
    def _each_once(self) -> "_Augmentation":
        if not self.policy or len(set(self.policy)) < len(self.policy):
            raise ValueError(f"needs a policy that names each part once. Received: {self.policy}")
        return self


class DiffAugment(_Augmentation):
    """The same changes for every image.

    Args:
        policy: What is done to an image.
    """

    name: Literal["diffaugment"]
    policy: list[Literal["color", "translation", "cutout"]] = ["color", "translation", "cutout"]


class Ada(_Augmentation):
    """Changes with a probability that follows the discriminator.

    Args:
        target: Mean sign of the logits of real images to be held; 0: the probability is fixed.
        interval: Turns of the discriminator between two changes of the probability.
        images_to_one: Real images in which it can rise from 0 to 1.
        probability: What it is at first.
        policy: What is done to an image.
    """

    name: Literal["ada"]
    target: _Share = 0.6
    interval: _Count = 4
    images_to_one: _Count = 500_000
    probability: _Share = 0.0
    policy: list[Literal["blit", "geometry", "color"]] = ["blit", "geometry", "color"]


OneAugmentation = Annotated[DiffAugment | Ada, Field(discriminator="name")]
