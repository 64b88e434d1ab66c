"""Evidence that a training is sick: numbers from its log and from its samples, NumPy only.

Every number is relative, to the data or to the loss at equilibrium, so that one threshold holds
for images of any size and for any architecture.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Evidence = dict[str, Any]

_MAX_SIZE = 32  # pixels along a side, at which images are compared
_TINY = 1e-12


def evidence_of_log(
    window: Sequence[Mapping[str, float]],
    *,
    equilibrium: float,
    has_threshold: bool,
    penalties: Mapping[str, float],
) -> Evidence:
    """Return the evidence in some intervals of the log, one after another.

    Args:
        window: The means of each interval by name.
        equilibrium: The discriminator's loss where real and generated samples look alike; 0 for
            a distance, which has no such value.
        has_threshold: Whether the sign of a logit says what a sample is taken for.
        penalties: Weight of each penalty that is logged, by name.

    Returns:
        The means over the window, and

        `accuracy`: the lower one of the discriminator's accuracies on real and generated samples;
        `loss_share`: its loss without penalties, as a share of that at equilibrium;
        `penalty_share`: the lowest weighted penalty as a share of both networks' losses;
        `penalty_change`: the lowest change of a penalty, as a share of its value.
    """
    means = {name: float(np.mean([line[name] for line in window])) for name in window[-1]}
    evidence: Evidence = dict(means)
    if has_threshold:
        evidence["accuracy"] = min(means["d_real_accuracy"], means["d_fake_accuracy"])
    weighted = {name: weight * means[name] for name, weight in penalties.items()}
    adversarial = means["d_loss"] - sum(weighted.values())
    if equilibrium > 0:
        evidence["loss_share"] = adversarial / equilibrium
    if penalties:
        changes = {name: _change([line[name] for line in window]) for name in penalties}
        evidence["weak_penalty"] = weak = min(weighted, key=weighted.__getitem__)
        evidence["rigid_penalty"] = rigid = min(changes, key=changes.__getitem__)
        scale = abs(adversarial) + abs(means["g_loss"]) + _TINY
        evidence["penalty_share"] = abs(weighted[weak]) / scale
        evidence["penalty_change"], evidence["rigid_value"] = changes[rigid], means[rigid]
    return evidence


def evidence_of_samples(
    raw: np.ndarray, averaged: np.ndarray | None, real: np.ndarray, reference: np.ndarray
) -> Evidence:
    """Return the evidence in samples, compared with the data.

    Args:
        raw: Samples of the generator's own weights (n, ...).
        averaged: Samples of the same latents by the average of its weights; `None` without one.
        real: Real samples (m, ...).
        reference: All real samples, or many of them, among which copies are looked for.

    Returns:
        `spread`: the mean distance of two samples;
        `nearest`: the median distance of a sample to the most similar other one;
        `copy`: the median distance of a sample to the most similar real one;
        `contrast`: the standard deviation of the values inside a sample; 1 for points.
        Each is a share of the same among real samples, and of both networks the larger one, so that
        an illness that only one of them has is not named for both.
        `distance`: the energy distance of `raw` to real samples, as a share of the mean distance of
        two real ones. Székely and Rizzo 2013, https://doi.org/10.1016/j.jspi.2013.03.018;
        `ema_distance`: that of `averaged`; `ema_gap`: how much farther they are from the data.
    """
    real, reference = shrink(real), shrink(reference)
    evidence = _compare(shrink(raw), real, reference)
    if averaged is None:
        return evidence
    of_average = _compare(shrink(averaged), real, reference)
    larger = {name: max(value, of_average[name]) for name, value in evidence.items()}
    return larger | {
        "distance": evidence["distance"],
        "ema_distance": of_average["distance"],
        "ema_gap": of_average["distance"] - evidence["distance"],
    }


def _compare(samples: np.ndarray, real: np.ndarray, reference: np.ndarray) -> Evidence:
    n, rows, real_rows = min(len(samples), len(real)), _rows(samples), _rows(real)
    within, within_real = distances(rows, rows), distances(real_rows, real_rows)
    unit = max(_mean_of_pairs(within_real), _TINY)
    to_reference, between = distances(rows, _rows(reference)), distances(*[_rows(reference)] * 2)
    across = 2.0 * distances(rows, real_rows).mean()
    evidence = {
        "spread": _mean_of_pairs(within) / unit,
        "nearest": _share(_nearest_other(within[:n, :n]), _nearest_other(within_real[:n, :n])),
        "copy": _share(to_reference.min(axis=1), _nearest_other(between)),
        "distance": float(across - _mean_of_pairs(within) - _mean_of_pairs(within_real)) / unit,
    }
    is_point = samples.ndim == 2
    evidence["contrast"] = 1.0 if is_point else _share(contrast(samples), contrast(real))
    return evidence


def shrink(samples: np.ndarray) -> np.ndarray:
    """Return float32 samples, images and videos of at most 32 pixels along a side."""
    samples = np.asarray(samples)
    if samples.ndim >= 4:  # (n, ..., height, width, channels)
        for axis in (-3, -2):
            samples = _pool(samples, axis)
    return samples.astype(np.float32)


def _pool(samples: np.ndarray, axis: int) -> np.ndarray:
    """The means of so many neighbors along an axis that at most 32 remain; a rest is dropped."""
    size, position = samples.shape[axis], samples.ndim + axis
    factor = math.ceil(size / _MAX_SIZE)
    if factor == 1:
        return samples
    shape = samples.shape[:position], samples.shape[position + 1 :]
    kept = samples.take(range(size // factor * factor), axis=axis)
    grouped = kept.reshape(*shape[0], -1, factor, *shape[1])
    return grouped.sum(axis=position + 1, dtype=np.float32) / factor


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the Euclidean distance of each row of `a` to each row of `b`."""
    squares = [np.einsum("ij,ij->i", rows, rows, dtype=np.float64) for rows in (a, b)]
    squared = squares[0][:, None] + squares[1] - 2.0 * (a @ b.T)
    return np.sqrt(np.maximum(squared, 0.0))


def contrast(samples: np.ndarray) -> np.ndarray:
    """Return the standard deviation of the values inside each sample, by channel: (n,)."""
    values = samples.reshape(len(samples), -1, samples.shape[-1])
    return values.std(axis=1).mean(axis=-1)


def _change(values: Sequence[float]) -> float:
    """The change of a value, as a share of its size."""
    scale = max(map(abs, values))
    return (max(values) - min(values)) / max(scale, _TINY)


def _rows(samples: np.ndarray) -> np.ndarray:
    return samples.reshape(len(samples), -1)


def _mean_of_pairs(matrix: np.ndarray) -> float:
    n = len(matrix)
    return float((matrix.sum() - np.trace(matrix)) / max(n * (n - 1), 1))


def _nearest_other(matrix: np.ndarray) -> np.ndarray:
    """The least distance of each row to another one."""
    return np.where(np.eye(len(matrix), dtype=bool), np.inf, matrix).min(axis=1, initial=np.inf)


def _share(values: np.ndarray, of_real: np.ndarray) -> float:
    return float(np.median(values) / max(float(np.median(of_real)), _TINY))
