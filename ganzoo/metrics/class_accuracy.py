"""Class accuracy of generated samples under a classifier of real images (GAN-test).

Shmelkov et al. 2018, https://arxiv.org/abs/1807.09499. Ravuri and Vinyals 2019,
https://arxiv.org/abs/1905.10887, train the classifier on generated images instead.
"""

import numpy as np
from numpy.typing import ArrayLike

from ganzoo.errors import UsageError


def class_accuracy(logits: ArrayLike, labels: ArrayLike) -> float:
    """Return the fraction of samples whose largest logit is that of their label.

    Args:
        logits: Logits of the classifier (n, classes).
        labels: Class indices (n,) that the samples were generated for.

    Raises:
        UsageError: The shapes do not match, or a label is not a class of the logits.
    """
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or labels.dtype.kind not in "iu":
        raise UsageError(
            "Class accuracy needs logits (n, classes) and class indices (n,)."
            f" Received: {logits.shape} and {labels.dtype} {labels.shape}."
        )
    if not len(labels) or labels.min() < 0 or labels.max() >= logits.shape[1]:
        span = f"{labels.min()} to {labels.max()}" if len(labels) else "no label"
        raise UsageError(f"Labels must be in [0, {logits.shape[1]}). Received: {span}.")
    # a row with NaN has no largest logit, though argmax returns the NaN
    return float(np.mean((logits.argmax(axis=1) == labels) & ~np.isnan(logits).any(axis=1)))
