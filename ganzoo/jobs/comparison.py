"""A card's number and the same measured anew, side by side."""

from typing import Any

from ganzoo.catalog.registry.cards import Result

SHARE = 0.1  # of a value: what another machine's rounding may make of a training
_ERRORS = 3  # standard errors, or deviations over seeds
_OF_THE_WEIGHTS = ("seed", "step")  # keys of a protocol that do not tell how was measured


def compared(result: Result, row: dict[str, Any], share: float) -> dict[str, Any]:
    """The card's number beside the measured one, if both were measured alike.

    Args:
        result: The card's.
        row: From `evaluate`.
        share: Of the card's value: by so much they may differ, or by 3 times the card's spread
            or error, whichever is more.

    Returns:
        `metric`, `features`, `value`, `spread`, `measured`, `difference`, `tolerance`,
        `reproduced`; or what `uncompared` returns. What the card's protocol does not say is
        not held against it.
    """
    theirs = result.protocol.model_dump(exclude_none=True)
    ours = row["protocol"]
    for key, value in theirs.items():
        if key not in _OF_THE_WEIGHTS and ours.get(key) != value:
            return uncompared(result, other_than(f"{key} =", value, ours.get(key)))
    difference = row["value"] - result.value
    deviation = result.spread if result.spread is not None else result.error
    tolerance = max(_ERRORS * (deviation or 0.0), share * abs(result.value))
    return _about(result) | {
        "measured": row["value"],
        "difference": difference,
        "tolerance": tolerance,
        "reproduced": abs(difference) <= tolerance,
    }


def uncompared(result: Result, reason: str) -> dict[str, Any]:
    """The card's number alone: `reproduced` is None, `reason` says why."""
    return _about(result) | {"reproduced": None, "reason": reason}


def _about(result: Result) -> dict[str, Any]:
    return {
        "metric": result.metric,
        "features": result.protocol.features,
        "value": result.value,
        "spread": result.spread if result.spread is not None else result.error,
    }


def other_than(what: str, theirs: Any, ours: Any) -> str:
    """What differs; of a digest, enough to tell it from others."""
    was, now = (text[:12] if len(text) == 64 else text for text in (str(theirs), str(ours)))
    return f"it was measured with {what} {was}, here it is {now}"
