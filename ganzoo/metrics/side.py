"""One side of a comparison: all that is known of the real samples, or of the fakes."""

import functools
from typing import final

from ganzoo.errors import UsageError
from ganzoo.metrics.frechet import Moments

KINDS = ("features", "moments", "logits", "images", "points", "labels")


@final
class Side:
    """Samples of one side, in as many forms as there are. Row i is sample i in every form.

    Args:
        features: (n, d), from an extractor.
        moments: Of the features, where these were too many to keep, or were seen before.
            Without it they are computed from the features when a metric asks.
        logits: (n, classes): of a classifier that saw the images.
        images: uint8 (n, h, w, c).
        points: (n, d). Points are their own features, where no others are given.
        labels: Class indices (n,): what the data says, or what the generator was asked for.

    Raises:
        UsageError: The forms differ in their number of samples.
    """

    def __init__(
        self, *, features=None, moments=None, logits=None, images=None, points=None, labels=None
    ):
        self.features = points if features is None else features
        self.logits, self.images, self.points, self.labels = logits, images, points, labels
        self._moments = moments
        forms = {kind: getattr(self, kind) for kind in KINDS if kind != "moments"}
        counts = {kind: len(rows) for kind, rows in forms.items() if rows is not None}
        if len(set(counts.values())) > 1:
            raise UsageError(
                "Every form of the samples must have a row for each of them."
                f" Received: {', '.join(f'{n:,} {kind}' for kind, n in counts.items())}."
            )
        self.count = next(iter(counts.values()), 0 if moments is None else moments.count)

    @functools.cached_property
    def moments(self) -> Moments | None:
        """Of the features: as given, or computed once."""
        if self._moments is not None or self.features is None:
            return self._moments
        return Moments.of(self.features)

    @property
    def kinds(self) -> frozenset[str]:
        """What a metric can ask of this side: some of `KINDS`."""
        kinds = {kind for kind in KINDS if kind != "moments" and getattr(self, kind) is not None}
        if self._moments is not None or self.features is not None:
            kinds.add("moments")
        return frozenset(kinds)

    def __len__(self) -> int:
        return self.count

    def __repr__(self) -> str:
        return f"Side({self.count:,} x {', '.join(sorted(self.kinds)) or 'nothing'})"
