"""What a card says of trained weights: where they come from, and what was measured on them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from ganzoo.files.text import format_value
from ganzoo.config.validation import DIGEST, ONE_LINE, Table

_Line = Annotated[str, Field(min_length=1, max_length=200, pattern=ONE_LINE)]
_Command = Annotated[str, Field(min_length=1, max_length=4000, pattern=ONE_LINE)]
_Digest = Annotated[str, Field(pattern=DIGEST)]
_Count = Annotated[int, Field(ge=0)]
_NotNegative = Annotated[float, Field(ge=0)]


class Provenance(Table):
    """Where weights come from.

    Args:
        data: The data set's name.
        fingerprint: The data set's content.
        seed: Of initial weights, order and noise.
        steps: That were trained.
        images: Real images shown to the discriminator.
        hours: That the training took.
        hardware: The machine, as far as it may matter.
        backend: "jax", "torch" or "tensorflow".
        versions: Of the packages that may matter, by name.
        parent: Digest of the version that the weights were made from.
        command: That trained them.
    """

    data: _Line
    fingerprint: _Line
    seed: _Count
    steps: _Count
    images: _Count
    hours: _NotNegative | None = None
    hardware: _Line | None = None
    backend: _Line
    versions: dict[str, _Line] = {}
    parent: _Digest | None = None
    command: _Command | None = None


class Protocol(Table):
    """How something was measured; numbers of different protocols are not comparable.

    Other keys may stand here too, if their values are texts, numbers, true or false.

    Args:
        features: The extractor's name.
        digest: The sha256 of the extractor's weights.
        resize: How images were brought to the extractor's size.
        split: Of the real data.
        real: How many real images.
        fake: How many generated ones.
        seed: Of the generated ones.
        weights: Whether they come from the generator or from its moving average.
        truncation: Of the latents, in standard deviations; absent where there was none.
        step: At which the weights were saved.
    """

    model_config = ConfigDict(extra="allow")

    features: _Line | None = None
    digest: _Digest | None = None
    resize: _Line | None = None
    split: _Line | None = None
    real: _Count | None = None
    fake: _Count | None = None
    seed: _Count | None = None
    weights: Literal["ema", "raw"] | None = None
    truncation: _NotNegative | None = None
    step: _Count | None = None

    @model_validator(mode="after")
    def _scalars_only(self) -> "Protocol":
        for key, value in (self.model_extra or {}).items():
            if not isinstance(value, bool | int | float | str) or len(str(value)) > 200:
                raise ValueError(f"must hold short texts and numbers. Received: {format_value(value)}")
            if len(key) > 64:
                raise ValueError(f"has too long a key. Received: {format_value(key)}")
        if not self.model_fields_set:
            raise ValueError("must say how it was measured. Received: an empty table")
        return self


class Result(Table):
    """A measured number.

    Args:
        metric: Its name, such as `frechet`.
        value: The number; the mean where there are several seeds.
        error: The standard error of one measurement.
        spread: The standard deviation over seeds.
        seeds: Of the drawings that were averaged.
        better: Which direction is better.
        protocol: How it was measured.
    """

    metric: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    value: float
    error: _NotNegative | None = None
    spread: _NotNegative | None = None
    seeds: list[_Count] = []
    better: Literal["lower", "higher"] | None = None
    protocol: Protocol

    def tables(self) -> dict[str, Any]:
        """The result as fresh TOML tables, without what is not known."""
        dumped = self.model_dump(exclude_none=True)
        return {key: value for key, value in dumped.items() if value != []}

    def measured_like(self, other: "Result") -> bool:
        """Whether both numbers may stand in one column."""
        return self.metric == other.metric and _comparable(self) == _comparable(other)


def _comparable(result: Result) -> Mapping[str, Any]:
    """The protocol without what belongs to the weights rather than to the measurement."""
    protocol = result.protocol.model_dump(exclude_none=True)
    return {key: value for key, value in protocol.items() if key not in ("seed", "step")}
