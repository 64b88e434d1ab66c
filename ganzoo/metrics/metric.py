"""What a metric is: what it needs, what is better, and how it is measured."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, final

from ganzoo.errors import UsageError
from ganzoo.metrics.result import Result
from ganzoo.metrics.side import Side


class Measured(NamedTuple):
    """What a measurement gives: the value, its standard error, and what to say beside it."""

    value: float
    error: float | None = None
    protocol: Mapping[str, Any] = MappingProxyType({})


@final
@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric, and all that one must know to use it without knowing which it is.

    Args:
        name: Key in `METRICS`.
        summary: One line for people.
        real: What it needs of the real side: kinds of `Side`, or nothing.
        fake: What it needs of the fakes.
        better: Which values are better.
        paper: Where it comes from.
        compute: `(real, fake, seed) -> Measured`. Its protocol says how many samples were
            really used, and every setting that the value depends on.
        seeded: Whether anything is drawn by lot.
        of_training_data: Whether the real side must be what was trained on, all of it.
    """

    name: str
    summary: str
    real: tuple[str, ...] = ()
    fake: tuple[str, ...]
    better: Literal["lower", "higher"]
    paper: str
    compute: Callable[[Side, Side, int], Measured] = field(repr=False)
    seeded: bool = False
    of_training_data: bool = False

    def missing(self, real: Iterable[str], fake: Iterable[str]) -> list[str]:
        """What it lacks: `["real features", "fake logits"]`; empty if it can be measured.

        Args:
            real: What there is of the real side: `side.kinds`, or what there will be.
            fake: What there is of the fakes.
        """
        real, fake = set(real), set(fake)
        return [
            *(f"real {kind}" for kind in self.real if kind not in real),
            *(f"fake {kind}" for kind in self.fake if kind not in fake),
        ]

    def measure(self, real: Side, fake: Side, *, seed: int = 0) -> Result:
        """Measures the fakes against the real side.

        Args:
            real: Real samples; an empty `Side()` where nothing is needed of them.
            fake: Generated samples.
            seed: Decides what is drawn by lot; the lots do not depend on the samples' order.

        Raises:
            UsageError: Something needed is missing, or there are too few samples.
            InvalidInput: A number is not finite.
        """
        if lacking := self.missing(real.kinds, fake.kinds):
            raise UsageError(
                f"The metric {self.name!r} needs {' and '.join(lacking)}."
                f" Received: real {_listed(real)}; fake {_listed(fake)}."
            )
        measured = self.compute(real, fake, seed)
        counts = {"real": len(real)} if self.real else {}
        counts["fake"] = len(fake)
        lot = {"seed": seed} if self.seeded else {}
        protocol = {**counts, **lot, **measured.protocol}
        error = None if measured.error is None else float(measured.error)
        return Result(metric=self.name, value=float(measured.value), error=error, protocol=protocol)


def _listed(side: Side) -> str:
    return ", ".join(sorted(side.kinds)) or "nothing"
