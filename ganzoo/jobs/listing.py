"""Lists of models, weights, data sets and plugins as plain data. Imports no framework."""

from fnmatch import fnmatchcase
from typing import Any

from ganzoo.catalog.plugins.discovery import discover, plugin_signature
from ganzoo.catalog.plugins.entry_points import KINDS, Plugin
from ganzoo.catalog.plugins.name_resolution import Problem
from ganzoo.catalog.registry import lookup
from ganzoo.errors import GanzooError
from ganzoo.jobs.publishing.manage import describe_versions

_SECTIONS = {"architecture": "architectures", "dataset": "datasets"}


def list_names(pattern: str = "*") -> dict[str, list[Any]]:
    """Return the models, architectures and data sets whose name matches a glob.

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
            _summarize_plugin(name, plugin)
            for name, plugin in discovery.plugins.items()
            if fnmatchcase(name, pattern)
        ]
        problems += discovery.problems
    return found | {"problems": [_describe_problem(one) for one in dict.fromkeys(problems)]}


def list_weights(pattern: str = "*") -> dict[str, list[Any]]:
    """Return the models of which trained weights are here.

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
        versions = describe_versions(entry)
        if versions:
            found.append({
                "name": name,
                "source": entry.source,
                "version": versions[0]["version"],
                "versions": [one["version"] for one in versions],
                "bytes": versions[0].get("bytes"),
                "license": versions[0].get("license"),
                "summary": _model_summary(entry),
            })  # fmt: skip
    return {"models": found}


def list_datasets() -> list[dict[str, str]]:
    """Return name, source and summary of every data set that can be opened by name."""
    found = discover("dataset").plugins
    return [_summarize_plugin(name, plugin) for name, plugin in found.items()]


def list_plugins() -> dict[str, Any]:
    """Return every plugin that is installed, what is broken, and names that several claim.

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
        listed[kind] = [
            describe_plugin_owner(name, plugin) for name, plugin in discovery.plugins.items()
        ]
        clashes += [
            {"kind": kind, "name": name, "owners": [rival.qualified for rival in rivals]}
            for name, rivals in discovery.clashes.items()
        ]
        problems += discovery.problems
    return {
        "plugins": listed,
        "clashes": clashes,
        "problems": [_describe_problem(one) for one in dict.fromkeys(problems)],
    }


def describe_plugin_owner(name: str, plugin: Plugin) -> dict[str, str]:
    """Return which distribution brings a plugin."""
    return {
        "name": name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "target": plugin.target,
    }


def _summarize_plugin(name: str, plugin: Plugin) -> dict[str, str]:
    summary = plugin_signature(plugin).summary
    return {"name": name, "source": plugin.distribution, "summary": summary}


def _model_summary(entry: lookup.Entry) -> str:
    try:
        return entry.card().summary
    except GanzooError as error:
        return str(error)


def _describe_problem(problem: Problem) -> dict[str, str | None]:
    return {
        "distribution": problem.distribution,
        "name": problem.name,
        "reason": problem.reason,
    }
