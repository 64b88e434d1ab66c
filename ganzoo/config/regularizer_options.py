"""Regularizers by name, with their options. What they do is in `ganzoo/gan/regularizers`.

Each class here is the table of one regularizer in a recipe, and what its implementation takes.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ganzoo.config.schedules import Probability, Schedule, Weight
from ganzoo.config.validation import Table

_Probability = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=1)]


class _Penalty(Table):
    """A loss term that is computed at every `every` steps, and counts that much more there.

    Lazy regularization: Karras et al. 2020, https://arxiv.org/abs/1912.04958, section 3.1.

    Args:
        weight: Factor of the mean value in the discriminator's loss.
        every: Interval in steps.
    """

    weight: Weight
    every: _Count = 1


class GradientPenalty(_Penalty):
    """Gradients of norm 1 between real and fake samples: WGAN-GP, with a weight of 10."""

    name: Literal["gradient_penalty"]


class Dragan(_Penalty):
    """Gradients of norm 1 around real samples."""

    name: Literal["dragan"]


class R1(_Penalty):
    """Half the squared norm of gradients at real samples; the weight is the papers' gamma."""

    name: Literal["r1"]


class R2(_Penalty):
    """Half the squared norm of gradients at fake samples."""

    name: Literal["r2"]


class Consistency(_Penalty):
    """Equal logits for an image and for the same image flipped and shifted (CR)."""

    name: Literal["consistency"]


class LeCam(Table):
    """Logits near the moving averages of the other kind's logits.

    Args:
        weight: The paper's lambda.
        start: The first step at which the term counts.
        decay: Decay of the moving averages per update.
    """

    name: Literal["lecam"]
    weight: Weight
    start: Annotated[int, Field(ge=0)] = 1000
    decay: Annotated[float, Field(ge=0, lt=1)] = 0.99


class _Augmentation(Table):
    """An augmentation of every image that the discriminator sees."""

    policy: list[str]

    @model_validator(mode="after")
    def _check_policy(self) -> "_Augmentation":
        if not self.policy or len(set(self.policy)) < len(self.policy):
            raise ValueError(f"needs a policy that names each part once. Received: {self.policy}")
        return self


class DiffAugment(_Augmentation):
    """Differentiable augmentation: the same transforms for every image.

    Args:
        policy: Transforms, in this order.
    """

    name: Literal["diffaugment"]
    policy: list[Literal["color", "translation", "cutout"]] = ["color", "translation", "cutout"]


class Ada(_Augmentation):
    """Adaptive discriminator augmentation: transforms with a probability p that adapts.

    Args:
        target: Mean sign of the logits of real images at which p is held; 0: p is fixed.
        interval: Discriminator updates between two adjustments of p.
        ramp_images: Real images in which p can rise from 0 to 1.
        probability: p at the beginning; with a target of 0 it may follow a schedule.
        policy: Groups of transforms: flips, quarter turns and whole-pixel moves ("blit"),
            scaling, rotation and fractional moves ("geometry"), "color", "cutout".
        color_multiplier: Each change of color happens with this multiple of p.
    """

    name: Literal["ada"]
    target: _Probability = 0.6
    interval: _Count = 4
    ramp_images: _Count = 500_000
    probability: Probability = 0.0
    policy: list[Literal["blit", "geometry", "color", "cutout"]] = ["blit", "geometry", "color"]
    color_multiplier: _Probability = 1.0

    @model_validator(mode="after")
    def _check_schedule(self) -> "Ada":
        if self.target and isinstance(self.probability, Schedule):
            raise ValueError(
                "has a probability that follows a schedule, and so needs a target of 0. "
                f"Received: {self.target}"
            )
        return self


OneRegularizer = Annotated[
    GradientPenalty | Dragan | R1 | R2 | Consistency | LeCam | DiffAugment | Ada,
    Field(discriminator="name"),
]
REGULARIZERS = (
    "gradient_penalty", "dragan", "r1", "r2", "consistency", "lecam", "diffaugment", "ada",
)  # fmt: skip
