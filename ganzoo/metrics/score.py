"""Inception score. Salimans et al. 2016, https://arxiv.org/abs/1606.03498, section 4."""

import math
from typing import NamedTuple

import numpy as np

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.metrics.rows import generator, order_of


class InceptionScore(NamedTuple):
    """The inception score.

    Args:
        mean: Mean of the scores of the splits: from 1 to the number of classes.
        error: Standard error of that mean. Papers print the standard deviation of the
            splits, which is sqrt(splits) times this.
    """

    mean: float
    error: float


def inception_score(logits, *, splits: int = 10, seed: int = 0) -> InceptionScore:
    """`exp(E KL(p(y|x) || p(y)))`: classes are sure for each sample and even over all.

    Real samples are not looked at. Each split has a score of its own, with its own p(y).

    Args:
        logits: (n, classes): logits, or logarithms of probabilities (-infinity for 0).
        splits: Number of equal parts.
        seed: Decides the parts, together with what the rows are, not their order.

    Raises:
        UsageError: Not logits (n, classes), or fewer samples than splits.
        InvalidInput: A row is not a number, or nothing but -infinity.
    """
    logits = np.asarray(logits, dtype=np.float64)
    if logits.ndim != 2 or logits.shape[1] < 2:
        raise UsageError(f"Logits must be numbers (n, classes). Received: {logits.shape}.")
    if splits < 1 or len(logits) < splits:
        raise UsageError(
            f"The inception score needs at least one sample in each split."
            f" Received: {len(logits):,} samples and {splits} splits."
        )
    logs = log_probabilities(logits)
    # sorted as probabilities: logits have -infinity, and a constant that says nothing
    logs = logs[order_of(np.exp(logs))[generator(seed).permutation(len(logs))]]
    edges = [i * len(logs) // splits for i in range(splits + 1)]
    scores = [_score(logs[a:b]) for a, b in zip(edges, edges[1:], strict=False)]
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)) / math.sqrt(splits))


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """log softmax of each row, float64 (n, classes); -infinity stays.

    Raises:
        InvalidInput: A row has a number that is not one, or nothing but -infinity.
    """
    highest = logits.max(axis=1, keepdims=True)
    if not np.isfinite(highest).all():
        raise InvalidInput(
            "Each row of logits must have a largest number that is finite."
            " Received: not-a-number, infinity, or a row without probability."
        )
    shifted = logits - highest
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _score(logs: np.ndarray) -> float:
    probabilities = np.exp(logs)
    marginal = probabilities.mean(axis=0)  # p(y)
    # 0 log 0 = 0: where p is 0, its logarithm is replaced before it is multiplied
    own = (probabilities * np.where(probabilities > 0, logs, 0)).sum(axis=1).mean()
    entropy = -(marginal * np.log(np.where(marginal > 0, marginal, 1))).sum()
    return float(np.exp(own + entropy))  # E KL = H(mean of p) - mean of H(p)
