"""The rules of one game: everything that `GAN.compile` takes besides the optimizers."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from ganzoo.errors import UsageError
from ganzoo.gan import augmentations, losses
from ganzoo.gan import penalties as penalties_


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rules:
    """How the two players play.

    Args:
        loss: A name from `ganzoo.losses`, or a `Loss`.
        penalties: Tables of keywords of `ganzoo.penalties.get`, or `Penalty` objects.
        n_critic: Discriminator updates per generator update, in [1, 1000].
        average_decay: Decay per step of the generator's moving average, in [0, 1); 0: none.
        label_smoothing: Real samples get the target `1 - label_smoothing`, in [0, 0.5).
        label_flips: Probability, in [0, 0.5), that a real and a fake sample change places
            for the discriminator. https://github.com/soumith/ganhacks, number 6.
        clip_weights: Bound of the discriminator's weights after each update; 0: none.
        share_fakes: The generator's turn uses the latents of the last discriminator's turn,
            so that a compiler evaluates the generator once for both.
        augmentation: Keywords of `ganzoo.gan.augmentations.get`, or an `Augmentation`: what is
            done to every image before the discriminator sees it. None: nothing.
        lecam_weight: Of LeCam's term in the discriminator's loss; 0: none.
        lecam_start: The step from which on that term counts.
        joint_batch: The discriminator sees real and fake samples as one batch of both, which
            is faster. Batch normalization inside it then has statistics of both together.

    Raises:
        UsageError: a value is out of range.
        UnknownName: there is no such loss or penalty.
    """

    loss: str | losses.Loss = "non_saturating"
    penalties: Sequence[dict[str, Any] | penalties_.Penalty] = ()
    n_critic: int = 1
    average_decay: float = 0.0
    label_smoothing: float = 0.0
    label_flips: float = 0.0
    clip_weights: float = 0.0
    share_fakes: bool = False
    joint_batch: bool = False
    augmentation: dict[str, Any] | augmentations.Augmentation | None = None
    lecam_weight: float = 0.0
    lecam_start: int = 1000

    def __post_init__(self):
        # with more, the streams of their penalties would reach that of the data's order
        self._check("n_critic", 1 <= self.n_critic <= 1000, "in [1, 1000]")
        few = len(self.penalties) < penalties_.PARTS
        self._check("penalties", few, f"at most {penalties_.PARTS - 1}")
        self._check("average_decay", 0 <= self.average_decay < 1, "in [0, 1)")
        self._check("label_smoothing", 0 <= self.label_smoothing < 0.5, "in [0, 0.5)")
        self._check("label_flips", 0 <= self.label_flips < 0.5, "in [0, 0.5)")
        self._check("clip_weights", self.clip_weights >= 0, "at least 0")
        self._check("lecam_weight", self.lecam_weight >= 0, "at least 0")
        self._check("lecam_start", self.lecam_start >= 0, "at least 0")
        loss = self.loss
        if isinstance(loss, losses.Loss):
            fine = not self.label_smoothing
            self._check("label_smoothing", fine, "part of the loss, where that is given as a Loss")
        else:
            smoothing = {"label_smoothing": self.label_smoothing} if self.label_smoothing else {}
            loss = losses.get(loss, **smoothing)
        found = [
            entry if isinstance(entry, penalties_.Penalty) else penalties_.get(**entry)
            for entry in self.penalties
        ]
        augmentation = self.augmentation
        if isinstance(augmentation, dict):
            augmentation = augmentations.get(**augmentation)
        object.__setattr__(self, "played_augmentation", augmentation)
        object.__setattr__(self, "played_loss", loss)
        object.__setattr__(self, "played_penalties", found)

    def _check(self, name: str, fine: bool, expected: str) -> None:
        if not fine:
            raise UsageError(f"{name} must be {expected}. Received: {getattr(self, name)}.")

    def config(self) -> dict[str, Any]:
        """The rules as plain values, from which `Rules(**config)` makes them again."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
