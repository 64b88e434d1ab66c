"""Names that several distributions may claim: which of them each name means."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something broken or refused that was met during discovery, for `plugins` and `doctor`.

    Args:
        distribution: The distribution concerned, or the folder it lies in.
        name: The name concerned; None if it is the whole distribution.
        reason: What is wrong, as a sentence.
    """

    distribution: str
    name: str | None
    reason: str


class Named(Protocol):
    """Something with a plain name, which others may have too, and one that is never ambiguous."""

    @property
    def name(self) -> str: ...

    @property
    def qualified(self) -> str: ...


_Named = TypeVar("_Named", bound=Named)


def resolve_names(
    found: Iterable[_Named], rank: Callable[[_Named], int]
) -> tuple[dict[str, _Named], dict[str, tuple[_Named, ...]]]:
    """Decide what each name means.

    The lowest rank owns a plain name; if two share that rank, neither does. What does not own
    its plain name is reached by the qualified one.

    Args:
        found: Everything that has a name.
        rank: Lower ranks come first: 0 for what the zoo itself brings.

    Returns:
        What each name means, and for each name that means nothing its rivals.
    """
    rivals: dict[str, list[_Named]] = {}
    for one in found:
        rivals.setdefault(one.name, []).append(one)
    owned: dict[str, _Named] = {}
    clashes: dict[str, tuple[_Named, ...]] = {}
    for name, candidates in rivals.items():
        lowest = min(map(rank, candidates))
        first = [one for one in candidates if rank(one) == lowest]
        if len(first) > 1:
            clashes[name] = tuple(first)
        owned |= {name if [one] == first else one.qualified: one for one in candidates}
    return dict(sorted(owned.items())), dict(sorted(clashes.items()))


def normalize_distribution(name: str) -> str:
    """Return the name of a distribution as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
