"""What the zoo holds, as plain data for `list`, `info` and `plugins`. Imports no framework."""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from ganzoo.catalog.plugins.discovery import discover, find_plugin, plugin_signature
from ganzoo.catalog.plugins.entry_points import KINDS, Plugin
from ganzoo.catalog.plugins.resolution import Problem, normalize_distribution
from ganzoo.catalog.plugins.signature import MISSING
from ganzoo.catalog.recipe.checks import is_filled_by_data
from ganzoo.catalog.registry import lookup
from ganzoo.errors import GanzooError, PluginError, UnknownName, unknown
from ganzoo.jobs.publishing.manage import describe_card, describe_versions

_SECTIONS = {"architecture": "architectures", "dataset": "datasets"}


def listing(pattern: str = "*") -> dict[str, list[Any]]:
    """Models, architectures and data sets whose name matches a glob.

    Args:
        pattern: A shell pattern; case counts.

    Returns:
        `"models"`, `"architectures"` and `"datasets"`: lists of entries with name, source
        and summary. `"problems"`: what is broken or refused.
    """
    cards, broken = lookup.read_cards(pattern)
    problems = list(broken)
    sources = {name: entry.source for name, entry in lookup.models().items()}
    found: dict[str, list[Any]] = {
        "models": [
            {"name": name, "source": sources[name], "summary": card.summary}
            for name, card in cards.items()
        ]
    }
    for kind, section in _SECTIONS.items():
        discovery = discover(kind)
        found[section] = [
            entry_of(name, plugin)
            for name, plugin in discovery.plugins.items()
            if fnmatchcase(name, pattern)
        ]
        problems += discovery.problems
    return found | {"problems": [_problem(problem) for problem in dict.fromkeys(problems)]}


def weights(pattern: str = "*") -> dict[str, list[Any]]:
    """The models of which trained weights are here.

    Args:
        pattern: A shell pattern; case counts.

    Returns:
        `"models"`: name, source, newest version, all versions, size in bytes, license and
        summary of each; a broken one has no size.
    """
    found = []
    for name, entry in lookup.models().items():
        if not fnmatchcase(name, pattern):
            continue
        known = describe_versions(entry)
        if known:
            newest = known[0]
            found.append(
                {
                    "name": name,
                    "source": entry.source,
                    "version": newest["version"],
                    "versions": [one["version"] for one in known],
                    "bytes": newest.get("bytes"),
                    "license": newest.get("license"),
                    "summary": _summary(entry),
                }
            )
    return {"models": found}


def info(name: str) -> dict[str, dict[str, Any]]:
    """Everything that goes by a name.

    Args:
        name: Of a model, an architecture or a data set, or whatever `ganzoo sample` takes.

    Returns:
        A dictionary with the keys `"model"`, `"run"`, `"weights"`, `"architecture"` and
        `"dataset"`, of which those that exist; of the first three it is one at most.

    Raises:
        UnknownName: Nothing has that name.
        PluginError: Several plugins have it, or its entry is broken.
        InvalidInput: The card, run or file of that name is broken.
    """
    from ganzoo.jobs import places  # for whoever asks what something is only
    from ganzoo.jobs.models import load

    known: set[str] = set()
    refused: list[PluginError] = []
    found = {} if load.is_name(name) else places.described(name)
    for kind, (find, names) in _FINDERS.items():
        if kind == "model" and found:
            continue
        try:
            found[kind] = find(name)
        except UnknownName:
            known.update(names())
        except PluginError as error:
            refused.append(error)
    if refused and not found:
        raise refused[0]
    if found:
        return found
    try:
        return places.described(name)  # a run in `runs`, by the name of its folder
    except UnknownName:
        raise unknown("model, run, architecture or data set", name, known) from None


def plugins() -> dict[str, Any]:
    """Every plugin that is installed, what is broken, and names that several claim.

    Returns:
        `"plugins"`: for each kind a list of entries. `"clashes"`: kind, name and the
        qualified names of the rivals. `"problems"`: distribution, name and reason.
    """
    listed: dict[str, list[dict[str, str]]] = {}
    clashes: list[dict[str, Any]] = []
    problems = list(lookup.read_cards()[1])
    for name, rivals in lookup.scan_registries().clashes.items():
        owners = [f"{rival.source}:{rival.name}" for rival in rivals]
        clashes.append({"kind": "model", "name": name, "owners": owners})
    for kind in KINDS:
        discovery = discover(kind)
        listed[kind] = [_owner(name, plugin) for name, plugin in discovery.plugins.items()]
        clashes += [
            {"kind": kind, "name": name, "owners": [rival.qualified for rival in rivals]}
            for name, rivals in discovery.clashes.items()
        ]
        problems += discovery.problems
    return {
        "plugins": listed,
        "clashes": clashes,
        "problems": [_problem(problem) for problem in dict.fromkeys(problems)],
    }


def entry_of(name: str, plugin: Plugin) -> dict[str, str]:
    """A plugin's line in a list: name, where it comes from, and one sentence."""
    return {
        "name": name,
        "source": plugin.distribution,
        "summary": plugin_signature(plugin).summary,
    }


def _model(name: str) -> dict[str, Any]:
    entry = lookup.find_entry(name.rpartition("@")[0] if "@" in name else name)
    card = entry.version(name.rpartition("@")[2]).card() if "@" in name else entry.card()
    return describe_card(card) | {
        "source": entry.source,
        "results": [result.tables() for result in card.results] if entry.has_card else [],
        "versions": describe_versions(entry),
    }


def _summary(entry: lookup.Entry) -> str:
    try:
        return entry.card().summary
    except GanzooError as error:
        return str(error)


def _part(kind: str, name: str) -> dict[str, Any]:
    """An architecture or a data set: who brings it and the options it takes."""
    if not _brings(name.rpartition(":")[0], kind):
        raise unknown(kind, name, ())
    plugin = find_plugin(kind, name)
    signature = plugin_signature(plugin)
    return _owner(name, plugin) | {
        "summary": signature.summary,
        "options": [
            {
                "name": parameter.name,
                "annotation": parameter.annotation,
                "required": parameter.required,
                "default": None if parameter.default is MISSING else parameter.default,
                "filled": is_filled_by_data(kind, parameter.name),
            }
            for parameter in signature.parameters.values()
        ],
        "open": signature.open,
    }


def _brings(owner: str, kind: str) -> bool:
    """Whether a distribution speaks of that kind at all; any does if none is named."""
    discovery = discover(kind)
    speakers = {entry.distribution for entry in (*discovery.plugins.values(), *discovery.problems)}
    return not owner or normalize_distribution(owner) in map(normalize_distribution, speakers)


def _owner(name: str, plugin: Plugin) -> dict[str, str]:
    return {
        "name": name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "target": plugin.target,
    }


def _problem(problem: Problem) -> dict[str, str | None]:
    return {
        "distribution": problem.distribution,
        "name": problem.name,
        "reason": problem.reason,
    }


_FINDERS: dict[str, tuple[Callable[[str], dict[str, Any]], Callable[[], Iterable[str]]]] = {
    "model": (_model, lookup.models),
    "architecture": (
        lambda name: _part("architecture", name),
        lambda: discover("architecture").plugins,
    ),
    "dataset": (
        lambda name: _part("dataset", name),
        lambda: discover("dataset").plugins,
    ),
}
