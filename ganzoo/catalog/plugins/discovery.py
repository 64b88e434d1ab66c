"""Plugins by entry point: discovered without importing anything, imported on first use.

A plugin is one line in the metadata of a distribution:

    [project.entry-points."ganzoo.architectures"]
    dcgan = "my_package.dcgan:dcgan"

Discovery reads such lines and nothing else, once for a process. What is broken becomes a
`Problem` in the result: it hides nobody else's plugins and raises nothing.
"""

import contextlib
import functools
import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ganzoo.catalog.plugins.entry_points import (
    FIRST_PARTY,
    KINDS,
    WORDS,
    Distribution,
    Plugin,
    distributions_with_plugins,
    plugins_of,
)
from ganzoo.catalog.plugins.import_effects import effects_reported
from ganzoo.catalog.plugins.name_resolution import Problem, normalize_distribution, resolve_names
from ganzoo.catalog.plugins.signature import Signature, api_version, read_signature
from ganzoo.errors import GanzooError, PluginError, unknown
from ganzoo.files.text import format_exception, quote, shorten

API_VERSION = 1  # a plugin's module may state the one that it is written for: GANZOO_API = 1

_Installation = tuple[str, tuple[tuple[str, int], ...]]


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
    """Find every installed plugin of one kind; import none.

    The zoo's own plugins own their plain names: a stranger's of the same name is reached as
    `"distribution:name"`. Of two strangers with one name neither owns it.
    The environment variable `GANZOO_PLUGINS` (`none`, or names of distributions separated by
    commas) limits which strangers are considered.

    The metadata is read once, and again only when `GANZOO_PLUGINS`, `sys.path` or what lies
    in one of its folders changes, as it does when something is installed.

    Args:
        kind: A key of `KINDS`.
    """
    if kind not in KINDS:
        raise unknown("kind of plugin", kind, KINDS)
    return _discover(kind, _installation_state())


def forget_discovered() -> None:
    """Have the metadata read again, after it was changed in place."""
    _distributions.cache_clear()
    _discover.cache_clear()


def find_plugin(kind: str, name: str) -> Plugin:
    """Return the plugin that a name means.

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
        if owner and plugin.name == plain and is_same_distribution(plugin.distribution, owner):
            return plugin
    for problem in found.problems:
        if problem.name == plain and (
            not owner or is_same_distribution(problem.distribution, owner)
        ):
            raise PluginError(
                f"The {word} {name!r} of {problem.distribution} cannot be used. {problem.reason}"
            )
    owners = [plugin.distribution for plugin in found.plugins.values()]
    if owner and not any(is_same_distribution(owner, one) for one in owners):
        raise PluginError(
            f"No installed distribution {quote(owner)} brings one. Received: {quote(name)}.",
            hint="Install the package that brings it, if you trust it.",
        )
    raise unknown(word, shorten(name), found.plugins)


def load_plugin(plugin: Plugin) -> object:
    """Import the module of a plugin and return its object.

    What the module prints goes to stderr, and an attempt to end the process is an error like
    any other. What it changes for the whole process, such as the handler of a signal, is warned of.

    Raises:
        PluginError: It cannot be imported or is not there; the cause is chained.
    """
    label = f"The {WORDS[plugin.kind]} {plugin.name!r} of {plugin.distribution} {plugin.version}"
    declared = api_version(plugin.module)
    if declared is not None and declared != API_VERSION:
        raise PluginError(
            f"{label} is written for version {declared} of the plugin interface; this ganzoo "
            f"offers {API_VERSION}.",
            hint=f"Install versions of {plugin.distribution} and {FIRST_PARTY} that agree.",
        )
    imported_before = plugin.module in sys.modules
    trusted = is_same_distribution(plugin.distribution, FIRST_PARTY) or imported_before
    try:
        with contextlib.redirect_stdout(sys.stderr), effects_reported(label, trusted=trusted):
            value: object = importlib.import_module(plugin.module)
            for part in plugin.attribute.split("."):
                value = getattr(value, part)
    except (Exception, SystemExit) as error:
        if not imported_before:  # or the next attempt would find it there and succeed
            sys.modules.pop(plugin.module, None)
        raise PluginError(
            f"{label} cannot be loaded from {plugin.target!r}: {format_exception(error)}.",
            hint=f"Mend {plugin.distribution} or uninstall it; everything else works.",
        ) from error
    return value


def call_plugin(plugin: Plugin, **keywords: Any) -> Any:
    """Import a plugin and call its function.

    Raises:
        PluginError: It cannot be imported, or raises anything but a `GanzooError` of its own.
    """
    function: Any = load_plugin(plugin)
    try:
        return function(**keywords)
    except (GanzooError, MemoryError):
        raise
    except Exception as error:
        raise PluginError(
            f"The {plugin.kind} {plugin.qualified} failed with {type(error).__name__}: {error}",
            hint="Run with --debug for the traceback.",
        ) from error


def plugin_signature(plugin: Plugin) -> Signature:
    """Return summary and parameters of a plugin as its source states them; import nothing."""
    return read_signature(plugin.module, plugin.attribute)


def is_same_distribution(one: str, other: str) -> bool:
    """Return whether two names are spellings of one distribution's name."""
    return normalize_distribution(one) == normalize_distribution(other)


def _installation_state() -> _Installation:
    """A value that changes whenever a distribution is installed or removed."""
    folders = []
    for entry in dict.fromkeys(sys.path):
        with contextlib.suppress(OSError):
            folders.append((entry, os.stat(entry or ".").st_mtime_ns))
    return os.environ.get("GANZOO_PLUGINS", ""), tuple(folders)


@functools.lru_cache(maxsize=1)
def _distributions(
    installation: _Installation,
) -> tuple[list[Distribution], list[Problem]]:
    problems: list[Problem] = []
    return distributions_with_plugins(problems), problems


@functools.lru_cache(maxsize=len(KINDS))
def _discover(kind: str, installation: _Installation) -> Discovery:
    distributions, unreadable = _distributions(installation)
    problems = [*unreadable]
    found = [plugin for one in distributions for plugin in plugins_of(one, kind, problems)]
    owned, clashes = resolve_names(found, _rank)
    for name, plugin in owned.items():
        if name == plugin.qualified and plugin.name not in clashes:
            owner = owned[plugin.name].distribution
            reason = f"The name belongs to {owner}; this one is reached as {name!r}."
            problems.append(
                Problem(distribution=plugin.distribution, name=plugin.name, reason=reason)
            )
    return Discovery(plugins=owned, clashes=clashes, problems=tuple(dict.fromkeys(problems)))


def _rank(plugin: Plugin) -> int:
    return 0 if is_same_distribution(plugin.distribution, FIRST_PARTY) else 1
