"""Checkpoints of other libraries, converted by the plugin that recognizes their layout."""

import importlib.util
import os
import re
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ganzoo.catalog.plugins.discovery import call_plugin, discover
from ganzoo.catalog.recipe.overrides import UNKNOWN_DATA
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.errors import InvalidInput, PluginError, UsageError
from ganzoo.files import safetensors
from ganzoo.files.foreign import Conversion, keras_layers, open_weights
from ganzoo.files.text import format_value, quote
from ganzoo.jobs.models.build import build_networks


def file_of_package(path: str | os.PathLike) -> str | os.PathLike:
    """Return the path of `"package:path"`, a file of an installed package, and others as they are.

    The package is not imported.

    Raises:
        UsageError: There is no such package.
    """
    package, colon, inner = os.fspath(path).partition(":")
    if not colon or os.path.exists(path) or not package.isidentifier():
        return path
    found = importlib.util.find_spec(package)
    folders = found.submodule_search_locations if found is not None else None
    if not folders:
        raise UsageError(
            f"There is no installed package {package!r}. Received: {os.fspath(path)!r}.",
            hint="Install it, or name the file itself.",
        )
    return os.path.join(next(iter(folders)), inner)


def convert(path: str | os.PathLike) -> Conversion:
    """Return the generator in a file of another library. Nothing in the file is run.

    Raises:
        InvalidInput: It is no weights file.
        UsageError: No converter recognizes its layout, or several do.
        PluginError: The converter does not return what it should.
    """
    found = {}
    with open_weights(path) as weights:
        for plugin in discover("converter").plugins.values():
            try:
                conversion = call_plugin(plugin, weights=weights)
            except PluginError as error:
                warnings.warn(f"{error.message} It is passed over.", stacklevel=2)
                continue
            if conversion is not None:
                found[plugin.qualified] = conversion
    if len(found) > 1:
        raise UsageError(
            f"{quote(path)} is recognized by several converters: {' and '.join(found)}.",
            hint="Limit those that are asked by GANZOO_PLUGINS, or uninstall one.",
        )
    if not found:
        raise UsageError(
            f"{quote(path)} does not say how to rebuild its model, and none of the "
            "converters recognizes the names and shapes in it as those of a generator.",
            hint="If its arrays are named as ganzoo names them: --recipe recipe.toml",
        )
    ((name, conversion),) = found.items()
    if not isinstance(conversion, Conversion):
        raise PluginError(
            f"The converter {name} must return a Conversion or None. "
            f"Received: {format_value(conversion)}."
        )
    return conversion


def conversion_recipe(conversion: Conversion) -> Recipe:
    """Return a recipe of the architecture; of the training, which nobody knows, it says nothing."""
    adam = {"name": "adam"}
    tables = {
        "architecture": {"name": conversion.architecture, **conversion.options},
        "dataset": {"name": UNKNOWN_DATA, **_preprocessing(conversion)},
        "generator_optimizer": adam,
        "discriminator_optimizer": adam,
        "training": {"steps": 1},
    }
    return Recipe.from_tables(tables, where="the recipe of a converter", error=PluginError)


def _preprocessing(conversion: Conversion) -> dict[str, Any]:
    """Return what makes images of any size those of the generator, for whoever has some."""
    height, width, channels = conversion.image_shape
    if height != width or channels not in (1, 3) or conversion.source_shape is not None:
        return {}
    return {"size": height, "mode": "gray" if channels == 1 else "rgb"}


def conversion_file(conversion: Conversion) -> bytes:
    """Return the generator's arrays as a weights file, without metadata."""
    arrays = {f"generator/{name}": array for name, array in conversion.arrays.items()}
    return safetensors.dump(arrays)


def keras_file(path: str | os.PathLike, recipe: Recipe, data: Mapping[str, Any]) -> bytes:
    """Return a file of Keras as a weights file of the recipe's generator, layer by layer.

    The layers of one class are taken in the order in which they were made, whatever their names.
    The backend is chosen.

    Args:
        path: A `.keras` file or one of HDF5.
        recipe: Recipe of the architecture.
        data: Shape of the images and classes, as in the metadata of weights files.

    Raises:
        UsageError: It is another file.
        InvalidInput: Its layers are not those of the generator.
    """
    with open_weights(path) as weights:
        layers = keras_layers(weights)
        if not layers:
            raise UsageError(
                f"{quote(path)} is no file of Keras. Expected with a recipe: one, or a "
                ".safetensors file whose arrays have ganzoo's names."
            )
        shape, source = (data.get(key) for key in ("image_shape", "source_shape"))
        options = {"source_shape": source and tuple(source)}
        gan = build_networks(recipe, tuple(shape or ()), len(data["classes"]), **options)
        arrays: dict[str, np.ndarray] = {}
        for layer in gan.generator.layers:
            if not layer.weights:
                continue
            found = layers.get(_snake_case(type(layer).__name__))
            stored = found.pop(0) if found else []
            received, expected = ([tuple(w.shape) for w in ws] for ws in (stored, layer.weights))
            if received != expected:
                raise InvalidInput(
                    f"{quote(path)} does not fit the layer {layer.name!r} of this architecture. "
                    f"Expected: weights of shapes {expected}. Received: {received or 'none'}."
                )
            for weight, array in zip(layer.weights, stored, strict=True):
                arrays[f"{layer.name}/{weight.name}"] = array.read()
    if left := [kind for kind, rest in layers.items() if rest]:
        raise InvalidInput(f"{quote(path)} has further layers: {', '.join(left)}.")
    return safetensors.dump({f"generator/{name}": array for name, array in arrays.items()})


def _snake_case(name: str) -> str:
    """The name of a class as Keras puts it into files: `Conv2DTranspose`, conv2d_transpose."""
    return re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name).lower()


def conversion_report(conversion: Conversion) -> dict[str, Any]:
    """Return what was found, for people and for the card."""
    return {
        "found": conversion.found,
        "architecture": conversion.architecture,
        "image_shape": list(conversion.image_shape),
        "classes": conversion.classes or None,
        "dropped": list(conversion.dropped),
        "inexact": list(conversion.inexact),
        "licenses_there": conversion.license_note or None,
    }
