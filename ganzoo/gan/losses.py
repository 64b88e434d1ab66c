"""Losses: what each player wants, as a pair of pure functions of logits.

Every function takes the discriminator's logits `(batch,)` and returns one loss per
sample `(batch,)`; the mean is taken once, by the player's objective. A logit is the
discriminator's output before any sigmoid: positive means "real".
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from ganzoo.errors import UsageError, unknown


class Loss(NamedTuple):
    """What the two players minimize.

    Args:
        discriminator: `(real_logits, fake_logits) -> (batch,)`.
        generator: `(real_logits, fake_logits) -> (batch,)`; `real_logits` is None
            unless the loss is `paired`.
        paired: The generator's loss compares fake with real samples, so the
            discriminator is evaluated on both in the generator's turn.
        boundary: The logit at which the discriminator calls real and fake equally likely.
    """

    discriminator: Callable
    generator: Callable
    paired: bool = False
    boundary: float = 0.0


def minimax(*, label_smoothing: float = 0.0) -> Loss:
    """The zero-sum game. Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, equation 1.

    Args:
        label_smoothing: The target for real samples is `1 - label_smoothing`, and 0 for
            fakes: one-sided. Salimans et al. 2016, https://arxiv.org/abs/1606.03498, 3.4.
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
    """The generator maximizes log D(fake) instead. Goodfellow et al. 2014, end of section 3.

    This is binary cross-entropy in which the generator's fakes are labeled real.

    Args:
        label_smoothing: As in `minimax`.
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
    """The critic's mean difference. Arjovsky et al. 2017, https://arxiv.org/abs/1701.07875,
    equation 2.
    """
    return Loss(lambda real, fake: fake - real, lambda real, fake: -fake)


def hinge() -> Loss:
    """Lim & Ye 2017, https://arxiv.org/abs/1705.02894; Miyato et al. 2018, equations 16 and 17."""
    return Loss(
        lambda real, fake: ops.relu(1.0 - real) + ops.relu(1.0 + fake),
        lambda real, fake: -fake,
    )


def relativistic() -> Loss:
    """Each fake is judged against one real sample. Jolicoeur-Martineau 2018,
    https://arxiv.org/abs/1807.00734, section 4 (RpGAN), with softplus as in
    Huang et al. 2024 (R3GAN), https://arxiv.org/abs/2501.05441, equation 2.
    """
    return Loss(
        lambda real, fake: ops.softplus(fake - real),
        lambda real, fake: ops.softplus(real - fake),
        paired=True,
    )


LOSSES: dict[str, Callable[..., Loss]] = {
    "minimax": minimax,
    "non_saturating": non_saturating,
    "least_squares": least_squares,
    "wasserstein": wasserstein,
    "hinge": hinge,
    "relativistic": relativistic,
}


def get(name: str, **options) -> Loss:
    """The loss of that name.

    Raises:
        UnknownName: there is no such loss.
        UsageError: the loss does not take one of the options.
    """
    if name not in LOSSES:
        raise unknown("loss", name, LOSSES)
    try:
        return LOSSES[name](**options)
    except TypeError:
        raise UsageError(
            f"The loss {name!r} does not take these options. Received: {options}.",
            hint="label_smoothing is for minimax, non_saturating and least_squares.",
        ) from None
