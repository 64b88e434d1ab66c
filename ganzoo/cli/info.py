"""`ganzoo info`: a model, run, weights file, architecture or data set in detail."""

import json
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import typer

from ganzoo.catalog.plugins.annotations import describe_annotation
from ganzoo.cli.evaluate import format_results
from ganzoo.cli.support.options import Json, complete_model
from ganzoo.cli.support.printing import (
    format_columns,
    format_fields,
    print_data,
    print_json,
    print_note,
    wrap,
)
from ganzoo.files.text import format_duration

_LENGTHS = ("steps", "images", "epochs")
_OWN_BLOCKS = (
    "summary", "description", "choices", "deviations", "results", "versions", "recipe", "toml",
    "bibtex",
)  # fmt: skip

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        autocompletion=complete_model,
        help="A name that `ganzoo list` shows, name@2, hf://org/repo, a run folder, its number "
        "(7, 7@best), a .safetensors or an .onnx file.",
    ),
]


Full = Annotated[
    bool,
    typer.Option(
        "--full", help="Add choices, deviations, provenance, digests, BibTeX and the recipe."
    ),
]


def info(name: Name, full: Full = False, as_json: Json = False) -> None:
    """Describe a model, run, file, architecture or data set.

    A model: what it makes of which data, its license, and the results of its newest version. A
    run or a weights file: what it was trained with. An architecture or a data set: its options,
    with their meaning and default.
    """
    from ganzoo.jobs.info import info as job

    found = job(name)
    if as_json:
        print_json(found)
        return
    formats = _FORMATS | (_FULL_FORMATS if full else {})
    print_data("\n\n".join(formats[kind](content) for kind, content in found.items()))
    if not full and set(found) & set(_FULL_FORMATS):
        print_note(f"\nEverything, with a recipe that can be trained: ganzoo info {name} --full")


def _format_model(content: dict[str, Any]) -> str:
    """Format a model on one screen: what it is, and the newest version with its results."""
    recipe, name, margin = content["recipe"], content["name"], 16 * " "
    training = recipe["training"]
    length = next(f"{training[key]:,} {key}" for key in _LENGTHS if key in training)
    facts = {
        "architecture": recipe["architecture"]["name"],
        "data": recipe["dataset"]["name"],
        "license": wrap(f"of the data: {content['license']['data']}", indent=margin).lstrip(),
        "training": f"{length}, batches of {training['batch']}",
        "parameters": ", ".join(f"{key} {n:,}" for key, n in content["parameters"].items()),
        "papers": content["papers"],
        "source": content["source"],
    }
    blocks = [
        wrap(f"{name}: {content['summary']}"),
        wrap(content["description"] or ""),
        format_fields(facts, indent="  ", separator=f"\n{margin}"),
    ]
    for version in content["versions"]:
        blocks.append(_describe_version(name, version))
        if version is content["versions"][0] and version.get("results"):
            blocks.append(format_results(version["results"]))
    if not content["versions"]:
        blocks.append(f"No weights here yet. Train it: ganzoo train {name}")
    return "\n\n".join(filter(None, blocks))


def _describe_version(name: str, version: dict[str, Any]) -> str:
    """Describe a version in a sentence: its names, size, license and training."""
    aliases = "".join(f", {name}@{alias}" for alias in version["aliases"])
    title = f"{name}@{version['version']}{aliases}"
    if "broken" in version:
        return wrap(f"{title}: broken. {version['broken']}")
    text = f"{title}: {version['bytes'] / 1e6:.1f} MB, license {version['license']}"
    if origin := version["provenance"]:
        text += f", {origin['steps']:,} steps with {origin['backend']}"
    return wrap(text)


def _format_trained(content: dict[str, Any], *, full: bool = False) -> str:
    """Format a model, a run or a weights file: facts, then its card, versions and recipe."""
    blocks, name = [], content.get("name")
    hidden = _OWN_BLOCKS if full else (*_OWN_BLOCKS, "plugins", "papers")
    facts = {key: value for key, value in content.items() if key not in hidden}
    for seconds, key in (("seconds", "time"), ("seconds_left", "time left")):
        if seconds in facts:
            facts[key] = format_duration(facts.pop(seconds))
    if "summary" in content:
        blocks.append(wrap(f"{facts.pop('name')}: {content['summary']}"))
    blocks.append(format_fields(facts, indent="  " if blocks else ""))
    if full:
        blocks.append((content.get("description") or "").strip())
        for key in ("choices", "deviations"):
            if content.get(key):
                blocks.append(f"{key}\n" + "\n".join(f"  - {line}" for line in content[key]))
    if content.get("results"):
        blocks.append(format_results(content["results"]))
    for version in content.get("versions") or []:
        aliases = "".join(f", {name}@{alias}" for alias in version["aliases"])
        facts = {k: v for k, v in version.items() if k not in ("version", "aliases", "results")}
        if "bytes" in facts:
            facts["bytes"] = f"{facts['bytes'] / 1e6:.1f} MB"
        title = f"{name}@{version['version']}{aliases}"
        blocks.append(f"{title}\n{format_fields(facts, indent='  ')}")
        if version.get("results"):
            blocks.append(format_results(version["results"]))
    if full:
        blocks += [content.get("bibtex", ""), "# recipe.toml\n" + content["toml"].strip()]
    return "\n\n".join(filter(None, blocks))


def _format_plugin(kind: str, content: dict[str, Any]) -> str:
    title = "data set" if kind == "dataset" else kind
    lines = [
        wrap(f"{content['name']}: {content['summary']}".rstrip(": ")),
        f"  {title} of {content['distribution']} {content['version']}",
        f"  {content['target']}",
    ]
    options = [one for one in content["options"] if not one["filled"]]
    if options:
        lines += ["", f"options ([{kind}] of a recipe)"]
        heads = format_columns([(one["name"], _format_default(one)) for one in options])
        for head, option in zip(heads.splitlines(), options, strict=True):
            kind_of_value = describe_annotation(option["annotation"])
            texts = (f"{kind_of_value[:1].upper()}{kind_of_value[1:]}.", option["description"])
            lines += [head, wrap(" ".join(texts), indent="      ")]
        lines += ["", f"Set one of them: ganzoo train MODEL --set {kind}.NAME=VALUE"]
    if filled := [one["name"] for one in content["options"] if one["filled"]]:
        lines += ["", f"From the data set: {', '.join(filled)}."]
    if content["open"]:
        lines += ["", "It may take more options than can be read without importing it."]
    return "\n".join(lines)


def _format_default(option: dict[str, Any]) -> str:
    """Format an option's default as TOML."""
    if option["required"]:
        return "required"
    if option["default"] is None:
        return "not set"
    return json.dumps(option["default"], ensure_ascii=False, default=repr)


_FORMATS: dict[str, Callable[[dict[str, Any]], str]] = {
    "model": _format_model,
    **dict.fromkeys(("run", "weights"), _format_trained),
    **{kind: partial(_format_plugin, kind) for kind in ("architecture", "dataset")},
    "exported": format_fields,
}
_FULL_FORMATS: dict[str, Callable[[dict[str, Any]], str]] = dict.fromkeys(
    ("model", "run", "weights"), partial(_format_trained, full=True)
)
