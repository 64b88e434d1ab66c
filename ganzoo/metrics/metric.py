"""Metrics: requirements, direction, computation, and results with their protocol."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, final

from ganzoo.errors import InvalidInput, UsageError
from ganzoo.metrics.sample_set import SampleSet

_SCALARS = (str, bool, int, float)


class Measurement(NamedTuple):
    """Value of a metric, its standard error, and its part of the protocol."""

    value: float
    error: float | None = None
    protocol: Mapping[str, Any] = MappingProxyType({})


@final
@dataclass(frozen=True, kw_only=True)
class MetricResult:
    """Value of a metric with its protocol. Values of different protocols do not compare.

    Args:
        metric: Key in `METRICS`.
        value: The value.
        error: Standard error of `value`, or `None` if it is unknown.
        protocol: How it was measurement: strings, numbers and booleans by name.

    Raises:
        InvalidInput: `value` or `error` is not finite, or the protocol holds something else.
    """

    metric: str
    value: float
    error: float | None = None
    protocol: dict[str, Any]

    def __post_init__(self) -> None:
        for name, number in (("value", self.value), ("error", self.error)):
            if number is not None and not math.isfinite(number):
                raise InvalidInput(
                    f"The {name} of metric {self.metric!r} must be finite. Received: {number!r}."
                )
        for key, value in self.protocol.items():
            if not isinstance(key, str) or not isinstance(value, _SCALARS):
                raise InvalidInput(
                    "A protocol must hold strings, numbers and booleans by name."
                    f" Received: {key!r} = {value!r}."
                )

    def tables(self) -> dict[str, Any]:
        """Return the result as JSON and TOML have it, without an unknown `error`."""
        error = {} if self.error is None else {"error": self.error}
        head = {"metric": self.metric, "value": self.value}
        return {**head, **error, "protocol": dict(self.protocol)}


@final
@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric of fake samples against real ones.

    Args:
        name: Key in `METRICS`.
        summary: One line for people.
        real: Representations that it needs of real samples, see `REPRESENTATIONS`.
        fake: Representations that it needs of fake samples.
        better: Which values are better.
        paper: The source.
        compute: `(real, fake, seed) -> Measurement`. Its protocol has the number of samples that
            were used, and every setting that the value depends on.
        seeded: Whether the computation uses random numbers.
        of_training_data: Whether the real samples must be all of the training data.
    """

    name: str
    summary: str
    real: tuple[str, ...] = ("features",)
    fake: tuple[str, ...] = ("features",)
    better: Literal["lower", "higher"]
    paper: str
    compute: Callable[[SampleSet, SampleSet, int], Measurement] = field(repr=False)
    seeded: bool = False
    of_training_data: bool = False

    def missing(self, real: Collection[str], fake: Collection[str]) -> list[str]:
        """Return missing representations: `["real features", "fake logits"]`.

        Args:
            real: Available representations of real samples.
            fake: Available representations of fake samples.
        """
        return [
            *(f"real {name}" for name in self.real if name not in real),
            *(f"fake {name}" for name in self.fake if name not in fake),
        ]

    def check(self, real: Collection[str], fake: Collection[str]) -> None:
        """Raise `UsageError` for missing representations; see `missing` for the arguments."""
        if missing := self.missing(real, fake):
            available = [", ".join(sorted(names)) or "nothing" for names in (real, fake)]
            raise UsageError(
                f"The metric {self.name!r} needs {' and '.join(missing)}."
                f" Received: real {available[0]}; fake {available[1]}."
            )

    def measure(self, real: SampleSet, fake: SampleSet, *, seed: int = 0) -> MetricResult:
        """Measure fake samples against real ones.

        Args:
            real: Real samples; an empty `SampleSet()` if none are needed.
            fake: Fake samples.
            seed: Seed of random subsets, which do not depend on the order of samples.

        Raises:
            UsageError: A representation is missing, or there are too few samples.
            InvalidInput: A number is not finite.
        """
        self.check(real.available, fake.available)
        measurement = self.compute(real, fake, seed)
        counts = {"real": len(real)} if self.real else {}
        counts["fake"] = len(fake)
        seeds = {"seed": seed} if self.seeded else {}
        return MetricResult(
            metric=self.name,
            value=float(measurement.value),
            error=None if measurement.error is None else float(measurement.error),
            protocol={**counts, **seeds, **measurement.protocol},
        )
