"""Everything that `GAN.compile` takes besides the optimizers: the table `[gan]` of a recipe."""

import math
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    InstanceOf,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from ganzoo.config.contracts import Loss, Regularizer
from ganzoo.config.loss_names import LOSSES
from ganzoo.config.regularizer_options import OneRegularizer
from ganzoo.config.schedules import Bound, Duration, FlipProbability, Schedule, Updates
from ganzoo.config.validation import Table

_Share = Annotated[float, Field(ge=0, lt=0.5)]


class GANConfig(Table):
    """Loss, regularizers and schedule of a GAN.

    Args:
        loss: Name of an adversarial loss, or in Python a `Loss`.
        label_smoothing: Targets of real samples are `1 - label_smoothing`, one-sided.
        label_flip_prob: Probability that a real and a fake sample change places for the
            discriminator. https://github.com/soumith/ganhacks, number 6.
        regularizers: Regularizers of the discriminator in the order in which augmentations are
            applied, each name once; in Python also `Regularizer` objects.
        separate_penalties: Penalties that are due in some steps only (`every`, or StyleGAN2's path
            lengths) are updates of their own, after that of the loss. An optimizer's learning
            rate should then be multiplied by every / (every + 1), and its betas be raised to
            that power. Karras et al. 2020, https://arxiv.org/abs/1912.04958, appendix B.
        n_critic: Discriminator updates per generator update. Of a schedule the steps are updates
            of the generator, and a step of the training has as many discriminator updates as all
            its values can be divided by: the generator waits until there were enough.
        generator_batch: The generator learns from so many times the batch of generated images;
            classes of them are drawn alike often.
        weight_clip: Bound of the discriminator's weights after each update; 0: none.
        freeze_discriminator: So many layers of the discriminator, those next to the images, stay as
            they are: of use in a training that starts from another model's weights. Mo et al.
            2020, https://arxiv.org/abs/2002.10964.
        ema_half_life: Half-life of the generator's exponential moving average, in real images
            shown to the discriminator; 0: no average is kept.
        ema_rampup: The half-life is at most this share of the images shown so far, so that the
            average follows the young generator closely; 0: no ramp. Karras et al. 2021,
            https://arxiv.org/abs/2106.12423, appendix G.
        share_fake_latents: The generator's update uses the latents of the last discriminator
            update: both learn from the same images. PyTorch evaluates the generator once for both.
        concat_real_fake: The discriminator sees real and fake samples as one batch of both, which
            is faster. Batch normalization and minibatch standard deviation inside it then see
            both together.
    """

    loss: Literal[tuple(LOSSES)] | InstanceOf[Loss] = "non_saturating"  # type: ignore[valid-type]
    label_smoothing: _Share = 0.0
    label_flip_prob: FlipProbability = 0.0
    regularizers: list[OneRegularizer | InstanceOf[Regularizer]] = []
    separate_penalties: bool = False
    n_critic: Updates = 1
    generator_batch: Annotated[int, Field(ge=1)] = 1
    weight_clip: Bound = 0.0
    freeze_discriminator: Annotated[int, Field(ge=0)] = 0
    ema_half_life: Duration = 10_000.0
    ema_rampup: Annotated[float, Field(ge=0)] = 0.05
    share_fake_latents: bool = False
    concat_real_fake: bool = False

    @model_validator(mode="after")
    def _check_together(self) -> "GANConfig":
        names = [r.name for r in self.regularizers if isinstance(r, Table)]
        if len(set(names)) < len(names):
            raise ValueError(f"must name each regularizer once. Received: {names}")
        if self.label_smoothing and not (
            isinstance(self.loss, str) and LOSSES[self.loss].label_smoothing
        ):
            able = ", ".join(name for name, facts in LOSSES.items() if facts.label_smoothing)
            raise ValueError(f"has label_smoothing, which only {able} take. Received: {self.loss}")
        return self

    @model_serializer(mode="wrap")
    def _write_without_newer_defaults(self, tables: SerializerFunctionWrapHandler) -> dict:
        """Leave out what a recipe of before could not say, so that its digest stays."""
        newer = {"generator_batch": 1, "separate_penalties": False, "freeze_discriminator": 0}
        written = tables(self)
        return {k: v for k, v in written.items() if k not in newer or v != newer[k]}

    @property
    def critic_updates(self) -> int:
        """Discriminator updates in a step."""
        values = self.n_critic.ends if isinstance(self.n_critic, Schedule) else [self.n_critic]
        return math.gcd(*map(int, values))

    def tables(self) -> dict[str, Any]:
        """The settings as plain values, from which `GANConfig(**tables)` makes them again."""
        own = {"loss": self.loss} if isinstance(self.loss, Loss) else {}
        return {**self.model_dump(), **own}
