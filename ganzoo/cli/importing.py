"""`ganzoo import`: a weights file becomes a version of a model."""

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.registry import Folder
from ganzoo.cli.support.options import AllowPluginMismatch, Backend, Data, Json, require_at_most_one
from ganzoo.cli.support.printing import format_fields, print_data, print_json, print_note
from ganzoo.cli.support.quiet import silence_frameworks
from ganzoo.errors import UsageError


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .safetensors file.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The model to publish as.")],
    license: Annotated[
        str | None,
        typer.Option(metavar="SPDX", help="Of the weights.  [default: what the file says]"),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="RECIPE", help="A recipe.toml or a model, for a file that ganzoo did not write."
        ),
    ] = None,
    image_shape: Annotated[
        str | None,
        typer.Option(
            metavar="HxWxC", help="With --recipe: of one image.  [default: as the data set's]"
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(metavar="N|LIST", help="With --image-shape: their number or names."),
    ] = None,
    data_license: Annotated[
        str | None, typer.Option(metavar="SPDX", help="With --image-shape: of the data.")
    ] = None,
    data: Data = None,
    folder: Folder = None,
    backend: Backend = None,
    allow_plugin_mismatch: AllowPluginMismatch = False,
    as_json: Json = False,
) -> None:
    """Publish a weights file as a new version of a model, if it fits its architecture.

    A file of `ganzoo export` says itself what it is. For another file --recipe says it; its
    arrays must have the names, shapes and types that the architecture gives them.
    """
    require_at_most_one(image_shape=image_shape, data=data)  # with the one, no data is read
    _go_with("--recipe", recipe, image_shape=image_shape, data_license=data_license, data=data)
    _go_with("--image-shape", image_shape, classes=classes)
    shape, names = _shape(image_shape), _classes(classes)
    asked = None
    if recipe is not None:
        from ganzoo.cli.support.recipe_arguments import resolve_recipe

        asked = resolve_recipe(recipe, options={"dataset.data": data}).recipe
    silence_frameworks()
    from ganzoo.jobs.publishing.importing import Told, import_weights

    told = None
    if asked is not None:
        told = Told(recipe=asked, image_shape=shape, classes=names, data_license=data_license)
    done = import_weights(
        file,
        name,
        told=told,
        license=license,
        folder=folder,
        backend=backend,
        allow_plugin_mismatch=allow_plugin_mismatch,
    )
    if not done["created"]:
        print_note("It is there already.")
    if as_json:
        print_json(done)
    else:
        print_data(format_fields(done))


def _go_with(option: str, value: object, **others: object) -> None:
    """Refuses options that mean something only beside another one."""
    for name, other in others.items():
        if value is None and other is not None:
            name = f"--{name.replace('_', '-')}"
            raise UsageError(f"{name} goes with {option}. Received: {name} alone.")


def _shape(text: str | None) -> tuple[int, ...] | None:
    """`28x28x1` as numbers; `2` for points."""
    if text is None:
        return None
    parts = text.lower().split("x")
    if len(parts) not in (1, 3) or not all(p.isdecimal() and 1 <= int(p) <= 65536 for p in parts):
        raise UsageError(
            f"--image-shape takes height, width and channels, such as 28x28x1. Received: {text!r}."
        )
    return tuple(map(int, parts))


def _classes(text: str | None) -> list[str]:
    """`10` as the names 0 to 9; `cat,dog` as they are."""
    if text is None:
        return []
    if text.isdecimal():
        if not 1 <= int(text) <= 65536:
            raise UsageError(f"--classes takes from 1 to 65536 classes. Received: {text!r}.")
        return [str(i) for i in range(int(text))]
    return [part.strip() for part in text.split(",")]
