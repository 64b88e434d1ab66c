"""The optimizers and learning-rate schedules that a recipe can name.

Every table is named like the Keras class that it describes, and every key is a keyword argument
of that class, so that a wrong one is found before Keras is imported; what is not given is left
to Keras. Left out on purpose: moving averages (the GAN keeps its own), loss scaling (the
precision decides) and accumulation (the GAN counts its steps).
"""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ganzoo.config.schedules import BY_KIND, NUMBER, SCHEDULE, Beta, RateSchedule, Schedule
from ganzoo.config.validation import Table

Rate = Annotated[float, Field(gt=0, le=10)]
StartingRate = Annotated[float, Field(ge=0, le=10)]  # a warm-up starts at 0
Fraction = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Steps = Annotated[int, Field(ge=1)]


class KerasTable(Table):
    """A table of keyword arguments of a Keras class.

    The subclass has the name of the Keras class; the recipe's name of it is a tag and no argument.
    """

    @property
    def keras_class(self) -> str:
        """The name of the class in Keras."""
        return type(self).__name__

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments that were given, without the tag; fresh with each call.

        In place of a schedule of the GAN's there is its first value.
        """
        given = self.model_dump(exclude={"name", "schedule"}, exclude_none=True)
        return given | {name: one.ends[0] for name, one in self if isinstance(one, Schedule)}


class KerasSchedule(KerasTable):
    """A learning rate that follows the step; see `keras.optimizers.schedules`."""

    schedule: str


class PolynomialDecay(KerasSchedule):
    """`keras.optimizers.schedules.PolynomialDecay`; linear by default."""

    schedule: Literal["polynomial_decay"]
    initial_learning_rate: StartingRate
    decay_steps: Steps
    end_learning_rate: StartingRate | None = None
    power: Positive | None = None
    cycle: bool | None = None


class CosineDecay(KerasSchedule):
    """`keras.optimizers.schedules.CosineDecay`."""

    schedule: Literal["cosine_decay"]
    initial_learning_rate: StartingRate
    decay_steps: Steps
    alpha: NotNegative | None = None
    warmup_target: Rate | None = None
    warmup_steps: Annotated[int, Field(ge=0)] | None = None


class ExponentialDecay(KerasSchedule):
    """`keras.optimizers.schedules.ExponentialDecay`."""

    schedule: Literal["exponential_decay"]
    initial_learning_rate: Rate
    decay_steps: Steps
    decay_rate: Positive
    staircase: bool | None = None


class InverseTimeDecay(KerasSchedule):
    """`keras.optimizers.schedules.InverseTimeDecay`."""

    schedule: Literal["inverse_time_decay"]
    initial_learning_rate: Rate
    decay_steps: Steps
    decay_rate: NotNegative
    staircase: bool | None = None


class PiecewiseConstantDecay(KerasSchedule):
    """`keras.optimizers.schedules.PiecewiseConstantDecay`: one value more than boundaries."""

    schedule: Literal["piecewise_constant_decay"]
    boundaries: Annotated[list[Steps], Field(min_length=1)]
    values: list[Rate]

    @model_validator(mode="after")
    def _check_boundaries(self) -> "PiecewiseConstantDecay":
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                "needs one value more than boundaries. "
                f"Received: {len(self.boundaries)} boundaries, {len(self.values)} values"
            )
        if sorted(set(self.boundaries)) != self.boundaries:
            raise ValueError(f"needs boundaries that rise. Received: {self.boundaries}")
        return self


OneKerasSchedule = Annotated[
    PolynomialDecay | CosineDecay | ExponentialDecay | InverseTimeDecay | PiecewiseConstantDecay,
    Field(discriminator="schedule"),
]


_AnySchedule = Annotated[OneKerasSchedule | RateSchedule, Field(discriminator="schedule")]
LearningRate = Annotated[Annotated[Rate, NUMBER] | Annotated[_AnySchedule, SCHEDULE], BY_KIND]


class Optimizer(KerasTable):
    """The keyword arguments that every optimizer of Keras takes."""

    name: str
    learning_rate: LearningRate | None = None
    weight_decay: NotNegative | None = None
    clipnorm: Positive | None = None
    clipvalue: Positive | None = None
    global_clipnorm: Positive | None = None

    @property
    def schedules(self) -> dict[str, Schedule]:
        """The numbers that follow a schedule of the GAN's, which Keras knows nothing of."""
        return {name: one for name, one in self if isinstance(one, Schedule)}

    @model_validator(mode="after")
    def _check_clipping(self) -> "Optimizer":
        names = ("clipnorm", "clipvalue", "global_clipnorm")
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"takes at most one of {', '.join(names)}. Received: {given}")
        return self


class Adam(Optimizer):
    """`keras.optimizers.Adam`."""

    name: Literal["adam"]
    beta_1: Beta | None = None
    beta_2: Beta | None = None
    epsilon: Positive | None = None
    amsgrad: bool | None = None


class AdamW(Adam):
    """`keras.optimizers.AdamW`."""

    name: Literal["adamw"]


class RMSprop(Optimizer):
    """`keras.optimizers.RMSprop`."""

    name: Literal["rmsprop"]
    rho: Beta | None = None
    momentum: Fraction | None = None
    epsilon: Positive | None = None
    centered: bool | None = None


class SGD(Optimizer):
    """`keras.optimizers.SGD`."""

    name: Literal["sgd"]
    momentum: Fraction | None = None
    nesterov: bool | None = None


OneOptimizer = Annotated[Adam | AdamW | RMSprop | SGD, Field(discriminator="name")]
