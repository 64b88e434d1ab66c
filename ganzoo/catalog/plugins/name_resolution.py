"""Names that several distributions may claim: which of them each name means."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


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


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A name, and an owner that claims it.

    Args:
        name: The plain name.
        owner: The distribution or registry that claims it.
        rank: Lower ranks come first: 0 for what the zoo itself brings.
    """

    name: str
    owner: str
    rank: int

    @property
    def qualified(self) -> str:
        """The name that is never ambiguous: `"owner:name"`."""
        return f"{self.owner}:{self.name}"


def resolve_names(
    candidates: Sequence[Candidate],
) -> tuple[dict[str, int], dict[str, tuple[int, ...]]]:
    """Decide which candidate each name means.

    The lowest rank owns a plain name; if two share that rank, neither does. Candidates that do
    not own their plain name are reached by the qualified one.

    Returns:
        The position of the candidate that each name means, and for each name that means none
        the positions of its rivals.
    """
    rivals: dict[str, list[int]] = {}
    for position, candidate in enumerate(candidates):
        rivals.setdefault(candidate.name, []).append(position)
    owned: dict[str, int] = {}
    clashes: dict[str, tuple[int, ...]] = {}
    for name, positions in rivals.items():
        lowest = min(candidates[p].rank for p in positions)
        first = [p for p in positions if candidates[p].rank == lowest]
        if len(first) > 1:
            clashes[name] = tuple(first)
        for position in positions:
            plain = [position] == first
            owned[name if plain else candidates[position].qualified] = position
    return dict(sorted(owned.items())), dict(sorted(clashes.items()))


def normalize_distribution(name: str) -> str:
    """Return the name of a distribution as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
