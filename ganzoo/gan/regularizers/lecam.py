"""LeCam regularization. Tseng et al. 2021, https://arxiv.org/abs/2104.03310, equations 3 to 6."""

from collections.abc import Callable, Sequence

from keras import ops

from ganzoo.config.contracts import DiscriminatorUpdate, Regularizer
from ganzoo.config.schedules import Schedule


class LeCam(Regularizer):
    """A term that keeps the discriminator's logits near the moving average of the other kind's.

    Logits of real images are drawn to the moving average of generated images' logits, and the
    other way round: with few images the discriminator cannot be sure of what it has memorized.
    These are the paper's equations; the official code takes one side of each square only.

    Args:
        weight: Weight of the term; the paper's lambda.
        start: The first step at which the term counts; the averages are kept from the
            beginning, and start at 0.
        decay: Decay of the moving averages per update.
    """

    name = "lecam"

    def __init__(self, weight: float | Schedule, start: int = 1000, decay: float = 0.99):
        self.weight, self.start, self.decay = weight, start, decay

    def build(self, add_weight: Callable, value_range: Sequence[float]) -> None:
        scalar = {"shape": (), "initializer": "zeros", "trainable": False, "dtype": "float32"}
        self.real = add_weight(name="lecam_real", **scalar)
        self.fake = add_weight(name="lecam_fake", **scalar)

    def terms(self, update: DiscriminatorUpdate) -> dict:
        to_fake = ops.mean(ops.square(update.real_logits - self.fake))
        to_real = ops.mean(ops.square(update.fake_logits - self.real))
        return {"lecam": ops.where(update.step >= self.start, to_fake + to_real, 0.0)}

    def logs(self, update: DiscriminatorUpdate) -> dict:
        return {
            "d_real_logit": ops.mean(update.real_logits),
            "d_fake_logit": ops.mean(update.fake_logits),
        }

    def after_update(self, logs: dict, count) -> dict:
        for average, name in ((self.real, "d_real_logit"), (self.fake, "d_fake_logit")):
            average.assign(self.decay * average + (1.0 - self.decay) * logs[name])
        return {}
