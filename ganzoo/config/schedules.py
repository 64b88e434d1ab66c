"""Numbers that change in the course of a training: functions of its steps or of its images."""

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, Discriminator, Field, Tag, model_validator

from ganzoo.config.validation import Table, validate_keywords
from ganzoo.errors import UsageError

_Count = Annotated[int, Field(ge=1)]


class Schedule(Table):
    """A number that follows the steps or the real images before each step."""

    schedule: str

    @property
    def ends(self) -> list[float]:
        """The values between which, or in which, the number moves; the first one first."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _check_unit(self) -> "Schedule":
        given = [name for name in ("steps", "images") if getattr(self, name) is not None]
        if len(given) != 1:
            received = " and ".join(given) or "none"
            raise ValueError(f"needs exactly one of steps and images. Received: {received}")
        return self


class _Ramp(Schedule):
    """A change from one value to another.

    Args:
        initial: The value at first.
        final: The value at the end of the change, and after it.
        steps: Length of the change in steps of the GAN.
        images: Length of the change in real images shown to the discriminator.
        begin: Steps, or images, before the change begins.
    """

    initial: float
    final: float
    steps: _Count | None = None
    images: _Count | None = None
    begin: Annotated[int, Field(ge=0)] = 0

    @property
    def ends(self) -> list[float]:
        return [self.initial, self.final]


class Linear(_Ramp):
    """A straight line from `initial` to `final`."""

    schedule: Literal["linear"]


class Cosine(_Ramp):
    """Half a wave of a cosine from `initial` to `final`: slow at both ends."""

    schedule: Literal["cosine"]


class Exponential(_Ramp):
    """One factor in every step or image, from `initial` to `final`; both are above 0."""

    schedule: Literal["exponential"]

    @model_validator(mode="after")
    def _check_signs(self) -> "Exponential":
        if min(self.ends) <= 0:
            raise ValueError(f"needs initial and final above 0. Received: {self.ends}")
        return self


class Piecewise(Schedule):
    """One value after the other, with jumps between them.

    Args:
        values: The values, one more than there are jumps.
        steps: The steps of the GAN after which the next value holds, rising.
        images: The same in real images shown to the discriminator.
    """

    schedule: Literal["piecewise"]
    values: list[float]
    steps: list[_Count] | None = None
    images: list[_Count] | None = None

    @property
    def ends(self) -> list[float]:
        return self.values

    @model_validator(mode="after")
    def _check_jumps(self) -> "Piecewise":
        jumps = self.steps or self.images or []
        if len(self.values) != len(jumps) + 1 or sorted(set(jumps)) != jumps:
            raise ValueError(
                "needs one value more than steps or images, which rise. "
                f"Received: {self.values}, {jumps}"
            )
        return self


class Bursts(Schedule):
    """One value, and another one now and then.

    Args:
        value: The value, but for the bursts.
        burst: The value in a burst.
        steps: So many steps at first are a burst.
        every: And so is every step whose number, from 0, can be divided by this.
    """

    schedule: Literal["bursts"]
    value: float
    burst: float
    steps: Annotated[int, Field(ge=0)]
    every: _Count
    images: ClassVar[None] = None

    @property
    def ends(self) -> list[float]:
        return [self.burst, self.value]


def bounded_by(highest: float) -> AfterValidator:
    """Check that a schedule's values lie in [0, highest]."""

    def check(schedule: Any) -> Any:
        for value in schedule.ends if isinstance(schedule, Schedule) else ():
            if not 0 <= value <= highest:
                allowed = "of at least 0" if highest == math.inf else f"from 0 to {highest:.6g}"
                raise ValueError(f"must have values {allowed}. Received: {value}")
        return schedule

    return AfterValidator(check)


def _check_counts(schedule: Any) -> Any:
    """Check a schedule of whole numbers that are counted by the number itself."""
    if not isinstance(schedule, Piecewise | Bursts) or schedule.steps is None:
        unit = "steps" if schedule.steps is not None else "images"
        raise ValueError(
            "decides how many images a step takes, and so can only follow a schedule "
            f'"piecewise" or "bursts" over steps. Received: {schedule.schedule} over {unit}'
        )
    if any(value < 1 or value % 1 for value in schedule.ends):
        raise ValueError(f"must have whole numbers from 1 as values. Received: {schedule.ends}")
    return schedule


def _check_positive(schedule: Any) -> Any:
    if min(schedule.ends) <= 0:
        raise ValueError(f"must have values above 0. Received: {schedule.ends}")
    return schedule


def _kind(value: Any) -> str:
    return "a schedule" if isinstance(value, dict | BaseModel) else "a number"


NUMBER, SCHEDULE, BY_KIND = Tag("a number"), Tag("a schedule"), Discriminator(_kind)
OneSchedule = Annotated[
    Linear | Cosine | Exponential | Piecewise | Bursts, Field(discriminator="schedule")
]
_Fraction = Annotated[float, Field(ge=0, lt=1)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Length = Annotated[float, Field(ge=0)]
_Positive = Annotated[float, Field(gt=0)]
_Unbounded = Annotated[OneSchedule, bounded_by(math.inf), SCHEDULE]
BetaSchedule = Annotated[OneSchedule, bounded_by(math.nextafter(1.0, 0.0))]
RateSchedule = Annotated[OneSchedule, bounded_by(10.0)]

# What a number is checked for, and the values of a schedule in its place
Weight = Annotated[Annotated[_Positive, NUMBER] | _Unbounded, BY_KIND]
Duration = Annotated[Annotated[_Length, NUMBER] | _Unbounded, BY_KIND]
Beta = Annotated[Annotated[_Fraction, NUMBER] | Annotated[BetaSchedule, SCHEDULE], BY_KIND]
Bound = Annotated[  # 0 as a number: none
    Annotated[_Length, NUMBER] | Annotated[OneSchedule, AfterValidator(_check_positive), SCHEDULE],
    BY_KIND,
]
Updates = Annotated[
    Annotated[_Count, NUMBER] | Annotated[OneSchedule, AfterValidator(_check_counts), SCHEDULE],
    BY_KIND,
]
FlipProbability = Annotated[
    Annotated[float, Field(ge=0, lt=0.5), NUMBER]
    | Annotated[OneSchedule, bounded_by(math.nextafter(0.5, 0.0)), SCHEDULE],
    BY_KIND,
]
Probability = Annotated[
    Annotated[_Share, NUMBER] | Annotated[OneSchedule, bounded_by(1.0), SCHEDULE], BY_KIND
]


class OptimizerSchedules(Table):
    """The numbers of an optimizer that may follow a schedule.

    Args:
        learning_rate: In [0, 10].
        beta_1: Of Adam and its like, in [0, 1).
        beta_2: The same.
        rho: Of RMSprop, in [0, 1).
    """

    learning_rate: RateSchedule | None = None
    beta_1: BetaSchedule | None = None
    beta_2: BetaSchedule | None = None
    rho: BetaSchedule | None = None


class _Option(Table):
    probability: Probability


def probability(value: Any, name: str) -> float | Schedule:
    """Return an option of an architecture that is a number in [0, 1] or a schedule of such numbers.

    Args:
        value: A number, a schedule or the table of one.
        name: The option's name, for messages.

    Raises:
        UsageError: it is neither.
    """
    option = validate_keywords(_Option, {"probability": value}, where=name, error=UsageError)
    return option.probability
