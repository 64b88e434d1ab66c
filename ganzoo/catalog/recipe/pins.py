"""Which plugin something was made with, and whether the one that is here is the same.

A pin is a plugin's name, its distribution and version, and a digest of its source.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.plugins.entry_points import FIRST_PARTY, WORDS
from ganzoo.catalog.plugins.resolution import normalize_distribution
from ganzoo.catalog.plugins.source_code import source_digest
from ganzoo.errors import PluginError

if TYPE_CHECKING:
    from ganzoo.catalog.recipe.recipe import Recipe

_SHOWN = 40  # characters of a name or version from a file


def pinned(kind: str, name: str) -> dict[str, str]:
    """The pin of the plugin that a name means here.

    Args:
        kind: `"architecture"` or `"dataset"`.
        name: As a recipe has it.

    Raises:
        UnknownName: There is no such plugin.
    """
    plugin = discovery.find_plugin(kind, name)
    known = {"name": name, "distribution": plugin.distribution, "version": plugin.version}
    digest = source_digest(plugin.module)
    return known | ({"digest": digest} if digest else {})


def compared(
    pins: object, recipe: "Recipe", where: object, *, kinds: Iterable[str], allowed: bool
) -> list[str]:
    """Refuses other plugins than those that something was made with.

    Of the zoo's own distribution another version is no other plugin: its networks are watched
    by tests, and names, shapes and types are compared before any weight is read.

    Args:
        pins: By kind, as a file says them; what it does not say is not compared.
        recipe: Names the plugins.
        where: What was made with them, for messages.
        kinds: Which are compared: `"architecture"`, `"dataset"`.
        allowed: Whether the user wants to go on with others; a warning then says so.

    Returns:
        A sentence for each that differs, to be kept with whatever comes of it.

    Raises:
        PluginError: One differs.
    """
    told = []
    for kind, name, was, now in _differences(pins, recipe, kinds):
        if not allowed:
            raise PluginError(
                f"{where} was made with another {WORDS[kind]} {name!r}. Expected: {was}. "
                f"Received: {now}.",
                hint="Install that one, if you trust it, or go on with --allow-plugin-mismatch.",
            )
        told.append(_sentence(kind, name, was, now))
        warnings.warn(f"{where}: {told[-1]}", stacklevel=3)
    return told


def differences(pins: object, recipe: "Recipe", *, kinds: Iterable[str]) -> list[str]:
    """What `compared` returns, without a word to the user."""
    return [_sentence(*one) for one in _differences(pins, recipe, kinds)]


def origin(pin: Any) -> str:
    """A pin in a few words: `alien-gans 1.0 (source 0123456789ab)`."""
    try:
        texts = [str(pin[key])[:_SHOWN] for key in ("distribution", "version")]
    except (KeyError, TypeError):
        return "unknown"
    text = " ".join(texts)
    digest = pin.get("digest")
    text += f" (source {str(digest)[:12]})" if digest else ""
    return "".join(c if c.isprintable() else "?" for c in text)


def _sentence(kind: str, name: str, was: str, now: str) -> str:
    return f"The {WORDS[kind]} {name!r} is that of {now} instead of {was}."


def _differences(
    pins: object, recipe: "Recipe", kinds: Iterable[str]
) -> Iterator[tuple[str, str, str, str]]:
    """Kind, name, what was pinned and what is here, of each that differs."""
    for kind in kinds:
        pin = pins.get(kind) if isinstance(pins, Mapping) else None
        name = getattr(recipe, kind).name
        if not isinstance(pin, Mapping) or not isinstance(pin.get("distribution"), str):
            continue  # it says too little
        if pin.get("name") not in (None, name):
            continue  # it pins another one
        now = pinned(kind, name)
        if not _same(pin, now):
            yield kind, name, origin(pin), origin(now)


def _same(pin: Mapping[str, Any], now: Mapping[str, str]) -> bool:
    distribution = normalize_distribution(pin["distribution"])
    if distribution != normalize_distribution(now["distribution"]):
        return False
    return distribution == FIRST_PARTY or all(
        pin.get(key) is None or key not in now or pin[key] == now[key]
        for key in ("version", "digest")
    )
