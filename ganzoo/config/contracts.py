"""Contracts of losses and regularizers, for the zoo's own and for those of other packages."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Loss(NamedTuple):
    """A pair of pure functions of logits, one for each network.

    Each takes the discriminator's logits `(batch,)` and returns one loss per sample `(batch,)`.

    Args:
        discriminator: `(real_logits, fake_logits) -> (batch,)`.
        generator: `(real_logits, fake_logits) -> (batch,)`; `real_logits` is None
            unless the loss is `paired`.
        paired: The generator's loss compares fake with real samples, so that its update
            evaluates the discriminator on both.
        boundary: The logit at which the discriminator calls real and fake equally likely.
    """

    discriminator: Callable
    generator: Callable
    paired: bool = False
    boundary: float = 0.0


class DiscriminatorUpdate(NamedTuple):
    """One update of the discriminator, as its regularizers see it.

    Args:
        discriminate: `(samples, rng) -> logits (batch,)`, with the batch's labels; without random
            numbers the samples are not augmented.
        real: Real samples in the generator's range, float32 (batch, ...).
        fake: Generated samples, alike.
        real_logits: (batch,).
        fake_logits: (batch,).
        threshold: The logit above which a real sample counts as taken for real: a scalar, or
            the fake logits (batch,) under a paired loss.
        step: Steps made so far, an int32 scalar.
        rng: Random numbers of this update, a `ganzoo.random.Rng`.
    """

    discriminate: Callable
    real: Any
    fake: Any
    real_logits: Any
    fake_logits: Any
    threshold: Any
    step: Any
    rng: Any


class Regularizer:
    """A regularizer of the discriminator: an augmentation of what it sees, or loss terms, or both.

    A subclass overrides what it needs. State that lasts from step to step is made by `build`
    and assigned by `after_update` only, so that checkpoints hold it.
    """

    #: Name in messages and recipes; a GAN has one regularizer of a name.
    name: str = ""
    #: Weight of the terms in the discriminator's loss. Like any attribute it may be a schedule,
    #: in place of which it has the value of the step while that goes on.
    weight: Any = 0.0
    #: Interval in steps at which the terms are due; above 1 they may be an update of their own,
    #: in which there are no logits.
    every: int = 1

    def build(self, add_weight: Callable, value_range: Sequence[float]) -> None:
        """Make the state: here none.

        Args:
            add_weight: `add_weight` of the GAN.
            value_range: Black and white.
        """

    def augment(self, images, rng):
        """Return the images as the discriminator shall see them: here as they are.

        Real and generated images pass through here, and the generator is trained through it,
        so that it has to be differentiable, under a gradient penalty twice.

        Args:
            images: float32 in `value_range`, (batch, ...).
            rng: Random numbers, a `ganzoo.random.Rng`.
        """
        return images

    def terms(self, update: DiscriminatorUpdate) -> dict[str, Any]:
        """Return loss terms, scalars by name, before `weight`. They are logged: here none."""
        return {}

    def logs(self, update: DiscriminatorUpdate) -> dict[str, Any]:
        """Return scalars to log that are no part of the loss: here none."""
        return {}

    def after_update(self, logs: dict[str, Any], count) -> dict[str, Any]:
        """Move the state after an update of the discriminator: here nothing.

        Args:
            logs: What the update logged, scalars by name, `terms` and `logs` among them.
            count: Number of real images in the update.

        Returns:
            The state that is worth a curve, scalars by name.
        """
        return {}
