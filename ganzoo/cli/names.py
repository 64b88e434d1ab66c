"""`ganzoo list`, `info` and `plugins`: what there is, without importing any of it."""

import json
from typing import Annotated, Any

import typer

from ganzoo.cli.options import Json
from ganzoo.cli.output import columns, emit, emit_json, fields, readable, say

Pattern = Annotated[
    str, typer.Argument(metavar="GLOB", show_default=False, help='Names to list: "dcgan*".')
]
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A name that `ganzoo list` shows, name@2, hf://org/repo, a run folder, its number "
        "(7, 7@best), or a .safetensors file.",
    ),
]

_TITLES = {"models": "models", "architectures": "architectures", "datasets": "data sets"}


Weights = Annotated[
    bool, typer.Option("--weights", help="Only models whose trained weights are here.")
]


def list_names(pattern: Pattern = "*", weights: Weights = False, as_json: Json = False) -> None:
    """List models, architectures and data sets."""
    if weights:
        _list_weights(pattern, as_json=as_json)
        return
    from ganzoo.jobs.listing import listing

    found = listing(pattern)
    if as_json:
        emit_json(found)
        return
    blocks = []
    for kind, title in _TITLES.items():
        rows = [(entry["name"], entry["source"], entry["summary"]) for entry in found[kind]]
        if rows:
            blocks.append(f"{title}\n{columns(rows)}")
    if blocks:
        emit("\n\n".join(blocks))
    else:
        say(f"Nothing is called {pattern!r}.")
    if found["problems"]:
        say(f"warning: {len(found['problems'])} broken or clashing entries; see ganzoo plugins")


def _list_weights(pattern: str, *, as_json: bool) -> None:
    from ganzoo.jobs.listing import weights

    found = weights(pattern)
    if as_json:
        emit_json(found)
    elif found["models"]:
        rows = [
            (
                f"{one['name']}@{one['version']}",
                one["source"],
                f"{one['bytes'] / 1e6:.1f} MB" if one["bytes"] else "broken",
                one["license"] or "",
                one["summary"],
            )
            for one in found["models"]
        ]
        emit(columns(rows, indent=""))
    else:
        say(f"No model called {pattern!r} has weights here. Train one, or: ganzoo pull --help")


def info(name: Name, as_json: Json = False) -> None:
    """Show what a name stands for.

    Of a model: its card, recipe, license, deviations, versions and their results. Of a run or a
    weights file: what it was trained with, and its recipe. Of an architecture or a data set: who
    brings it, and its options with their defaults.
    """
    from ganzoo.jobs.listing import info as job

    found = job(name)
    if as_json:
        emit_json(found)
        return
    show = {"model": _model, "run": _run, "weights": _weights}
    show |= {"architecture": _part, "dataset": _part}
    emit("\n\n".join(show[kind](kind, content) for kind, content in found.items()))


def plugins(as_json: Json = False) -> None:
    """List plugins, also broken and clashing ones."""
    from ganzoo.jobs.listing import plugins as job

    found = job()
    if as_json:
        emit_json(found)
        return
    blocks = []
    for kind, entries in found["plugins"].items():
        rows = [
            (entry["name"], f"{entry['distribution']} {entry['version']}", entry["target"])
            for entry in entries
        ]
        if rows:
            blocks.append(f"{kind}\n{columns(rows)}")
    if found["clashes"]:
        rows = [
            (clash["kind"], clash["name"], ", ".join(clash["owners"])) for clash in found["clashes"]
        ]
        blocks.append(f"clashes\n{columns(rows)}")
    if found["problems"]:
        rows = [
            (problem["distribution"], problem["name"] or "-", problem["reason"])
            for problem in found["problems"]
        ]
        blocks.append(f"broken\n{columns(rows)}")
    emit("\n\n".join(blocks) or "No plugin is installed.")


def _model(kind: str, content: dict[str, Any]) -> str:
    head = {
        "source": content["source"],
        "license of the data": content["license"]["data"],
        "license of the weights": content["license"]["weights"],
        "papers": content["papers"],
        "parameters": ", ".join(f"{k} {readable(v)}" for k, v in content["parameters"].items()),
    }
    blocks = [f"{content['name']}: {content['summary']}", fields(head, indent="  ")]
    blocks += _more(content)
    for version in content["versions"]:
        blocks += _version(content["name"], version)
    return "\n\n".join([*blocks, _recipe(content)])


def _run(kind: str, content: dict[str, Any]) -> str:
    shown = ("name", "summary", "description", "deviations", "results", "recipe", "toml")
    facts = {key: value for key, value in content.items() if key not in shown}
    blocks = [f"{content['name']}: {content['summary']}", fields(facts, indent="  ")]
    return "\n\n".join([*blocks, *_more(content), _recipe(content)])


def _weights(kind: str, content: dict[str, Any]) -> str:
    facts = {key: value for key, value in content.items() if key not in ("recipe", "toml")}
    return "\n\n".join([fields(facts), _recipe(content)])


def _more(content: dict[str, Any]) -> list[str]:
    """What else a card says: its description, deviations and results."""
    blocks = [content["description"].strip()] if content["description"] else []
    if content["deviations"]:
        blocks.append("deviations\n" + "\n".join(f"  - {line}" for line in content["deviations"]))
    return blocks + [_result(result) for result in content["results"]]


def _recipe(content: dict[str, Any]) -> str:
    return "# recipe.toml\n" + content["toml"].strip()


def _result(result: dict[str, Any]) -> str:
    return "result\n" + fields(result, indent="  ")


def _version(name: str, version: dict[str, Any]) -> list[str]:
    """What is known of a version, and its results, each with the protocol that it came by."""
    called = "".join(f", {name}@{alias}" for alias in version["aliases"])
    facts = {
        "digest": version.get("digest"),
        "size": f"{version['bytes'] / 1e6:.1f} MB" if "bytes" in version else None,
        "license": version.get("license"),
        "provenance": version.get("provenance"),
        "broken": version.get("broken"),
    }
    blocks = [f"{name}@{version['version']}{called}\n" + fields(facts, indent="  ")]
    return blocks + [_result(result) for result in version.get("results", [])]


def _part(kind: str, content: dict[str, Any]) -> str:
    title = "data set" if kind == "dataset" else kind
    lines = [f"{content['name']}: {content['summary']}".rstrip(": ")]
    lines.append(f"  {title} of {content['distribution']} {content['version']}")
    lines.append(f"  {content['target']}")
    rows = [
        (option["name"], option["annotation"], _default(option)) for option in content["options"]
    ]
    if rows:
        lines += ["", f"options ([{kind}] of a recipe)", columns(rows)]
    if content["open"]:
        lines += ["", "It may take more options than can be read without importing it."]
    return "\n".join(lines)


def _default(option: dict[str, Any]) -> str:
    """An option's default as TOML would write it, or where its value comes from."""
    if option["filled"]:
        return "from the data set"
    if option["required"]:
        return "required"
    if option["default"] is None:
        return "not set"
    return json.dumps(option["default"], ensure_ascii=False, default=repr)
