"""Values of a key that a sweep goes over: `key=a,b,c`, `key=low..high`, `key=log:low..high`."""

import re
from dataclasses import dataclass

from ganzoo.errors import UsageError
from ganzoo.files.text import quote

_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_RANGE = re.compile(rf"(log:)?({_NUMBER})\.\.({_NUMBER})")
_COMMA = re.compile(r",(?![^\[\]{}]*[\]}])")  # not inside a list or a table


@dataclass(frozen=True, kw_only=True)
class Range:
    """A range of numbers, both ends included: whole ones if both ends are.

    Args:
        low: The lower end.
        high: The upper end.
        log: Whether each power of ten is as likely as the next.
    """

    low: float
    high: float
    log: bool = False

    @property
    def ends(self) -> tuple[str, str]:
        """Both ends, as `--set` takes them."""
        return repr(self.low), repr(self.high)


def parse_over(text: str) -> tuple[str, tuple[str, ...] | Range]:
    """Return a key and its values, each as `--set` takes it, or their range.

    Args:
        text: `"key=a,b,c"`, `"key=low..high"` or `"key=log:low..high"`.

    Raises:
        UsageError: It is neither.
    """
    key, equals, values = (part.strip() for part in text.partition("="))
    listed = tuple(value.strip() for value in _COMMA.split(values))
    if not key or not equals or not all(listed) or len(set(listed)) < len(listed):
        raise UsageError(
            f"--over must be key=a,b,c with different values, or key=low..high. "
            f"Received: {quote(text)}.",
            hint="For example: --over batch=32,64",
        )
    found = _RANGE.fullmatch(values)
    if not found:
        return key, listed
    whole = all(re.fullmatch(r"-?[0-9]+", end) for end in found.groups()[1:])
    low, high = map(int if whole else float, found.groups()[1:])
    if low >= high or (found[1] and low <= 0):
        raise UsageError(
            f"A range must rise, and be of positive numbers behind log:. Received: {quote(text)}."
        )
    return key, Range(low=low, high=high, log=bool(found[1]))
