"""Names of trained models: a version, a run or a weights file, and what its metadata says."""

import os
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

from ganzoo.catalog import run_manifest
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry import contents, lookup, remotes
from ganzoo.catalog.registry.signatures import check_trusted, trusted_key
from ganzoo.catalog.registry.versions import (
    Version,
    is_version_number,
    open_version,
    version_at,
)
from ganzoo.catalog.runs import RECIPE_NAME, Run, best_checkpoint, no_checkpoint, split_best
from ganzoo.data.dataset import MAX_RATE
from ganzoo.errors import InvalidInput, UnknownName, UsageError
from ganzoo.files import checkpoints, safetensors
from ganzoo.files.text import quote
from ganzoo.jobs.models.weights import STATE
from ganzoo.modalities import IMAGES, MODALITIES, Levels

_MAX_AXIS = 2**24  # minutes of sound
_MAX_NUMBER = 3.4e38  # of a label, in float32


@dataclass(frozen=True, kw_only=True)
class Source:
    """Weights, and what is known about them before a framework is imported.

    Args:
        where: The file, for messages and default names.
        title: A name for it where `where` would say too little.
        content: The file's path, or its bytes out of a checkpoint.
        about: Its metadata: recipe, image shape, classes, model, step, ...; the rate of sounds,
            the shape of the images that a translation starts from.
        recipe: The recipe in it.
    """

    where: Path
    content: Path | bytes
    about: dict[str, Any]
    recipe: Recipe
    title: str | None = None

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return tuple(self.about["image_shape"])

    @property
    def classes(self) -> list[str]:
        """Names of the classes of a conditional model; empty otherwise."""
        return self.about["classes"]

    @property
    def source_shape(self) -> tuple[int, ...] | None:
        """Shape of an image that the model translates; `None` for other models."""
        shape = self.about.get("source_shape")
        return None if shape is None else tuple(shape)

    @property
    def levels(self) -> Levels | None:
        """Type and range of images that are not uint8; `None` for all other samples."""
        return Levels.from_table(self.about.get("levels"))

    @property
    def label_range(self) -> list[list[float]] | None:
        """The least and the greatest of each number of a label in training; `None` for others."""
        return self.about.get("label_range")

    @property
    def rate(self) -> int | None:
        """Sampling rate of sounds, in Hz; `None` for other samples."""
        return self.about.get("rate")


def find_source(name: str | os.PathLike | int, *, raw: bool = False) -> Source:
    """Return the weights that a name or a path means; the newest of a run.

    Args:
        name: A name or path; see `resolve_source`.
        raw: Return the generator's own weights instead of their average. Only checkpoints hold
            them, and versions that were pushed with everything.

    Raises:
        UnknownName: There is no such model, file or run.
        UsageError: There are no weights in it, or not the raw ones.
        InvalidInput: The file is not a weights file of ganzoo.
    """
    match resolve_source(name):
        case Version() as version:
            return _source_of_version(version, raw=raw)
        case Path() as file:
            return _source_of_file(file, raw=raw)
        case run, best:
            return _source_of_run(run, raw=raw, best=best)


def resolve_source(name: str | os.PathLike | int) -> Version | Path | tuple[Run, bool]:
    """Return what a name or a path means: a version of a model, a weights file, or a run.

    A file or a run that is there counts first, then a run's number, then a model. `@best` behind
    a run means its best checkpoint, if it was evaluated while it was trained.

    Args:
        name: A model's name (`"model"`, `"model@2"`, `"model@best"`, `"source:model@2"`,
            `"hf://org/repo@revision"`), a `.safetensors` file, a run's folder or its number.

    Returns:
        The version, the file, or the run and whether its best checkpoint is meant. Nothing in
        it is read yet.

    Raises:
        UnknownName: There is no such model, file or run.
        UsageError: The model has no weights.
    """
    name = str(name) if isinstance(name, int) else name
    if remotes.is_address(name):
        from ganzoo.jobs.hub.pull import find_or_pull  # for whoever names an address only

        return find_or_pull(str(name))
    if os.path.isfile(name):
        return Path(name)
    run, best = split_best(name)
    if is_model_name(name):
        try:
            return lookup.find_version(str(name))
        except UnknownName as unknown_model:
            return _open_run(run, unknown_model), best
    version = None if best else find_version_in(Path(name))
    return version or (Run.open(run), best)


def find_version_in(folder: Path) -> Version | None:
    """Return the version in a folder, its signature checked if its registry has a trusted key.

    Raises:
        InvalidInput: It is not what was published, or not signed with the trusted key.
    """
    version = version_in(folder)
    return version and check_trusted(version, version.path.parent.parent)


def version_in(folder: Path) -> Version | None:
    """Return the version in a folder, whose signature is not checked yet; `None` if it is none.

    A run's folder may be called by a number and have a manifest, too. Where a registry has a
    trusted key, a folder with a number is a version, whatever else is put into it.
    """
    folder = Path(os.path.realpath(folder))
    if is_version_number(folder.name) and trusted_key(folder.parent.parent) is not None:
        return open_version(folder.parent, int(folder.name))
    return None if (folder / RECIPE_NAME).is_file() else version_at(folder)


def is_model_name(name: str | os.PathLike) -> bool:
    """Return whether it can only be the name of a model, or of a run in `runs`.

    Addresses, paths, numbers, and names of a file or a run that is there are not.
    """
    run = split_best(name)[0]
    if os.path.isfile(name) or os.path.isfile(os.path.join(run, "recipe.toml")):
        return False
    return isinstance(run, str) and not run.isdecimal() and "/" not in run


