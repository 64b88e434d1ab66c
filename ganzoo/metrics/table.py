"""The table of metrics. Whoever evaluates walks it, and knows no metric by its name."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from ganzoo.metrics import manifold
from ganzoo.metrics.accuracy import class_accuracy
from ganzoo.metrics.frechet import frechet_distance
from ganzoo.metrics.kernel import kernel_distance
from ganzoo.metrics.metric import Measured, Metric
from ganzoo.metrics.modes import high_quality, modes_covered, modes_of
from ganzoo.metrics.nearest import memorization
from ganzoo.metrics.rows import checked_pair, equally_many
from ganzoo.metrics.score import inception_score
from ganzoo.metrics.side import Side
from ganzoo.metrics.wasserstein import patch_wasserstein, sliced_wasserstein


def _share_error(share: float, count: int) -> float:
    return math.sqrt(share * (1 - share) / count)  # of a binomial share


def _frechet(real: Side, fake: Side, seed: int) -> Measured:
    # the count is in the value: fewer fakes, greater distance
    counts = {"real": real.moments.count, "fake": fake.moments.count}
    return Measured(frechet_distance(real.moments, fake.moments), None, counts)


def _kernel(real: Side, fake: Side, seed: int) -> Measured:
    found = kernel_distance(real.features, fake.features, seed=seed)
    return Measured(
        found.mean, found.error, {"subsets": found.subsets, "subset_size": found.subset_size}
    )


def _inception_score(real: Side, fake: Side, seed: int) -> Measured:
    splits = 10
    found = inception_score(fake.logits, splits=splits, seed=seed)
    return Measured(found.mean, found.error, {"splits": splits})


def _in_reach(function: Callable, neighbors: int) -> Callable[[Side, Side, int], Measured]:
    """A metric of balls: equally many samples of both sides, since their number counts."""

    def compute(real: Side, fake: Side, seed: int) -> Measured:
        pair = checked_pair(real.features, fake.features, "features")
        ours, theirs = equally_many(*pair, at_most=10_000, seed=seed)
        value = function(ours, theirs, neighbors=neighbors)
        used = {"real": len(ours), "fake": len(theirs), "neighbors": neighbors}
        return Measured(value, None, used)

    return compute


def _sliced(real: Side, fake: Side, seed: int) -> Measured:
    directions = 512
    value = sliced_wasserstein(real.features, fake.features, directions=directions, seed=seed)
    return Measured(value, None, {"directions": directions, "order": 2})


def _patches(real: Side, fake: Side, seed: int) -> Measured:
    patches, directions = 16, 256
    found = patch_wasserstein(
        real.images, fake.images, patches=patches, directions=directions, seed=seed
    )
    used = {"real": found.images, "fake": found.images, "patches": patches}
    return Measured(
        found.mean, None, {**used, "directions": directions, "levels": len(found.levels)}
    )


def _modes_covered(real: Side, fake: Side, seed: int) -> Measured:
    modes = modes_of(real.points, real.labels)
    return Measured(modes_covered(fake.points, modes), None, {"modes": len(modes.centers)})


def _high_quality(real: Side, fake: Side, seed: int) -> Measured:
    modes = modes_of(real.points, real.labels)
    share = high_quality(fake.points, modes)
    return Measured(share, _share_error(share, len(fake)), {"modes": len(modes.centers)})


def _accuracy(real: Side, fake: Side, seed: int) -> Measured:
    share = class_accuracy(fake.logits, fake.labels)
    return Measured(share, _share_error(share, len(fake)))


def _memorization(real: Side, fake: Side, seed: int) -> Measured:
    found = memorization(real.features, fake.features, seed=seed)
    return Measured(found.excess, found.error)


_BOTH_FEATURES = {"real": ("features",), "fake": ("features",)}
_KYNKAANNIEMI = "Kynkäänniemi et al. 2019, https://arxiv.org/abs/1904.06991"
_NAEEM = "Naeem et al. 2020, https://arxiv.org/abs/2002.09797"
_LIN = "Lin et al. 2018, https://arxiv.org/abs/1712.04086"

_ALL = (
    Metric(
        name="frechet",
        summary="Fréchet distance of features, taken for Gaussians (FID).",
        real=("moments",),
        fake=("moments",),
        better="lower",
        paper="Heusel et al. 2017, https://arxiv.org/abs/1706.08500",
        compute=_frechet,
    ),
    Metric(
        name="kernel",
        summary="Kernel distance of features, unbiased (KID).",
        **_BOTH_FEATURES,
        better="lower",
        paper="Bińkowski et al. 2018, https://arxiv.org/abs/1801.01401",
        compute=_kernel,
        seeded=True,
    ),
    Metric(
        name="inception_score",
        summary="Sure of each sample's class, and all classes alike; ignores the real samples.",
        fake=("logits",),
        better="higher",
        paper="Salimans et al. 2016, https://arxiv.org/abs/1606.03498",
        compute=_inception_score,
        seeded=True,
    ),
    Metric(
        name="precision",
        summary="Share of fakes in the reach of the real samples.",
        **_BOTH_FEATURES,
        better="higher",
        paper=_KYNKAANNIEMI,
        compute=_in_reach(manifold.precision, 3),
        seeded=True,
    ),
    Metric(
        name="recall",
        summary="Share of real samples in the reach of the fakes.",
        **_BOTH_FEATURES,
        better="higher",
        paper=_KYNKAANNIEMI,
        compute=_in_reach(manifold.recall, 3),
        seeded=True,
    ),
    Metric(
        name="density",
        summary="How deep the fakes are among the real samples; 1 for real samples.",
        **_BOTH_FEATURES,
        better="higher",
        paper=_NAEEM,
        compute=_in_reach(manifold.density, 5),
        seeded=True,
    ),
    Metric(
        name="coverage",
        summary="Share of real samples that have a fake nearby.",
        **_BOTH_FEATURES,
        better="higher",
        paper=_NAEEM,
        compute=_in_reach(manifold.coverage, 5),
        seeded=True,
    ),
    Metric(
        name="sliced_wasserstein",
        summary="Sliced Wasserstein-2 distance of features, in random directions.",
        **_BOTH_FEATURES,
        better="lower",
        paper="Bonneel et al. 2015, https://doi.org/10.1007/s10851-014-0506-3",
        compute=_sliced,
        seeded=True,
    ),
    Metric(
        name="patch_wasserstein",
        summary="Sliced Wasserstein-1 distance of image patches, over scales (SWD).",
        real=("images",),
        fake=("images",),
        better="lower",
        paper="Karras et al. 2018, https://arxiv.org/abs/1710.10196",
        compute=_patches,
        seeded=True,
    ),
    Metric(
        name="modes_covered",
        summary="Modes of a mixture with a sample within three standard deviations.",
        real=("points", "labels"),
        fake=("points",),
        better="higher",
        paper=_LIN,
        compute=_modes_covered,
    ),
    Metric(
        name="high_quality",
        summary="Share of samples within three standard deviations of a mode.",
        real=("points", "labels"),
        fake=("points",),
        better="higher",
        paper=_LIN,
        compute=_high_quality,
    ),
    Metric(
        name="class_accuracy",
        summary="Share of samples that a classifier takes for the class asked for.",
        fake=("logits", "labels"),
        better="higher",
        paper="Shmelkov et al. 2018, https://arxiv.org/abs/1807.09499",
        compute=_accuracy,
    ),
    Metric(
        name="memorization",
        summary="Share of samples too near to a training image, above that of fresh data.",
        **_BOTH_FEATURES,
        better="lower",
        paper="Alaa et al. 2022, https://arxiv.org/abs/2102.08921",
        compute=_memorization,
        seeded=True,
        of_training_data=True,
    ),
)

METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _ALL})
