"""`ganzoo import`: a weights file becomes a version of a model."""

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.publishing import Folder, print_publication
from ganzoo.cli.support.options import (
    AllowPluginMismatch,
    Backend,
    Data,
    Json,
    require_mutually_exclusive,
)
from ganzoo.cli.support.quiet import silence_frameworks
from ganzoo.errors import UsageError

File = Annotated[
    Path, typer.Argument(metavar="FILE", help="A .safetensors file, or a published checkpoint.")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The model to publish as.")]
License = Annotated[
    str | None,
    typer.Option(metavar="SPDX", help="License of the weights.  [default: the file's]"),
]
Recipe = Annotated[
    str | None,
    typer.Option(
        metavar="RECIPE", help="A recipe.toml or a model, for a file that ganzoo did not write."
    ),
]
ImageShape = Annotated[
    str | None,
    typer.Option(
        metavar="HxWxC",
        help="Shape of one image.  [default: that of the recipe's data set, or of the checkpoint]",
    ),
]
Classes = Annotated[
    str | None,
    typer.Option(metavar="N|LIST", help="With --image-shape: number or names of the classes."),
]
DataLicense = Annotated[
    str | None,
    typer.Option(metavar="SPDX", help="License of the data, for a file that does not say it."),
]


def import_file(
    file: File,
    name: Name,
    license: License = None,
    recipe: Recipe = None,
    image_shape: ImageShape = None,
    classes: Classes = None,
    data_license: DataLicense = None,
    data: Data = None,
    folder: Folder = None,
    backend: Backend = None,
    allow_plugin_mismatch: AllowPluginMismatch = False,
    as_json: Json = False,
) -> None:
    """Publish a weights file as a new version of a model.

    It must fit the architecture. A file of `ganzoo export` describes itself. A published checkpoint
    of another library is converted, if its layout is known. Any other file is described by
    --recipe; its arrays must have the names, shapes and types that the architecture gives them.
    """
    require_mutually_exclusive(image_shape=image_shape, data=data)  # with the one, no data is read
    _check_companion("--recipe", recipe, data=data)
    _check_companion("--image-shape", image_shape, classes=classes)
    shape, names = _parse_shape(image_shape), _parse_classes(classes)
    parsed = None
    if recipe is not None:
        from ganzoo.cli.support.recipe_arguments import resolve_recipe

        parsed = resolve_recipe(recipe, options={"dataset.data": data}).recipe
    silence_frameworks()
    from ganzoo.jobs.publishing.import_weights import FileDescription, import_weights

    done = import_weights(
        file,
        name,
        description=FileDescription(
            recipe=parsed, image_shape=shape, classes=names, data_license=data_license
        )
        if parsed or shape or data_license
        else None,
        license=license,
        folder=folder,
        backend=backend,
        allow_plugin_mismatch=allow_plugin_mismatch,
    )
    print_publication(done, as_json=as_json)


def _check_companion(option: str, value: object, **others: object) -> None:
    """Refuse options that mean something only beside another one."""
    for name, other in others.items():
        if value is None and other is not None:
            name = f"--{name.replace('_', '-')}"
            raise UsageError(f"{name} goes with {option}. Received: {name} alone.")


def _parse_shape(text: str | None) -> tuple[int, ...] | None:
    """Return the shape in a text: `28x28x1`, or `2` for points."""
    if text is None:
        return None
    parts = text.lower().split("x")
    if len(parts) not in (1, 3) or not all(p.isdecimal() and 1 <= int(p) <= 65536 for p in parts):
        raise UsageError(
            f"--image-shape takes height, width and channels, such as 28x28x1. Received: {text!r}."
        )
    return tuple(map(int, parts))


def _parse_classes(text: str | None) -> list[str]:
    """Return the names in a text: `cat,dog`, or `10` for the names 0 to 9."""
    if text is None:
        return []
    if text.isdecimal():
        if not 1 <= int(text) <= 65536:
            raise UsageError(f"--classes takes from 1 to 65536 classes. Received: {text!r}.")
        return [str(i) for i in range(int(text))]
    return [part.strip() for part in text.split(",")]
