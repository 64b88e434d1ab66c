"""Import of weights files: checked, described and published as versions of a model.

A file of `ganzoo export` describes itself. Any other is described by a recipe and must name its
arrays as ganzoo does, or is converted by the plugin that recognizes its layout.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ganzoo
from ganzoo.catalog.recipe.checks import check_recipe_plugins
from ganzoo.catalog.recipe.overrides import with_data_from
from ganzoo.catalog.recipe.plugin_locks import lock_plugin
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry import contents
from ganzoo.catalog.registry.cards import Card
from ganzoo.catalog.registry.licenses import NOT_CHOSEN, check_license
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files import safetensors
from ganzoo.files.foreign import Conversion
from ganzoo.files.manifests import check_name
from ganzoo.jobs.hub.bundle import build_bundle
from ganzoo.jobs.models import environment, load
from ganzoo.jobs.models.find import Source, find_source
from ganzoo.jobs.models.open_dataset import open_recipe_dataset
from ganzoo.jobs.models.weights import check_finite, generator_arrays
from ganzoo.jobs.publishing.convert import (
    conversion_file,
    conversion_recipe,
    conversion_report,
    convert,
    file_of_package,
    keras_file,
)
from ganzoo.jobs.publishing.push import publish_bundle
from ganzoo.jobs.training import provenance as describing
from ganzoo.modalities import MODALITIES


@dataclass(frozen=True, kw_only=True)
class FileDescription:
    """Description of a file that does not describe itself.

    Args:
        recipe: Recipe that the weights were trained by: at least the architecture must be right.
            None leaves it to a converter.
        image_shape: Shape of one sample; without it the recipe's data set is read, which is
            necessary for audio, whose rate nothing else says, and for image translation. A
            converter needs it only where the network takes images of any size.
        classes: Names of the classes of a conditional model, with `image_shape`.
        data_license: License of the data, as an SPDX expression; by default the data set's, if
            it is read.
    """

    recipe: Recipe | None = None
    image_shape: tuple[int, ...] | None = None
    classes: Sequence[str] = ()
    data_license: str | None = None


def import_weights(
    path: str | os.PathLike,
    name: str,
    *,
    description: FileDescription | None = None,
    license: str | None = None,
    folder: Path | None = None,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
) -> dict[str, Any]:
    """Publish a weights file as a version of a model. It must fit its architecture.

    Args:
        path: A `.safetensors` file, a file of Keras whose layers are those of the recipe's
            generator in order, or a checkpoint that a converter recognizes; `"package:path"` is a
            file of an installed package.
        name: The model to publish as.
        description: Description of a file that ganzoo did not write; otherwise `None`.
        license: License of the weights, as an SPDX expression; by default the file's own.
        folder: The registry's; by default the user's own.
        backend: "jax", "torch" or "tensorflow": the architecture is built to compare with.
        allow_plugin_mismatch: Whether the architecture may be that of another distribution or
            version than the one that the file names; the card says so then.

    Returns:
        `name`, `version`, `digest`, `path` and `created`, as from `push`; of a converted file
        `conversion`, what was found in it.

    Raises:
        UsageError: There is no such file, no converter recognizes it, or a license or recipe is
            missing.
        InvalidInput: It is not a weights file, or does not fit the architecture.
        PluginError: The architecture is not installed, or another one.
    """
    check_name(name, "model name", error=UsageError)
    path = file_of_package(path)
    if not os.path.isfile(path):
        raise UsageError(
            f"There is no such file. Expected: a weights file. Received: {os.fspath(path)!r}.",
        )
    own = _says_recipe(path)
    if own and description is not None:
        raise UsageError(
            f"{os.fspath(path)} says how to rebuild its model and names its licenses.",
            hint="Leave --recipe out." if description.recipe else "Leave --data-license out.",
        )
    conversion = None
    if own:
        found = find_source(path)
    elif description is not None and description.recipe is not None:
        found = _describe_foreign_file(Path(path), description, description.recipe, backend)
    else:
        description = description or FileDescription()
        conversion = convert(path)
        if description.image_shape is not None:
            conversion = conversion.resized(description.image_shape)
        found = _describe_converted(Path(path), conversion, description)
    about = _with_licenses(found, license, conversion.license_note if conversion else "")
    arrays = safetensors.load(found.content)
    check_finite(arrays, found.where, "published")
    about = _with_plugin_locks(found, about, allowed=allow_plugin_mismatch)
    gan = load.load_source(
        replace(found, about=about), backend=backend
    )  # it fits, or this says why not
    if not own:
        about |= describing.generator_metadata(gan)
    files = {}
    if "weights" not in about:
        files[contents.EVERYTHING] = safetensors.dump(arrays, about)
        arrays, about["weights"] = generator_arrays(arrays)
    files[contents.GENERATOR] = safetensors.dump(arrays, about)
    card = _imported_card(name, found.recipe, about, conversion)
    files[contents.CARD] = card.toml().encode("utf-8")
    bundle = build_bundle(name, files, plugins=_plugin_locks(about))
    done = publish_bundle(bundle, folder=folder)
    return done if conversion is None else done | {"conversion": conversion_report(conversion)}


def _says_recipe(path: str | os.PathLike) -> bool:
    """True of a file of ganzoo's own, which says how to rebuild its model."""
    try:
        return "recipe" in safetensors.metadata(path)
    except InvalidInput:
        if os.fspath(path).endswith(".safetensors"):
            raise
        return False


