"""`ganzoo info`: a model, run, weights file, architecture or data set in detail."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from ganzoo.cli.support.options import Json
from ganzoo.cli.support.printing import format_columns, format_fields, print_data, print_json

_OWN_BLOCKS = ("summary", "description", "deviations", "results", "versions", "recipe", "toml")

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


def _format_trained(content: dict[str, Any]) -> str:
    """Format a model, a run or a weights file: facts, then its card, versions and recipe."""
    blocks, name = [], content.get("name")
    facts = {key: value for key, value in content.items() if key not in _OWN_BLOCKS}
    if "summary" in content:
        blocks.append(f"{facts.pop('name')}: {content['summary']}")
    blocks.append(format_fields(facts, indent="  " if blocks else ""))
    blocks.append((content.get("description") or "").strip())
    if deviations := content.get("deviations"):
        blocks.append("deviations\n" + "\n".join(f"  - {line}" for line in deviations))
    blocks += _format_results(content)
    for version in content.get("versions") or []:
        aliases = "".join(f", {name}@{alias}" for alias in version["aliases"])
        facts = {k: v for k, v in version.items() if k not in ("version", "aliases", "results")}
        if "bytes" in facts:
            facts["bytes"] = f"{facts['bytes'] / 1e6:.1f} MB"
        title = f"{name}@{version['version']}{aliases}"
        blocks += [f"{title}\n{format_fields(facts, indent='  ')}", *_format_results(version)]
    blocks.append("# recipe.toml\n" + content["toml"].strip())
    return "\n\n".join(filter(None, blocks))


def _format_results(content: dict[str, Any]) -> list[str]:
    results = content.get("results") or []
    return ["result\n" + format_fields(result, indent="  ") for result in results]


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
    **dict.fromkeys(("model", "run", "weights"), _format_trained),
    "architecture": lambda content: _format_plugin("architecture", content),
    "dataset": lambda content: _format_plugin("dataset", content),
}
