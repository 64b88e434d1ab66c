"""Versions of packages that ganzoo is tested with, and those here that are not among them."""

import importlib.metadata
from collections.abc import Mapping

from packaging.version import InvalidVersion, Version

from ganzoo.backend.select import imported

# First and last version that the tests ran with; of the last its releases count as one.
TESTED = {
    "keras": ("3.10", "3.15"),
    "numpy": ("1.26", "2.4"),
    "safetensors": ("0.5", "0.8"),
    "pillow": ("11", "13"),
    "ml-dtypes": ("0.5", "0.7"),
    "jax": ("0.6", "0.10"),
    "torch": ("2.5", "2.13"),
    "tensorflow": ("2.18", "2.21"),
}
_BACKENDS = ("jax", "torch", "tensorflow")
ALIASES = {"tensorflow": ("tensorflow", "tensorflow-cpu", "tf-nightly")}


def package_version(package: str) -> str | None:
    """Return the version of a package, or None if it is not there or its metadata are broken."""
    for name in ALIASES.get(package, (package,)):
        try:
            if version := importlib.metadata.version(name):
                return version
        except Exception:  # anything may stand in the metadata of others
            continue
    return None


def untested_versions(versions: Mapping[str, str | None] | None = None) -> list[str]:
    """Return a sentence for each package in a version that the tests never ran with.

    Args:
        versions: Versions by package; by default those that are installed, of the backends the
            imported one.
    """
    if versions is None:
        chosen = [name for name in TESTED if name not in _BACKENDS or name == imported()]
        versions = {name: package_version(name) for name in chosen}
    return [
        f"{name} {versions[name]} is {problem}: ganzoo is tested with {first} to {last}."
        for name, (first, last) in TESTED.items()
        if (problem := _problem(versions.get(name), first, last))
    ]


def _problem(here: str | None, first: str, last: str) -> str | None:
    if here is None:  # a package that is missing is told of elsewhere
        return None
    try:
        version, newest = Version(here), Version(last)
    except InvalidVersion:
        return "no version"
    if version < Version(first):
        return "too old"
    return "newer" if version.release[: len(newest.release)] > newest.release else None
