"""Adversarial losses: for each network a pure function of logits.

Every function takes the discriminator's logits `(batch,)` and returns one loss per
sample `(batch,)`; the mean is taken once, in the network's loss. A logit is the
discriminator's output before any sigmoid: positive means "real". A loss is found by the name of
its function here, which `ganzoo/config/loss_names.py` lists.
"""

import math

from keras import ops

from ganzoo.backend import Tensor
from ganzoo.config.contracts import Loss
from ganzoo.config.loss_names import LOSSES
from ganzoo.errors import UsageError, unknown
from ganzoo.gan.random import Rng

__all__ = ["LOSSES", "Loss", "flip_labels", "get"]


def minimax(*, label_smoothing: float = 0.0) -> Loss:
    """Minimax loss, a zero-sum game. Goodfellow et al. 2014,
    https://arxiv.org/abs/1406.2661, equation 1.

    Args:
        label_smoothing: The target for real samples is `1 - label_smoothing`, and 0 for
            fake ones: one-sided. Salimans et al. 2016, https://arxiv.org/abs/1606.03498, 3.4.
    """
    smooth = label_smoothing

    def discriminator(real, fake):  # cross-entropy of sigmoid(logits), written without the sigmoid
        genuine = (1.0 - smooth) * ops.softplus(-real) + smooth * ops.softplus(real)
        return genuine + ops.softplus(fake)

    return Loss(
        discriminator,
        lambda real, fake: -ops.softplus(fake),
        # where both kinds are equally likely, the loss is least at sigmoid(logit) = (1 - s) / 2
        boundary=math.log((1.0 - smooth) / (1.0 + smooth)),
    )


def non_saturating(*, label_smoothing: float = 0.0) -> Loss:
    """Non-saturating loss: the generator maximizes log D(fake). Goodfellow et al. 2014,
    end of section 3.

    This is binary cross-entropy in which the generated samples are labeled real.

    Args:
        label_smoothing: See `minimax`.
    """
    zero_sum = minimax(label_smoothing=label_smoothing)
    return zero_sum._replace(generator=lambda real, fake: ops.softplus(-fake))


def least_squares(*, label_smoothing: float = 0.0) -> Loss:
    """LSGAN with targets 0 and 1. Mao et al. 2017, https://arxiv.org/abs/1611.04076, equation 9.

    Args:
        label_smoothing: The target for real samples is `1 - label_smoothing`.
    """
    target = 1.0 - label_smoothing
    return Loss(
        lambda real, fake: 0.5 * ops.square(real - target) + 0.5 * ops.square(fake),
        lambda real, fake: 0.5 * ops.square(fake - 1.0),
        boundary=0.5 * target,
    )


def wasserstein() -> Loss:
    """Wasserstein loss, the difference of the critic's means. Arjovsky et al. 2017, https://arxiv.org/abs/1701.07875,
    equation 2.
    """
    return Loss(lambda real, fake: fake - real, lambda real, fake: -fake)


def hinge() -> Loss:
    """Hinge loss. Lim & Ye 2017, https://arxiv.org/abs/1705.02894; Miyato et al. 2018,
    equations 16 and 17.
    """
    return Loss(
        lambda real, fake: ops.relu(1.0 - real) + ops.relu(1.0 + fake),
        lambda real, fake: -fake,
    )


def relativistic() -> Loss:
    """Relativistic loss: each fake is compared with one real sample. Jolicoeur-Martineau 2018,
    https://arxiv.org/abs/1807.00734, section 4 (RpGAN), with softplus as in
    Huang et al. 2024 (R3GAN), https://arxiv.org/abs/2501.05441, equation 2.
    """
    return Loss(
        lambda real, fake: ops.softplus(fake - real),
        lambda real, fake: ops.softplus(real - fake),
        paired=True,
    )


def get(loss: str | Loss, *, label_smoothing: float = 0.0) -> Loss:
    """Return the loss of that name; a `Loss` itself.

    Args:
        loss: A name from `LOSSES`, or a `Loss`.
        label_smoothing: Targets of real samples are `1 - label_smoothing`.

    Raises:
        UnknownName: there is no such loss.
        UsageError: the loss takes no label smoothing.
    """
    if isinstance(loss, Loss):
        return loss
    if loss not in LOSSES:
        raise unknown("loss", loss, LOSSES)
    if not label_smoothing:
        return globals()[loss]()
    if not LOSSES[loss].label_smoothing:
        raise UsageError(
            f"The loss {loss!r} takes no label_smoothing. Received: {label_smoothing}."
        )
    return globals()[loss](label_smoothing=label_smoothing)


def flip_labels(real_logits: Tensor, fake_logits: Tensor, probability: Tensor, rng: Rng) -> tuple:
    """Logits (batch,) of real and fake samples, of which some change places."""
    if isinstance(probability, float) and not probability:
        return real_logits, fake_logits
    flip = rng.uniform("label_flip", ops.shape(real_logits)) < probability
    return ops.where(flip, fake_logits, real_logits), ops.where(flip, real_logits, fake_logits)
