"""A measured number with all that one must know to compare it with another."""

import math
from dataclasses import dataclass
from typing import Any, final

from ganzoo.errors import InvalidInput

_SCALARS = (str, bool, int, float)


@final
@dataclass(frozen=True, kw_only=True)
class Result:
    """The value of a metric, and its protocol. Only equal protocols may be compared.

    Args:
        metric: Name in `METRICS`.
        value: The number; finite.
        error: One standard error of `value`, or `None` for a metric that has none.
        protocol: How it was measured: text, numbers and truth values.

    Raises:
        InvalidInput: The value or error is not finite, or the protocol holds something else.
    """

    metric: str
    value: float
    error: float | None = None
    protocol: dict[str, Any]

    def __post_init__(self):
        for name, number in (("value", self.value), ("error", self.error)):
            if number is not None and not math.isfinite(number):
                raise InvalidInput(
                    f"The {name} of metric {self.metric!r} must be finite. Received: {number!r}."
                )
        for key, value in self.protocol.items():
            if not isinstance(key, str) or not isinstance(value, _SCALARS):
                raise InvalidInput(
                    "A protocol must hold text, numbers and truth values only, by name."
                    f" Received: {key!r} = {value!r}."
                )

    def tables(self) -> dict[str, Any]:
        """The result as JSON and TOML have it; `error` is left out where there is none."""
        error = {} if self.error is None else {"error": self.error}
        named = {"metric": self.metric, "value": self.value}
        return {**named, **error, "protocol": dict(self.protocol)}