def _describe_converted(path: Path, conversion: Conversion, description: FileDescription) -> Source:
    """The converted file with the metadata that follows from it."""
    if description.data_license is None:
        raise UsageError(
            f"It is the {conversion.found}. Nobody has said under which license its data is.",
            hint=f"{conversion.license_note} Say so: --data-license CC-BY-4.0".lstrip(),
        )
    recipe = conversion_recipe(conversion)
    classes = list(description.classes) or [str(i) for i in range(conversion.classes)]
    data: dict[str, Any] = {"image_shape": list(conversion.image_shape), "classes": classes}
    if conversion.source_shape is not None:
        data["source_shape"] = list(conversion.source_shape)
    about = _metadata(recipe, data, check_license(description.data_license))
    return Source(where=path, content=conversion_file(conversion), about=about, recipe=recipe)


def _describe_foreign_file(
    path: Path, description: FileDescription, recipe: Recipe, backend: str | None
) -> Source:
    """The file with the metadata that `ganzoo export` would have written, as far as known."""
    recipe = with_data_from(recipe, Path.cwd())
    check_recipe_plugins(recipe)
    license = description.data_license and check_license(description.data_license)
    if description.image_shape is None:
        environment.prepare_environment(backend)  # some data sets come through Keras
        dataset = open_recipe_dataset(recipe)
        data = describing.data_metadata(dataset)
        license = license or dataset.license
    else:
        shape = description.image_shape
        data = {"image_shape": list(shape), "classes": list(description.classes)}
        modality = MODALITIES.get(len(shape))
        if modality and modality.timed:
            raise UsageError(
                f"Of {modality.plural} the rate must be known, which only the data says. "
                f"Received: the shape {shape} alone.",
                hint="Leave out --image-shape, and say where the data is: --data PATH.",
            )
    if license is None:
        raise UsageError(
            "Nobody has said under which license the data is.",
            hint="Say so: --data-license CC-BY-4.0",
        )
    about = _metadata(recipe, data, license)
    content = path
    if path.suffix != ".safetensors":
        environment.prepare_environment(backend)
        content = keras_file(path, recipe, data)
    recipe = Recipe.from_tables(about["recipe"])
    return Source(where=path, content=content, about=about, recipe=recipe)


def _metadata(recipe: Recipe, data: dict[str, Any], license: str) -> dict[str, Any]:
    tables = recipe.tables()
    tables["dataset"].pop("data", None)  # a path of this machine
    return {
        "schema": 1,
        "model": None,
        "recipe": tables,
        **data,
        "license": {"data": license, "weights": NOT_CHOSEN},
        "plugins": {"architecture": lock_plugin("architecture", recipe.architecture.name)},
        "ganzoo": ganzoo.__version__,
        "weights": "raw",  # as they are: nobody says that they are an average
    }


def _with_licenses(found: Source, license: str | None, note: str) -> dict[str, Any]:
    """The file's metadata with both licenses; the note is for whoever has to look them up."""
    known = found.about.get("license")
    known = known if isinstance(known, dict) else {}
    weights = license or known.get("weights") or NOT_CHOSEN
    if weights == NOT_CHOSEN:
        raise UsageError(
            f"Nobody has chosen a license for the weights in {found.where}.",
            hint=f"{note} Say which: --license MIT (the data's is {known.get('data')!r}).".lstrip(),
        )
    return found.about | {"license": {"data": known.get("data"), "weights": check_license(weights)}}


def _imported_card(
    name: str, recipe: Recipe, about: dict[str, Any], conversion: Conversion | None
) -> Card:
    """A card of what the file says; nothing was measured on it here."""
    summary = f"{recipe.architecture.name} trained on {recipe.dataset.name}."
    tables = {
        "schema": 1,
        "name": name,
        "summary": (f"Imported: {conversion.found}." if conversion else summary)[:200],
        "deviations": [*conversion.dropped, *conversion.inexact] if conversion else [],
        "license": about["license"],
        "recipe": recipe.tables(),
    }
    mismatches = about.get(describing.MISMATCHES)
    tables["plugins"] = _plugin_locks(about)
    if mismatches:
        tables[describing.MISMATCHES] = mismatches
    provenance = _imported_provenance(recipe, about)
    if provenance:
        tables["provenance"] = provenance
    return Card.from_tables(tables, where=f"the card of {name}")


def _imported_provenance(recipe: Recipe, about: dict[str, Any]) -> dict[str, Any] | None:
    """Provenance of the weights, if the file has it; its backend is not in the file."""
    data, step = about.get("data"), about.get("step")
    if not isinstance(data, dict) or not {"name", "fingerprint"} <= data.keys():
        return None
    if type(step) is not int:
        return None
    return {
        "data": data["name"],
        "fingerprint": data["fingerprint"],
        "seed": recipe.training.seed,
        "steps": step,
        "images": step * recipe.training.batch * recipe.gan.critic_updates,
        "backend": "unknown",
        "versions": {"ganzoo": about["ganzoo"]} if "ganzoo" in about else {},
    }


def _with_plugin_locks(found: Source, about: dict[str, Any], *, allowed: bool) -> dict[str, Any]:
    """The metadata with the architecture that the weights were compared with here."""
    mismatches = load.check_architecture(found, allow_plugin_mismatch=allowed)
    if not mismatches:
        return about
    here = lock_plugin("architecture", found.recipe.architecture.name)
    before = about.get(describing.MISMATCHES)
    return about | {
        "plugins": about["plugins"] | {"architecture": here},
        describing.MISMATCHES: [*(before if isinstance(before, list) else []), *mismatches],
    }


def _plugin_locks(about: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The plugins that the file names, as a manifest locks them."""
    plugins = about.get("plugins")
    plugins = plugins if isinstance(plugins, dict) else {}
    if not all(isinstance(plugin, dict) for plugin in plugins.values()):
        raise InvalidInput("The metadata of the file does not say what its plugins are.")
    return plugins
