"""Who owns a name, and what was wrong with those who asked for it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something broken or refused that was met while looking, for `plugins` and `doctor`.

    Args:
        distribution: Who brings it: a distribution, or the folder it lies in.
        name: The name concerned; None where all of the distribution is.
        reason: What is wrong, as a sentence.
    """

    distribution: str
    name: str | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One owner's wish for a name.

    Args:
        name: The plain name.
        owner: Who asks for it.
        rank: Lower ranks come first: 0 for what the zoo itself brings.
    """

    name: str
    owner: str
    rank: int

    @property
    def qualified(self) -> str:
        """The name that is never ambiguous: `"owner:name"`."""
        return f"{self.owner}:{self.name}"


def settle(claims: Sequence[Claim]) -> tuple[dict[str, int], dict[str, tuple[int, ...]]]:
    """Decides which claim each name means.

    The lowest rank owns a plain name; if two share that rank, neither does. Whoever does
    not own it is reached by the qualified name.

    Returns:
        The position of the claim that each name means, and for each name that means none
        the positions of its rivals.
    """
    rivals: dict[str, list[int]] = {}
    for position, claim in enumerate(claims):
        rivals.setdefault(claim.name, []).append(position)
    owned: dict[str, int] = {}
    clashes: dict[str, tuple[int, ...]] = {}
    for name, positions in rivals.items():
        lowest = min(claims[p].rank for p in positions)
        first = [p for p in positions if claims[p].rank == lowest]
        if len(first) > 1:
            clashes[name] = tuple(first)
        for position in positions:
            plain = [position] == first
            owned[name if plain else claims[position].qualified] = position
    return dict(sorted(owned.items())), dict(sorted(clashes.items()))


def normalized(distribution: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()
