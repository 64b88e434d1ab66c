"""Sets of real or fake samples in several representations: features, moments, logits, ..."""

import functools
from collections.abc import Callable
from typing import TypeVar, final
from weakref import WeakKeyDictionary

import numpy as np

from ganzoo.errors import UsageError
from ganzoo.metrics.frechet import Moments

Found = TypeVar("Found")
REPRESENTATIONS = (
    "features", "moments", "logits", "images", "targets", "points", "labels",
    "target_distances", "pair_distances",
)  # fmt: skip


@final
class SampleSet:
    """Real or fake samples in one or more representations; row i is sample i in each.

    Args:
        features: Features of an extractor (n, d); by default the points.
        moments: Moments of the features; by default computed from them when first needed.
        logits: Logits of a classifier of the images (n, classes).
        images: Images (n, h, w, c), uint8 or as the data set has them.
        targets: The images that translated ones should be, of the same shape and type.
        points: Points (n, d).
        labels: Class indices (n,) from the data, or that the samples were generated for.
        target_distances: Perceptual distances (n,) of translated images to their targets.
        pair_distances: The same of translated images to others of the same source.

    Raises:
        UsageError: The representations differ in their number of samples.
    """

    def __init__(
        self,
        *,
        features: np.ndarray | None = None,
        moments: Moments | None = None,
        logits: np.ndarray | None = None,
        images: np.ndarray | None = None,
        targets: np.ndarray | None = None,
        points: np.ndarray | None = None,
        labels: np.ndarray | None = None,
        target_distances: np.ndarray | None = None,
        pair_distances: np.ndarray | None = None,
    ) -> None:
        self.features = points if features is None else features
        self.logits, self.images, self.targets = logits, images, targets
        self.points, self.labels = points, labels
        self.target_distances, self.pair_distances = target_distances, pair_distances
        self._moments = moments
        self._shared: WeakKeyDictionary[SampleSet, dict] = WeakKeyDictionary()
        arrays = {name: getattr(self, name) for name in REPRESENTATIONS if name != "moments"}
        counts = {name: len(rows) for name, rows in arrays.items() if rows is not None}
        if len(set(counts.values())) > 1:
            raise UsageError(
                "Every representation must have one row for each sample."
                f" Received: {', '.join(f'{n:,} {name}' for name, n in counts.items())}."
            )
        self.count = next(iter(counts.values()), 0 if moments is None else moments.count)

    @functools.cached_property
    def moments(self) -> Moments | None:
        """Moments of the features: as given, or computed once."""
        if self._moments is not None or self.features is None:
            return self._moments
        return Moments.of(self.features)

    def shared(
        self,
        real: "SampleSet",
        seed: int,
        compute: Callable[["SampleSet", "SampleSet", int], Found],
    ) -> Found:
        """Compute what several metrics of these fake samples need, once as long as both live.

        Args:
            real: Real samples.
            seed: Seed of random subsets.
            compute: Function of real samples, fake samples and seed.
        """
        known = self._shared.setdefault(real, {})
        if (compute, seed) not in known:
            known[compute, seed] = compute(real, self, seed)
        return known[compute, seed]

    @property
    def available(self) -> frozenset[str]:
        """Names of the representations that exist: some of `REPRESENTATIONS`."""
        arrays = (name for name in REPRESENTATIONS if name != "moments")
        names = {name for name in arrays if getattr(self, name) is not None}
        if self._moments is not None or self.features is not None:
            names.add("moments")
        return frozenset(names)

    def __len__(self) -> int:
        return self.count

    def __repr__(self) -> str:
        return f"SampleSet({self.count:,} x {', '.join(sorted(self.available)) or 'nothing'})"
