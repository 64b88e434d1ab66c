"""Lists of models, weights, data sets and plugins as plain data. Imports no framework."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from ganzoo.catalog.plugins.discovery import discover, plugin_signature
from ganzoo.catalog.plugins.entry_points import KINDS, Plugin
from ganzoo.catalog.plugins.name_resolution import Problem
from ganzoo.catalog.registry import lookup
from ganzoo.catalog.registry.cards import Card
from ganzoo.jobs.publishing.manage import describe_versions

_PLUGIN_SECTIONS = {"architecture": "architectures", "dataset": "datasets"}
SECTIONS = ("models", *_PLUGIN_SECTIONS.values())


def list_names(
    words: Sequence[str] = (), *, sections: Sequence[str] = SECTIONS, weights: bool = False
) -> dict[str, list[Any]]:
    """Return the models, architectures and data sets that fit all words.

    Args:
        words: Texts that stand in the name, the summary or the name of the data, in capitals or
            not. One with `*`, `?` or `[` is a shell pattern for the name instead.
        sections: Which of the lists to return.
        weights: Return only models of which trained weights are here.

    Returns:
        `"models"`, `"architectures"` and `"datasets"`: lists of entries with name, source
        and summary; a model's also with the name of its data, its number of parameters, its
        newest version with size, license and first result, and the numbers of all versions.
        `"problems"`: what is broken or refused.
    """
    found: dict[str, list[Any]] = {}
    problems: list[Problem] = []
    if "models" in sections:
        registry = lookup.scan_registries()
        cards, broken = lookup.read_cards(registry=registry)
        problems += broken
        models = (
            _describe_model(name, registry.entries[name], card)
            for name, card in cards.items()
            if _fits(words, name, card.summary, card.recipe.dataset.name)
        )
        found["models"] = [one for one in models if one["version"] or not weights]
    for kind, section in _PLUGIN_SECTIONS.items():
        if section in sections:
            discovery = discover(kind)
            summaries = [_summarize_plugin(*item) for item in discovery.plugins.items()]
            found[section] = [
                one
                for one in summaries
                if not weights and _fits(words, one["name"], one["summary"])
            ]
            problems += discovery.problems
    return found | {"problems": [_describe_problem(one) for one in dict.fromkeys(problems)]}


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
    registry = lookup.scan_registries()
    problems = list(lookup.read_cards(registry=registry)[1])
    for name, rivals in registry.clashes.items():
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


def _describe_model(name: str, entry: lookup.Entry, card: Card) -> dict[str, Any]:
    versions = describe_versions(entry)
    newest = versions[0] if versions else {}
    return {
        "name": name,
        "source": entry.source,
        "summary": card.summary,
        "data": card.recipe.dataset.name,
        "parameters": sum(card.parameters.values()) or None,
        "version": newest.get("version"),
        "versions": [one["version"] for one in versions],
        "bytes": newest.get("bytes"),
        "license": newest.get("license"),
        "result": next(iter(newest.get("results", [])), None),
    }


def _fits(words: Sequence[str], name: str, *texts: str) -> bool:
    """Return whether each word is in one of the texts, or matches the name as a pattern."""
    everything = " ".join((name, *texts)).casefold()
    return all(
        fnmatchcase(name, word) if set(word) & set("*?[") else word.casefold() in everything
        for word in words
    )


def _describe_problem(problem: Problem) -> dict[str, str | None]:
    return {
        "distribution": problem.distribution,
        "name": problem.name,
        "reason": problem.reason,
    }
