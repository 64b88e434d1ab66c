"""Adversarial losses by name. The functions of these names are in `ganzoo/gan/losses.py`."""

from typing import NamedTuple


class LossFacts(NamedTuple):
    """Facts of a loss that recipes, messages and reports read.

    Args:
        summary: The loss and its paper in a few words.
        label_smoothing: Whether it takes one.
        has_threshold: Whether a logit's sign alone says what the discriminator takes a sample
            for; without one, accuracies compare scores.
        is_distance: Whether the discriminator's loss, negated, estimates a distance.
    """

    summary: str
    label_smoothing: bool = False
    has_threshold: bool = True
    is_distance: bool = False


LOSSES = {
    "minimax": LossFacts("zero-sum cross-entropy, Goodfellow et al. 2014", label_smoothing=True),
    "non_saturating": LossFacts(
        "cross-entropy with flipped labels for the generator, Goodfellow et al. 2014",
        label_smoothing=True,
    ),
    "least_squares": LossFacts("LSGAN, Mao et al. 2017", label_smoothing=True),
    "wasserstein": LossFacts("WGAN, Arjovsky et al. 2017", has_threshold=False, is_distance=True),
    "hinge": LossFacts("hinge, Lim and Ye 2017"),
    "relativistic": LossFacts("RpGAN, Jolicoeur-Martineau 2018", has_threshold=False),
}
