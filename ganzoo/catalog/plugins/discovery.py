"""Plugins by entry point: found without importing anything, loaded on first use.

A plugin is one line in the metadata of a distribution:

    [project.entry-points."ganzoo.architectures"]
    dcgan = "my_package.dcgan:dcgan"

Discovery reads such lines and nothing else. What is broken becomes a `Problem` in the
result: it hides nobody else's plugins and raises nothing.
"""

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from ganzoo.catalog.plugins.distributions import FIRST_PARTY, speakers
from ganzoo.catalog.plugins.entry_points import KINDS, WORDS, Plugin, plugins_of
from ganzoo.catalog.plugins.isolation import contained
from ganzoo.catalog.plugins.names import Claim, Problem, normalized, settle
from ganzoo.catalog.plugins.signature import (
    MISSING,
    Parameter,
    Signature,
    api_version,
    read_signature,
)
from ganzoo.errors import PluginError, unknown
from ganzoo.files.text import format_exception, quote, shorten

__all__ = [
    "API_VERSION",
    "KINDS",
    "MISSING",
    "Discovery",
    "Parameter",
    "Plugin",
    "Problem",
    "Signature",
    "discover",
    "find",
    "load",
    "signature",
]

API_VERSION = 1  # a plugin's module may state the one that it is written for: GANZOO_API = 1


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """All plugins of one kind.

    Args:
        plugins: Every usable plugin, by the shortest name that means it: its own, or
            `"distribution:name"` where its own belongs to another or to nobody.
        clashes: The names that several claim, so that they mean none of them.
        problems: What was broken or refused.
    """

    plugins: Mapping[str, Plugin]
    clashes: Mapping[str, tuple[Plugin, ...]]
    problems: tuple[Problem, ...]


def discover(kind: str) -> Discovery:
    """Finds every installed plugin of one kind; imports none.

    The zoo's own plugins own their plain names: a stranger's of the same name is reached as
    `"distribution:name"`. Of two strangers with one name neither owns it.
    The environment variable `GANZOO_PLUGINS` (`none`, or names of distributions separated by
    commas) limits which strangers are considered.

    Args:
        kind: A key of `KINDS`.
    """
    if kind not in KINDS:
        raise unknown("kind of plugin", kind, KINDS)
    problems: list[Problem] = []
    found = [
        plugin for speaker in speakers(problems) for plugin in plugins_of(speaker, kind, problems)
    ]
    owned, clashes = settle([_claim(plugin) for plugin in found])
    for name, position in owned.items():
        plugin = found[position]
        if name == plugin.qualified and plugin.name not in clashes:
            owner = found[owned[plugin.name]].distribution
            reason = f"The name belongs to {owner}; this one is reached as {name!r}."
            problems.append(
                Problem(distribution=plugin.distribution, name=plugin.name, reason=reason)
            )
    return Discovery(
        plugins={name: found[position] for name, position in owned.items()},
        clashes={name: tuple(found[p] for p in rivals) for name, rivals in clashes.items()},
        problems=tuple(dict.fromkeys(problems)),
    )


def find(kind: str, name: str) -> Plugin:
    """The plugin that a name means.

    Args:
        kind: A key of `KINDS`.
        name: `"name"` or `"distribution:name"`.

    Raises:
        UnknownName: No plugin has that name.
        PluginError: Several have it, its entry is broken, or its distribution is not there.
    """
    found = discover(kind)
    word = WORDS[kind]
    if name in found.plugins:
        return found.plugins[name]
    if name in found.clashes:
        rivals = found.clashes[name]
        raise PluginError(
            f"The {word} {name!r} is ambiguous: {' and '.join(p.distribution for p in rivals)} "
            "each bring one.",
            hint=f"Write {' or '.join(repr(plugin.qualified) for plugin in rivals)}.",
        )
    owner, _, plain = name.rpartition(":")
    for plugin in found.plugins.values():
        if owner and plugin.name == plain and _same(plugin.distribution, owner):
            return plugin
    for problem in found.problems:
        if problem.name == plain and (not owner or _same(problem.distribution, owner)):
            raise PluginError(
                f"The {word} {name!r} of {problem.distribution} cannot be used. {problem.reason}"
            )
    if owner and not any(_same(owner, plugin.distribution) for plugin in found.plugins.values()):
        raise PluginError(
            f"No installed distribution {quote(owner)} brings one. Received: {quote(name)}.",
            hint="Install the package that brings it, if you trust it.",
        )
    raise unknown(word, shorten(name), found.plugins)


def load(plugin: Plugin) -> object:
    """Imports a plugin's module and returns its object.

    Whatever goes wrong in there stays the plugin's, SystemExit too. What it prints goes to
    stderr; what it changes for everybody is put back (see `contained`).

    Raises:
        PluginError: It cannot be imported or is not there; the cause is chained.
    """
    subject = f"The {WORDS[plugin.kind]} {plugin.name!r} of {plugin.distribution} {plugin.version}"
    declared = api_version(plugin.module)
    if declared is not None and declared != API_VERSION:
        raise PluginError(
            f"{subject} is written for version {declared} of the plugin interface; this ganzoo "
            f"offers {API_VERSION}.",
            hint=f"Install versions of {plugin.distribution} and {FIRST_PARTY} that agree.",
        )
    imported_before = plugin.module in sys.modules
    try:
        with contained() as watch:
            value: object = importlib.import_module(plugin.module)
            for part in plugin.attribute.split("."):
                value = getattr(value, part)
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        if watch.interrupted:
            raise  # the user's Ctrl-C, not the plugin's
        if not imported_before:  # or the next attempt would find it there and succeed
            sys.modules.pop(plugin.module, None)
        raise PluginError(
            f"{subject} cannot be loaded from {plugin.target!r}: {format_exception(error)}.",
            hint=f"Mend {plugin.distribution} or uninstall it; everything else works.",
        ) from error
    return value


def signature(plugin: Plugin) -> Signature:
    """What a plugin says of itself in its source: summary and parameters. Imports nothing."""
    return read_signature(plugin.module, plugin.attribute)


def _claim(plugin: Plugin) -> Claim:
    rank = 0 if _same(plugin.distribution, FIRST_PARTY) else 1
    return Claim(name=plugin.name, owner=plugin.distribution, rank=rank)


def _same(one: str, other: str) -> bool:
    return normalized(one) == normalized(other)
