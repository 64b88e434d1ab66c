"""LeCam regularization. Tseng et al. 2021, https://arxiv.org/abs/2104.03310, equations 3 to 6."""

from collections.abc import Callable

from keras import ops

from ganzoo.errors import UsageError


class LeCam:
    """A term of the discriminator's loss that keeps its logits near where the others' were.

    Logits of real images are drawn to the moving average of the fakes' logits, and the other
    way round: with few images the discriminator cannot be sure of what it has learned by heart.

    Args:
        weight: Of the term, above 0; the paper's lambda.
        start: The first step at which the term counts; the averages are kept from the
            beginning, and start at 0.
        decay: Of the moving averages per turn, in [0, 1).

    Raises:
        UsageError: a value is out of range.
    """

    #: What `update` reads of a discriminator's turn.
    logged = ("d_real_logit", "d_fake_logit")

    def __init__(self, weight: float, start: int = 1000, decay: float = 0.99):
        if not (weight > 0 and start >= 0 and 0 <= decay < 1):
            raise UsageError(
                "LeCam needs weight > 0, start >= 0 and decay in [0, 1). "
                f"Received: weight={weight}, start={start}, decay={decay}."
            )
        self.weight, self.start, self.decay = weight, start, decay

    def build(self, add_weight: Callable) -> None:
        """Make the two moving averages, by `add_weight` of the GAN."""
        scalar = {"shape": (), "initializer": "zeros", "trainable": False, "dtype": "float32"}
        self.real = add_weight(name="lecam_real", **scalar)
        self.fake = add_weight(name="lecam_fake", **scalar)

    def term(self, real_logits, fake_logits, steps):
        """The term, weight included; 0 before `start`.

        Args:
            real_logits, fake_logits: (batch,), of this turn.
            steps: How many steps have been made, a scalar.
        """
        to_fake = ops.mean(ops.square(real_logits - self.fake))
        to_real = ops.mean(ops.square(fake_logits - self.real))
        return ops.where(steps >= self.start, self.weight * (to_fake + to_real), 0.0)

    def update(self, logs: dict) -> None:
        """Move the averages toward the mean logits of a turn.

        Args:
            logs: What the discriminator's turn logged; it has all of `logged`.
        """
        for average, name in zip((self.real, self.fake), self.logged, strict=True):
            average.assign(self.decay * average + (1.0 - self.decay) * logs[name])
