"""Broken metadata of installed distributions, kept from stopping those that read all of it.

`importlib.metadata.entry_points()` raises for everybody if one file is malformed. pydantic calls it
for its first model, PyTorch when it is imported, JAX when it looks for devices.
"""

from collections.abc import Iterable, Iterator
from importlib import metadata
from typing import Any

_every_distribution = metadata.distributions


def installed_distributions() -> Iterator[metadata.Distribution]:
    """Yield every installed distribution, those with broken metadata included."""
    yield from _every_distribution()


def entry_points_problem(distribution: metadata.Distribution) -> str | None:
    """Return why the entry points of a distribution cannot be read; `None` if they can."""
    try:
        tuple(distribution.entry_points)
        getattr(distribution, "_normalized_name", None)  # Python tells two of one name apart by it
    except Exception as error:  # whatever a stranger's file makes of Python's reader
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return None


def pass_over_broken_metadata() -> None:
    """Let `importlib.metadata` of this process pass over distributions with broken metadata.

    Nothing changes where there are none.
    """
    if metadata.distributions is _intact_distributions:
        return
    if any(entry_points_problem(one) is not None for one in _every_distribution()):
        metadata.distributions = _intact_distributions


def _intact_distributions(**context: Any) -> Iterable[metadata.Distribution]:
    found = _every_distribution(**context)
    return (one for one in found if entry_points_problem(one) is None)