def describe_weights(where: Path, content: Path | bytes) -> Source:
    """Return a weights file as a source, its metadata checked.

    Args:
        where: The file, for messages.
        content: Its path or its bytes.

    Raises:
        InvalidInput: It does not say how to rebuild its model.
    """
    about = safetensors.metadata(content)
    shape, classes, sources = (about.get(k) for k in ("image_shape", "classes", "source_shape"))
    if not (
        isinstance(about.get("recipe"), dict)
        and _is_shape(shape)
        and len(shape) in MODALITIES
        and (sources is None or (_is_shape(sources) and len(sources) == len(IMAGES.axes)))
        and isinstance(classes, list)
        and all(isinstance(name, str) for name in classes)
    ):
        raise InvalidInput(
            f"{where} does not say how to rebuild its model. Expected: a file that ganzoo wrote, "
            "with recipe, image_shape and classes in its metadata.",
        )
    rate, modality = about.get("rate"), MODALITIES[len(shape)]
    if modality.timed and not (type(rate) is int and 1 <= rate <= MAX_RATE):
        raise InvalidInput(
            f"{where} does not say the rate of its {modality.plural}. Expected: an integer from 1 "
            f"to {MAX_RATE:,}, in Hz. Received: {quote(rate)}."
        )
    if "levels" in about and (Levels.from_table(about["levels"]) is None or modality is not IMAGES):
        raise InvalidInput(
            f"{where} does not say what its numbers mean. Expected: levels with dtype, low and"
            f" high. Received: {quote(about['levels'])}."
        )
    if "label_range" in about and not _is_range(about["label_range"], len(classes)):
        raise InvalidInput(
            f"{where} does not say the range of its labels. Expected: two lists of {len(classes)}"
            f" finite numbers. Received: {quote(about['label_range'])}."
        )
    recipe = Recipe.from_tables(about["recipe"], where=f"the recipe in {where}", error=InvalidInput)
    return Source(where=where, content=content, about=about, recipe=recipe)


def _open_run(name: str | os.PathLike, unknown_model: UnknownName) -> Run:
    """The run of that name; one error for both where there is neither model nor run."""
    try:
        return Run.open(name)
    except UnknownName:
        raise UnknownName(
            unknown_model.message.replace("Unknown model", "Unknown model, run or file"),
            hint=unknown_model.hint,
        ) from None


def check_in_run(path: Path) -> None:
    """Check a weights file that lies in a run, by the manifest beside it.

    Raises:
        InvalidInput: It is not what was written.
    """
    if (path.parent / RECIPE_NAME).is_file():
        run_manifest.check_file(path.parent, path.name)
    if checkpoints.is_one(path.parent):
        try:
            checkpoints.verify(path.parent)
        except checkpoints.Broken as problem:
            raise InvalidInput(f"The checkpoint of {quote(path)} is damaged: {problem}.") from None


def _source_of_file(path: Path, *, raw: bool) -> Source:
    version = find_version_in(path.parent)
    if version is None:
        check_in_run(path)
        found = describe_weights(path, path)
    else:
        found = _weights_of_version(version, path.name)
    if raw and found.about.get("weights") == "ema":
        raise UsageError(
            f"{path} holds the generator's average, not its own weights.",
            hint="Take the run itself, or a file of: ganzoo export --raw",
        )
    return found


def _source_of_run(run: Run, *, raw: bool, best: bool) -> Source:
    if best:
        found = describe_weights(run.path / STATE, best_checkpoint(run).read(STATE))
        return replace(found, title=f"{run.path.resolve().name}-best")
    weights, manifest = run.weights_path, run_manifest.read_if_there(run.path)
    if manifest.get("state") == "finished" and not raw:
        if weights.exists():
            run_manifest.check_file(run.path, weights.name)
            return describe_weights(weights, weights)
        if weights.name in manifest.get(run_manifest.FILES, {}):
            warnings.warn(f"{quote(weights)} is gone; the newest checkpoint is used.", stacklevel=2)
    newest = run.newest_checkpoint()
    if newest is None:
        raise no_checkpoint(run)
    return describe_weights(run.path / STATE, newest.read(STATE))


def _source_of_version(version: Version, *, raw: bool) -> Source:
    name = contents.EVERYTHING if raw else contents.GENERATOR
    if name not in version.sizes:
        raise UsageError(
            f"{version.name} holds the generator's average, not its own weights.",
            hint="They are there if it is pushed with --all.",
        )
    return _weights_of_version(version, name)


def _weights_of_version(version: Version, name: str) -> Source:
    found = describe_weights(version.path / name, version.read(name))
    locks = version.manifest["plugins"] or found.about.get("plugins")
    about = found.about | {"plugins": locks, "version": version.number, "digest": version.digest}
    return replace(found, about=about, title=f"{version.model}-{version.number}")


def _is_range(value: object, count: int) -> bool:
    ends = value if isinstance(value, list) else []
    numbers = [one for end in ends for one in (end if isinstance(end, list) else [])]
    finite = all(type(one) in (int, float) and abs(one) < _MAX_NUMBER for one in numbers)
    return finite and [len(end) for end in ends if isinstance(end, list)] == [count, count]


def _is_shape(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(n) is int and 1 <= n <= _MAX_AXIS for n in value)
