"""Plugin locks: with which plugin something was made, and whether the one here is the same.

A lock is a plugin's name, its distribution and version, and a digest of its source.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.plugins.discovery import find_plugin, is_same_distribution
from ganzoo.catalog.plugins.entry_points import FIRST_PARTY, WORDS
from ganzoo.catalog.plugins.source_code import source_digest
from ganzoo.errors import PluginError

if TYPE_CHECKING:
    from ganzoo.catalog.recipe.recipe import Recipe

_MAX_CHARACTERS = 40  # of a name or version from a file


def lock_plugin(kind: str, name: str) -> dict[str, str]:
    """Return the lock of the plugin that a name means here.

    Args:
        kind: `"architecture"` or `"dataset"`.
        name: The name in a recipe.

    Raises:
        UnknownName: There is no such plugin.
    """
    plugin = find_plugin(kind, name)
    lock = {"name": name, "distribution": plugin.distribution, "version": plugin.version}
    digest = source_digest(plugin.module)
    return lock | ({"digest": digest} if digest else {})


def check_plugin_locks(
    locks: object, recipe: "Recipe", where: object, *, kinds: Iterable[str], allowed: bool
) -> list[str]:
    """Refuse other plugins than those that something was made with.

    Another version of the zoo's own distribution is no other plugin: its networks are watched
    by tests, and names, shapes and types are compared before any weight is read.

    Args:
        locks: Locks by kind, as a file states them; what it leaves out is not compared.
        recipe: The recipe that names the plugins.
        where: What was made with them, for messages.
        kinds: Which are compared: `"architecture"`, `"dataset"`.
        allowed: Whether the user wants to go on with others; a warning then says so.

    Returns:
        A sentence for each that differs, to be kept with whatever comes of it.

    Raises:
        PluginError: One differs.
    """
    sentences = []
    for kind, name, expected, received in _lock_differences(locks, recipe, kinds):
        if not allowed:
            raise PluginError(
                f"{where} was made with another {WORDS[kind]} {name!r}. Expected: {expected}. "
                f"Received: {received}.",
                hint="Install that one, if you trust it, or go on with --allow-plugin-mismatch.",
            )
        sentences.append(_difference_sentence(kind, name, expected, received))
        warnings.warn(f"{where}: {sentences[-1]}", stacklevel=3)
    return sentences


def plugin_differences(locks: object, recipe: "Recipe", *, kinds: Iterable[str]) -> list[str]:
    """Return the sentences of `check_plugin_locks`, without raising or warning."""
    return [_difference_sentence(*one) for one in _lock_differences(locks, recipe, kinds)]


def describe_lock(lock: Any) -> str:
    """Return a lock in a few words: `alien-gans 1.0 (source 0123456789ab)`."""
    try:
        texts = [str(lock[key])[:_MAX_CHARACTERS] for key in ("distribution", "version")]
    except (KeyError, TypeError):
        return "unknown"
    text = " ".join(texts)
    digest = lock.get("digest")
    text += f" (source {str(digest)[:12]})" if digest else ""
    return "".join(c if c.isprintable() else "?" for c in text)


def _difference_sentence(kind: str, name: str, expected: str, received: str) -> str:
    return f"The {WORDS[kind]} {name!r} is that of {received} instead of {expected}."


def _lock_differences(
    locks: object, recipe: "Recipe", kinds: Iterable[str]
) -> Iterator[tuple[str, str, str, str]]:
    """Kind, name, the locked plugin and the one here, of each that differs."""
    for kind in kinds:
        lock = locks.get(kind) if isinstance(locks, Mapping) else None
        name = getattr(recipe, kind).name
        if not isinstance(lock, Mapping) or not isinstance(lock.get("distribution"), str):
            continue  # it says too little
        if lock.get("name") not in (None, name):
            continue  # it locks another one
        here = lock_plugin(kind, name)
        if not _is_locked_plugin(lock, here):
            yield kind, name, describe_lock(lock), describe_lock(here)


def _is_locked_plugin(lock: Mapping[str, Any], here: Mapping[str, str]) -> bool:
    if not is_same_distribution(lock["distribution"], here["distribution"]):
        return False
    return is_same_distribution(here["distribution"], FIRST_PARTY) or all(
        lock.get(key) is None or key not in here or lock[key] == here[key]
        for key in ("version", "digest")
    )
