"""Weights files of others as versions of a model: checked, described, published.

A file of `ganzoo export` says itself what it is. For any other a recipe says it; the file must
name its arrays as ganzoo does.
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
from ganzoo.errors import InvalidInput, UsageError
from ganzoo.files import safetensors
from ganzoo.files.names import check_name
from ganzoo.jobs.models import environment, load
from ganzoo.jobs.models.build import dataset_for
from ganzoo.jobs.models.weights import check_finite, generator_of
from ganzoo.jobs.publishing.push import NOT_CHOSEN, Parcel, deliver
from ganzoo.jobs.training import provenance as describing
from ganzoo.modalities import MODALITIES


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is said of a file that says nothing itself.

    Args:
        recipe: How the weights were trained: at least the architecture must be right.
        image_shape: Shape of one image; without it the recipe's data set is read, as it must be
            for sounds, whose rate nothing else says, and for pictures to translate.
        classes: Names of the classes of a conditional model, with `image_shape`.
        data_license: Of the data; by default the data set's, if it is read.
    """

    recipe: Recipe
    image_shape: tuple[int, ...] | None = None
    classes: Sequence[str] = ()
    data_license: str | None = None


def import_weights(
    path: str | os.PathLike,
    name: str,
    *,
    told: Told | None = None,
    license: str | None = None,
    folder: Path | None = None,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
) -> dict[str, Any]:
    """Publish a weights file as a version of a model. It must fit its architecture.

    Args:
        path: A `.safetensors` file.
        name: The model to publish as.
        told: What the file does not say itself; for a file of ganzoo, nothing.
        license: Of the weights; by default what the file says.
        folder: The registry's; by default the user's own.
        backend: "jax", "torch" or "tensorflow": the architecture is built to compare with.
        allow_plugin_mismatch: Whether the architecture may be that of another distribution or
            version than the one that the file names; the card says so then.

    Returns:
        As of `push`.

    Raises:
        UsageError: There is no such file, or a license or recipe is missing.
        InvalidInput: The file is none, or does not fit the architecture.
        PluginError: The architecture is not installed, or another one.
    """
    check_name(name, "model name", error=UsageError)
    if not os.path.isfile(path):
        raise UsageError(
            f"There is no such file. Expected: a .safetensors file. Received: {os.fspath(path)!r}.",
        )
    own = "recipe" in safetensors.metadata(path)
    if own == (told is not None):
        raise UsageError(
            f"{os.fspath(path)} {'says' if own else 'does not say'} how to rebuild its model.",
            hint="Leave --recipe out." if own else "Say how, with a recipe: --recipe recipe.toml",
        )
    found = load.find(path) if told is None else _described(Path(path), told, backend)
    about = _licensed(found, license)
    arrays = safetensors.load(found.content)
    check_finite(arrays, found.where, "published")
    about = _with_plugins(found, about, allowed=allow_plugin_mismatch)
    gan = load.read(replace(found, about=about), backend=backend)  # it fits, or this says why not
    if told is not None:
        about |= describing.of_generator(gan)
    files = {}
    if "weights" not in about:
        files[contents.EVERYTHING] = safetensors.dump(arrays, about)
        arrays, about["weights"] = generator_of(arrays)
    files[contents.GENERATOR] = safetensors.dump(arrays, about)
    files[contents.CARD] = _card(name, found.recipe, about).toml().encode("utf-8")
    files, manifest = contents.contents_of(name, files, plugins=_locks_of(about))
    return deliver(Parcel(model=name, files=files, manifest=manifest), folder=folder)


def _described(path: Path, told: Told, backend: str | None) -> load.Source:
    """The file with the metadata that `ganzoo export` would have written, as far as known."""
    recipe = with_data_from(told.recipe, Path.cwd())
    check_recipe_plugins(recipe)
    license = told.data_license
    if told.image_shape is None:
        environment.begin(backend)  # some data sets come through Keras
        dataset = dataset_for(recipe)
        data = describing.of_data(dataset)
        license = license or dataset.license
    else:
        data = {"image_shape": list(told.image_shape), "classes": list(told.classes)}
        modality = MODALITIES.get(len(told.image_shape))
        if modality and modality.timed:
            raise UsageError(
                f"Of {modality.plural} the rate must be known, which only the data says. "
                f"Received: the shape {told.image_shape} alone.",
                hint="Leave out --image-shape, and say where the data is: --data PATH.",
            )
    if license is None:
        raise UsageError(
            "Nobody has said under which license the data is.",
            hint="Say so: --data-license CC-BY-4.0",
        )
    tables = recipe.tables()
    tables["dataset"].pop("data", None)  # a path of this machine
    about = {
        "schema": 1,
        "model": None,
        "recipe": tables,
        **data,
        "license": {"data": license, "weights": NOT_CHOSEN},
        "plugins": {"architecture": lock_plugin("architecture", recipe.architecture.name)},
        "ganzoo": ganzoo.__version__,
        "weights": "raw",  # as they are: nobody says that they are an average
    }
    return load.Source(where=path, content=path, about=about, recipe=Recipe.from_tables(tables))


def _licensed(found: load.Source, license: str | None) -> dict[str, Any]:
    """The file's metadata with both licenses."""
    known = found.about.get("license")
    known = known if isinstance(known, dict) else {}
    weights = license or known.get("weights") or NOT_CHOSEN
    if weights == NOT_CHOSEN:
        raise UsageError(
            f"Nobody has chosen a license for the weights in {found.where}.",
            hint=f"Say which: --license Apache-2.0 (the data's is {known.get('data')!r}).",
        )
    return found.about | {"license": {"data": known.get("data"), "weights": weights}}


def _card(name: str, recipe: Recipe, about: dict[str, Any]) -> Card:
    """A card of what the file says; nothing was measured on it here."""
    tables = {
        "schema": 1,
        "name": name,
        "summary": f"{recipe.architecture.name} trained on {recipe.dataset.name}."[:200],
        "license": about["license"],
        "recipe": recipe.tables(),
    }
    told = about.get(describing.MISMATCHES)
    tables |= {"plugins": _locks_of(about)} | ({describing.MISMATCHES: told} if told else {})
    provenance = _provenance(recipe, about)
    if provenance:
        tables["provenance"] = provenance
    return Card.from_tables(tables, where=f"the card of {name}")


def _provenance(recipe: Recipe, about: dict[str, Any]) -> dict[str, Any] | None:
    """Where the weights come from, if the file says so; its backend is not in it."""
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
        "images": step * recipe.training.batch * recipe.gan.n_critic,
        "backend": "unknown",
        "versions": {"ganzoo": about["ganzoo"]} if "ganzoo" in about else {},
    }


def _with_plugins(found: load.Source, about: dict[str, Any], *, allowed: bool) -> dict[str, Any]:
    """The metadata with the architecture that the weights were compared with here."""
    told = load.check_architecture(found, allow_plugin_mismatch=allowed)
    if not told:
        return about
    here = lock_plugin("architecture", found.recipe.architecture.name)
    before = about.get(describing.MISMATCHES)
    return about | {
        "plugins": about["plugins"] | {"architecture": here},
        describing.MISMATCHES: [*(before if isinstance(before, list) else []), *told],
    }


def _locks_of(about: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The plugins that the file names, as a manifest locks them."""
    plugins = about.get("plugins")
    plugins = plugins if isinstance(plugins, dict) else {}
    if not all(isinstance(plugin, dict) for plugin in plugins.values()):
        raise InvalidInput("The metadata of the file does not say what its plugins are.")
    return plugins
