"""Inception score. Salimans et al. 2016, https://arxiv.org/abs/1606.03498, section 4."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.metrics.rows import content_order, random_state


class InceptionScore(NamedTuple):
    """Inception score with its standard error.

    Args:
        mean: Mean of the scores of the splits: from 1 to the number of classes.
        error: Standard error of that mean. Papers print the standard deviation of the
            splits, which is sqrt(splits) times this.
    """

    mean: float
    error: float


def inception_score(logits: ArrayLike, *, splits: int = 10, seed: int = 0) -> InceptionScore:
    """Return `exp(E KL(p(y|x) || p(y)))`: confident for each sample, even over all samples.

    Each split has a score of its own, with its own p(y).

    Args:
        logits: Logits, or logarithms of probabilities (-infinity for 0), (n, classes).
        splits: Number of equal parts.
        seed: Seed of the random parts, which do not depend on the order of rows.

    Raises:
        UsageError: `logits` is not (n, classes), or has fewer samples than splits.
        InvalidInput: A row holds NaN or nothing but -infinity.
    """
    array = np.asarray(logits, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] < 2:
        raise UsageError(f"Logits must be numbers (n, classes). Received: {array.shape}.")
    if splits < 1 or len(array) < splits:
        raise UsageError(
            "The inception score needs at least one sample in each split."
            f" Received: {len(array):,} samples and {splits} splits."
        )
    logs = log_probabilities(array)
    # sorted as probabilities, which have neither -infinity nor an arbitrary offset
    logs = logs[content_order(np.exp(logs))[random_state(seed).permutation(len(logs))]]
    edges = [i * len(logs) // splits for i in range(splits + 1)]
    scores = [_split_score(logs[a:b]) for a, b in zip(edges, edges[1:], strict=False)]
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)) / math.sqrt(splits))


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the log softmax of each row, float64 (n, classes); -infinity stays.

    Raises:
        InvalidInput: A row holds NaN or nothing but -infinity.
    """
    highest = logits.max(axis=1, keepdims=True)
    if not np.isfinite(highest).all():
        raise InvalidInput(
            "Each row of logits must have a largest number that is finite."
            " Received: NaN, infinity, or a row without probability."
        )
    shifted = logits - highest
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _split_score(logs: np.ndarray) -> float:
    probabilities = np.exp(logs)
    marginal = probabilities.mean(axis=0)  # p(y)
    # 0 log 0 = 0: where p is 0, its logarithm is replaced before it is multiplied
    own = (probabilities * np.where(probabilities > 0, logs, 0)).sum(axis=1).mean()
    entropy = -(marginal * np.log(np.where(marginal > 0, marginal, 1))).sum()
    return float(np.exp(own + entropy))  # E KL = H(mean of p) - mean of H(p)
