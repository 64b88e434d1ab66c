"""Table of metrics, by name."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ganzoo.metrics.class_accuracy import class_accuracy
from ganzoo.metrics.frechet import frechet_distance
from ganzoo.metrics.full_reference import psnr, ssim
from ganzoo.metrics.inception_score import inception_score
from ganzoo.metrics.kernel import kernel_distance
from ganzoo.metrics.memorization import memorization
from ganzoo.metrics.metric import Measurement, Metric
from ganzoo.metrics.modes import estimate_modes, high_quality, modes_covered
from ganzoo.metrics.precision_recall import Membership, memberships
from ganzoo.metrics.rows import check_row_pair, equal_subsets
from ganzoo.metrics.sample_set import SampleSet
from ganzoo.metrics.wasserstein import patch_wasserstein, sliced_wasserstein

# Representations that a metric needs exist, which `Metric.measure` has checked: hence `Any`.


def _binomial_error(fraction: float, count: int) -> float:
    return math.sqrt(fraction * (1 - fraction) / count)


def _measure_frechet(real: Any, fake: Any, seed: int) -> Measurement:
    # the value depends on the counts: fewer fake samples, greater distance
    counts = {"real": real.moments.count, "fake": fake.moments.count}
    return Measurement(frechet_distance(real.moments, fake.moments), None, counts)


def _measure_kernel(real: Any, fake: Any, seed: int) -> Measurement:
    found = kernel_distance(real.features, fake.features, seed=seed)
    settings = {"subsets": found.subsets, "subset_size": found.subset_size}
    return Measurement(found.mean, found.error, settings)


def _measure_inception_score(real: Any, fake: Any, seed: int) -> Measurement:
    splits = 10
    found = inception_score(fake.logits, splits=splits, seed=seed)
    return Measurement(found.mean, found.error, {"splits": splits})


def _measure_manifolds(
    side: int, index: int, function: Callable[[Membership], float]
) -> Callable[[SampleSet, SampleSet, int], Measurement]:
    """Return the computation of a metric of manifolds.

    Args:
        side: 0 for fake samples in balls of real ones, 1 for the reverse.
        index: Of the radius: 0 for the third, 1 for the fifth neighbor.
        function: The metric.
    """

    def compute(real: Any, fake: Any, seed: int) -> Measurement:
        found = fake.shared(real, seed, _compute_memberships)[side][index]
        # they depend on the numbers of samples
        used = {"real": len(found.balls), "fake": len(found.balls), "neighbors": found.neighbors}
        return Measurement(function(found), None, used)

    return compute


def _compute_memberships(
    real: Any, fake: Any, seed: int
) -> tuple[list[Membership], list[Membership]]:
    pair = check_row_pair(real.features, fake.features, "features")
    return memberships(*equal_subsets(*pair, max_rows=10_000, seed=seed), (3, 5), (3,))


def _measure_sliced_wasserstein(real: Any, fake: Any, seed: int) -> Measurement:
    directions = 512
    value = sliced_wasserstein(real.features, fake.features, directions=directions, seed=seed)
    return Measurement(value, None, {"directions": directions, "order": 2})


def _measure_patch_wasserstein(real: Any, fake: Any, seed: int) -> Measurement:
    settings = {"patches": 16, "directions": 256}
    found = patch_wasserstein(real.images, fake.images, seed=seed, **settings)
    used = {"real": found.images, "fake": found.images, "levels": len(found.levels)}
    return Measurement(found.mean, None, used | settings)


def _measure_pairs(
    function: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Callable[[SampleSet, SampleSet, int], Measurement]:
    """Return the mean of a number of each image and its target, and the error of the mean."""

    def compute(real: Any, fake: Any, seed: int) -> Measurement:
        found = _mean_and_error(function(fake.images, fake.targets))
        return Measurement(*found, {"color": "all channels", "border": 0})

    return compute


def _measure_mean(representation: str) -> Callable[[SampleSet, SampleSet, int], Measurement]:
    """Return the mean of a representation of fake samples, a number for each, and its error."""

    def compute(real: Any, fake: Any, seed: int) -> Measurement:
        return Measurement(*_mean_and_error(getattr(fake, representation)), {"resize": "none"})

    return compute


def _mean_and_error(values: np.ndarray) -> tuple[float, float | None]:
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else None
    return float(np.mean(values)), error


def _measure_modes_covered(real: Any, fake: Any, seed: int) -> Measurement:
    modes = estimate_modes(real.points, real.labels)
    return Measurement(modes_covered(fake.points, modes), None, {"modes": len(modes.centers)})


def _measure_high_quality(real: Any, fake: Any, seed: int) -> Measurement:
    modes = estimate_modes(real.points, real.labels)
    fraction = high_quality(fake.points, modes)
    error = _binomial_error(fraction, len(fake))
    return Measurement(fraction, error, {"modes": len(modes.centers)})


def _measure_class_accuracy(real: Any, fake: Any, seed: int) -> Measurement:
    fraction = class_accuracy(fake.logits, fake.labels)
    return Measurement(fraction, _binomial_error(fraction, len(fake)))


def _measure_memorization(real: Any, fake: Any, seed: int) -> Measurement:
    found = memorization(real.features, fake.features, seed=seed)
    return Measurement(found.excess, found.error)


_KYNKAANNIEMI = "Kynkäänniemi et al. 2019, https://arxiv.org/abs/1904.06991"
_NAEEM = "Naeem et al. 2020, https://arxiv.org/abs/2002.09797"
_LIN = "Lin et al. 2018, https://arxiv.org/abs/1712.04086"

_ALL = (
    Metric(
        name="frechet",
        summary="Fréchet distance of features, modeled as Gaussians (FID).",
        real=("moments",),
        fake=("moments",),
        better="lower",
        paper="Heusel et al. 2017, https://arxiv.org/abs/1706.08500",
        compute=_measure_frechet,
    ),
    Metric(
        name="kernel",
        summary="Unbiased kernel distance of features (KID).",
        better="lower",
        paper="Bińkowski et al. 2018, https://arxiv.org/abs/1801.01401",
        compute=_measure_kernel,
        seeded=True,
    ),
    Metric(
        name="inception_score",
        summary="Confidence in the class of each sample, evenness over classes; no real samples.",
        real=(),
        fake=("logits",),
        better="higher",
        paper="Salimans et al. 2016, https://arxiv.org/abs/1606.03498",
        compute=_measure_inception_score,
        seeded=True,
    ),
    Metric(
        name="precision",
        summary="Fraction of fake samples inside the manifold of real ones.",
        better="higher",
        paper=_KYNKAANNIEMI,
        compute=_measure_manifolds(0, 0, lambda found: found.share_inside),
        seeded=True,
    ),
    Metric(
        name="recall",
        summary="Fraction of real samples inside the manifold of fake ones.",
        better="higher",
        paper=_KYNKAANNIEMI,
        compute=_measure_manifolds(1, 0, lambda found: found.share_inside),
        seeded=True,
    ),
    Metric(
        name="density",
        summary="Mean number of real neighborhoods around a fake sample; 1 for real samples.",
        better="higher",
        paper=_NAEEM,
        compute=_measure_manifolds(0, 1, lambda found: found.density),
        seeded=True,
    ),
    Metric(
        name="coverage",
        summary="Fraction of real samples with a fake sample nearby.",
        better="higher",
        paper=_NAEEM,
        compute=_measure_manifolds(0, 1, lambda found: found.coverage),
        seeded=True,
    ),
    Metric(
        name="sliced_wasserstein",
        summary="Sliced Wasserstein-2 distance of features, in random directions.",
        better="lower",
        paper="Bonneel et al. 2015, https://doi.org/10.1007/s10851-014-0506-3",
        compute=_measure_sliced_wasserstein,
        seeded=True,
    ),
    Metric(
        name="patch_wasserstein",
        summary="Sliced Wasserstein-1 distance of image patches, over scales (SWD).",
        real=("images",),
        fake=("images",),
        better="lower",
        paper="Karras et al. 2018, https://arxiv.org/abs/1710.10196",
        compute=_measure_patch_wasserstein,
        seeded=True,
    ),
    Metric(
        name="psnr",
        summary="Peak signal-to-noise ratio of translated images to their targets, in dB.",
        real=(),
        fake=("images", "targets"),
        better="higher",
        paper="Wang et al. 2004, https://doi.org/10.1109/TIP.2003.819861",
        compute=_measure_pairs(psnr),
    ),
    Metric(
        name="ssim",
        summary="Structural similarity of translated images to their targets.",
        real=(),
        fake=("images", "targets"),
        better="higher",
        paper="Wang et al. 2004, https://doi.org/10.1109/TIP.2003.819861",
        compute=_measure_pairs(ssim),
    ),
    Metric(
        name="perceptual",
        summary="Perceptual distance of translated images to their targets (LPIPS-like).",
        real=(),
        fake=("target_distances",),
        better="lower",
        paper="Zhang et al. 2018, https://arxiv.org/abs/1801.03924",
        compute=_measure_mean("target_distances"),
    ),
    Metric(
        name="diversity",
        summary="Perceptual distance of two translations of each source.",
        real=(),
        fake=("pair_distances",),
        better="higher",
        paper="Zhu et al. 2017, https://arxiv.org/abs/1711.11586",
        compute=_measure_mean("pair_distances"),
    ),
    Metric(
        name="modes_covered",
        summary="Modes of a mixture with a sample within three standard deviations.",
        real=("points", "labels"),
        fake=("points",),
        better="higher",
        paper=_LIN,
        compute=_measure_modes_covered,
    ),
    Metric(
        name="high_quality",
        summary="Fraction of samples within three standard deviations of a mode.",
        real=("points", "labels"),
        fake=("points",),
        better="higher",
        paper=_LIN,
        compute=_measure_high_quality,
    ),
    Metric(
        name="class_accuracy",
        summary="Fraction of samples that a classifier assigns to their class.",
        real=(),
        fake=("logits", "labels"),
        better="higher",
        paper="Shmelkov et al. 2018, https://arxiv.org/abs/1807.09499",
        compute=_measure_class_accuracy,
    ),
    Metric(
        name="memorization",
        summary="Fraction of samples too near to a training image, minus that of fresh data.",
        better="lower",
        paper="Alaa et al. 2022, https://arxiv.org/abs/2102.08921",
        compute=_measure_memorization,
        seeded=True,
        of_training_data=True,
    ),
)

METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _ALL})
