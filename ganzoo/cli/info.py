"""`ganzoo info`: a model, run, weights file, architecture or data set in detail."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from ganzoo.cli.support.options import Json
from ganzoo.cli.support.printing import (
    format_columns,
    format_fields,
    humanize,
    print_data,
    print_json,
)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A name that `ganzoo list` shows, name@2, hf://org/repo, a run folder, its number "
        "(7, 7@best), or a .safetensors file.",
    ),
]


def info(name: Name, as_json: Json = False) -> None:
    """Describe what a name stands for.

    A model: its card, recipe, license, deviations, versions and their results. A run or a
    weights file: what it was trained with, and its recipe. An architecture or a data set: its
    package, and its options with their defaults.
    """
    from ganzoo.jobs.info import info as job

    found = job(name)
    if as_json:
        print_json(found)
    else:
        print_data("\n\n".join(_FORMATS[kind](content) for kind, content in found.items()))


def _format_model(content: dict[str, Any]) -> str:
    head = {
        "source": content["source"],
        "license of the data": content["license"]["data"],
        "license of the weights": content["license"]["weights"],
        "papers": content["papers"],
        "parameters": ", ".join(f"{k} {humanize(v)}" for k, v in content["parameters"].items()),
    }
    blocks = [f"{content['name']}: {content['summary']}", format_fields(head, indent="  ")]
    blocks += _card_blocks(content)
    for version in content["versions"]:
        blocks += _version_blocks(content["name"], version)
    return "\n\n".join([*blocks, _format_recipe(content)])


def _format_run(content: dict[str, Any]) -> str:
    elsewhere = ("name", "summary", "description", "deviations", "results", "recipe", "toml")
    facts = {key: value for key, value in content.items() if key not in elsewhere}
    blocks = [f"{content['name']}: {content['summary']}", format_fields(facts, indent="  ")]
    return "\n\n".join([*blocks, *_card_blocks(content), _format_recipe(content)])


def _format_weights(content: dict[str, Any]) -> str:
    facts = {key: value for key, value in content.items() if key not in ("recipe", "toml")}
    return "\n\n".join([format_fields(facts), _format_recipe(content)])


def _card_blocks(content: dict[str, Any]) -> list[str]:
    """Format description, deviations and results of a card."""
    blocks = [content["description"].strip()] if content["description"] else []
    if content["deviations"]:
        blocks.append("deviations\n" + "\n".join(f"  - {line}" for line in content["deviations"]))
    return blocks + [_format_result(result) for result in content["results"]]


def _version_blocks(name: str, version: dict[str, Any]) -> list[str]:
    """Format a version and its results."""
    aliases = "".join(f", {name}@{alias}" for alias in version["aliases"])
    facts = {
        "digest": version.get("digest"),
        "size": f"{version['bytes'] / 1e6:.1f} MB" if "bytes" in version else None,
        "license": version.get("license"),
        "provenance": version.get("provenance"),
        "broken": version.get("broken"),
    }
    head = f"{name}@{version['version']}{aliases}\n" + format_fields(facts, indent="  ")
    return [head, *(_format_result(result) for result in version.get("results", []))]


def _format_recipe(content: dict[str, Any]) -> str:
    return "# recipe.toml\n" + content["toml"].strip()


def _format_result(result: dict[str, Any]) -> str:
    return "result\n" + format_fields(result, indent="  ")


def _format_plugin(kind: str, content: dict[str, Any]) -> str:
    title = "data set" if kind == "dataset" else kind
    lines = [f"{content['name']}: {content['summary']}".rstrip(": ")]
    lines.append(f"  {title} of {content['distribution']} {content['version']}")
    lines.append(f"  {content['target']}")
    rows = [
        (option["name"], option["annotation"], _format_default(option))
        for option in content["options"]
    ]
    if rows:
        lines += ["", f"options ([{kind}] of a recipe)", format_columns(rows)]
    if content["open"]:
        lines += ["", "It may take more options than can be read without importing it."]
    return "\n".join(lines)


def _format_default(option: dict[str, Any]) -> str:
    """Format an option's default as TOML, or say where its value comes from."""
    if option["filled"]:
        return "from the data set"
    if option["required"]:
        return "required"
    if option["default"] is None:
        return "not set"
    return json.dumps(option["default"], ensure_ascii=False, default=repr)


_FORMATS: dict[str, Callable[[dict[str, Any]], str]] = {
    "model": _format_model,
    "run": _format_run,
    "weights": _format_weights,
    "architecture": lambda content: _format_plugin("architecture", content),
    "dataset": lambda content: _format_plugin("dataset", content),
}
