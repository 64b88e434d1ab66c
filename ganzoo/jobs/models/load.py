"""A trained model by its name, a run or a weights file: rebuilt, then its weights are read.

No class names, no pickles, no deserializers: a file's metadata holds the recipe as plain
tables, its architecture must be installed, and every array must fit before any is read.
"""

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.recipe.checks import check_plugin_options
from ganzoo.catalog.recipe.plugin_locks import check_plugin_locks, describe_lock
from ganzoo.catalog.recipe.recipe import Recipe
from ganzoo.catalog.registry import contents, lookup, remotes
from ganzoo.catalog.registry.versions import Version, version_at
from ganzoo.catalog.runs import Run, split_best
from ganzoo.data.dataset import MAX_RATE
from ganzoo.errors import InvalidInput, PluginError, UnknownName, UsageError
from ganzoo.files import checkpoints, safetensors
from ganzoo.files.text import quote
from ganzoo.jobs.best import best_of
from ganzoo.jobs.models import environment, limits
from ganzoo.jobs.models.build import networks, wants
from ganzoo.jobs.models.half import half_spec, is_half, restored
from ganzoo.jobs.models.weights import STATE, assign, check, not_finite, spec_of
from ganzoo.modalities import IMAGES, MODALITIES

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN


_LONGEST = 2**24  # of an axis: minutes of sound


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where weights come from, and what is known about them before a framework is imported.

    Args:
        where: The file, for messages and default names.
        title: What to call it where `where` would say too little.
        content: The file's path, or its bytes out of a checkpoint.
        about: Its metadata: recipe, image shape, classes, model, step, ...; of sounds their
            rate, of translations the shape of the sources.
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
        """Shape of a picture that the model translates; `None` for other models."""
        shape = self.about.get("source_shape")
        return None if shape is None else tuple(shape)

    @property
    def rate(self) -> int | None:
        """Of sounds, in Hz; `None` for other samples."""
        return self.about.get("rate")


def find(source: str | os.PathLike, *, raw: bool = False) -> Source:
    """The weights that a name or a path means, of a run the newest; see `meant`.

    Args:
        source: As of `meant`.
        raw: The generator's own weights are wanted, which only checkpoints hold, and versions
            that were pushed with everything.

    Raises:
        UnknownName: there is no such model, file or run.
        UsageError: there are no weights in it, or not those that are wanted.
        InvalidInput: the file is not a weights file of ganzoo.
    """
    match meant(source):
        case Version() as version:
            return _of_version(version, raw=raw)
        case Path() as file:
            return _of_file(file, raw=raw)
        case run, best:
            return _of_run(run, raw=raw, best=best)


def meant(source: str | os.PathLike) -> Version | Path | tuple[Run, bool]:
    """What a name or a path means: a version of a model, a weights file, or a run.

    A file or a run that is there counts first, then a run's number, then a model. `@best` behind
    a run means its best checkpoint, if it was evaluated while it was trained.

    Args:
        source: A model's name (`"model"`, `"model@2"`, `"model@best"`, `"source:model@2"`,
            `"hf://org/repo@revision"`), a `.safetensors` file, a run's folder or its number.

    Returns:
        Of a run also whether its best checkpoint is meant. Nothing in it is read yet.

    Raises:
        UnknownName: there is no such model, file or run.
        UsageError: the model has no weights.
    """
    if remotes.is_address(source):
        from ganzoo.jobs.hub.pull import find_or_pull  # for whoever names an address only

        return find_or_pull(str(source))
    if os.path.isfile(source):
        return Path(source)
    run, best = split_best(source)
    if is_name(source):
        try:
            return lookup.find_version(str(source))
        except UnknownName as unknown_model:
            return _run_or(run, unknown_model), best
    version = None if best else version_at(Path(source))
    return version or (Run.open(run), best)


def is_name(source: str | os.PathLike) -> bool:
    """Whether it can only be the name of a model or of a run in `runs`.

    As opposed to an address, a path, a number, and the name of a file or a run that is there.
    """
    run = split_best(source)[0]
    if os.path.isfile(source) or os.path.isfile(os.path.join(run, "recipe.toml")):
        return False
    return isinstance(run, str) and not run.isdecimal() and "/" not in run


def _run_or(source: str | os.PathLike, unknown_model: UnknownName) -> Run:
    """The run of that name; what is unknown is said of models and runs together."""
    try:
        return Run.open(source)
    except UnknownName:
        raise UnknownName(
            unknown_model.message.replace("Unknown model", "Unknown model, run or file"),
            hint=unknown_model.hint,
        ) from None


def _of_file(path: Path, *, raw: bool) -> Source:
    found = _described(path, path)
    if raw and found.about.get("weights") == "ema":
        raise UsageError(
            f"{path} holds the generator's average, not its own weights.",
            hint="Take the run itself, or a file of: ganzoo export --raw",
        )
    return found


def _of_run(run: Run, *, raw: bool, best: bool) -> Source:
    if best:
        found = _described(run.path / STATE, best_of(run).read(STATE))
        return replace(found, title=f"{run.path.resolve().name}-best")
    finished = run.weights_path.exists() and run.manifest().get("state") == "finished"
    if finished and not raw:
        return _described(run.weights_path, run.weights_path)
    newest = checkpoints.newest(run.checkpoints, report=warnings.warn)
    if newest is None:
        raise UsageError(
            f"The run {run.path} has no weights yet: neither finished nor a checkpoint.",
            hint=f"Go on with it: ganzoo resume {run.path}",
        )
    return _described(run.path / STATE, newest.read(STATE))


def _of_version(version: Version, *, raw: bool) -> Source:
    name = contents.EVERYTHING if raw else contents.GENERATOR
    if name not in version.sizes:
        raise UsageError(
            f"{version.name} holds the generator's average, not its own weights.",
            hint="They are there if it is pushed with --all.",
        )
    found = _described(version.path / name, version.read(name))
    locks = version.manifest["plugins"] or found.about.get("plugins")
    about = found.about | {"plugins": locks, "version": version.number, "digest": version.digest}
    return replace(found, about=about, title=f"{version.model}-{version.number}")


def load(
    source: str | os.PathLike,
    *,
    raw: bool = False,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
    allow_nonfinite: bool = False,
) -> "GAN":
    """A trained GAN: `load("dcgan-digits").sample(16, seed=7)`.

    Args:
        source: A model's name, a weights file, a run's folder or its number; see `find`.
        raw: The generator's own weights instead of their average.
        backend: "jax", "torch" or "tensorflow"; None takes the user's or the first installed.
        allow_plugin_mismatch: Whether the architecture may be that of another distribution or
            version than the one that the weights were made with.
        allow_nonfinite: Whether weights may be NaN or infinite, for somebody who looks for why.
    """
    return read(
        find(source, raw=raw),
        raw=raw,
        backend=backend,
        allow_plugin_mismatch=allow_plugin_mismatch,
        allow_nonfinite=allow_nonfinite,
    )


def read(
    source: Source,
    *,
    raw: bool = False,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
    allow_nonfinite: bool = False,
) -> "GAN":
    """The GAN of a source, its generator's weights read; see `load`.

    Raises:
        PluginError: its architecture is not installed, is another one, or fails.
        InvalidInput: the weights are of another architecture, or not finite.
    """
    check_architecture(source, allow_plugin_mismatch=allow_plugin_mismatch)
    where, header = str(source.where), safetensors.read_header(source.content)
    for shape in filter(None, (source.image_shape, source.source_shape)):
        limits.check_data(where, shape, len(source.classes))
    limits.check_options(where, header, source.recipe.architecture.options)
    environment.begin(backend)
    from ganzoo.gan.state import network_state

    with limits.limited(where, header):
        gan = networks(source.recipe, source.image_shape, len(source.classes), source.source_shape)
    variables = {f"generator/{name}": v for name, v in network_state(gan.generator)}
    seeds = [name for name in variables if name.startswith("generator/seeds/")]
    for name in seeds:  # of dropout in training; sampling draws none
        del variables[name]
    shapes = {name: (t.dtype.name, t.shape) for name, t in header.tensors.items()}
    names = _generator_names(shapes, raw=raw)
    received = {target: shapes[name] for target, name in names.items()}
    for name in seeds:
        received.pop(name, None)
    spec = spec_of(variables)
    half = is_half(source.about, where)
    check(half_spec(spec) if half else spec, received, where)
    stored = safetensors.load(source.content, names=[names[n] for n in variables])
    _check_finite(stored, where, allowed=allow_nonfinite)
    arrays = {name: stored[names[name]] for name in variables}
    assign(variables, restored(arrays, spec) if half else arrays, where)
    return gan


def _check_finite(arrays: Mapping[str, Any], where: str, *, allowed: bool) -> None:
    bad = not_finite(arrays)
    if bad is not None and not allowed:
        raise InvalidInput(
            f"{where} holds weights that are no numbers: {bad} is not finite.",
            hint="To look at them all the same: --allow-nonfinite.",
        )
    if bad is not None:
        warnings.warn(f"{where}: {bad} is not finite.", stacklevel=3)


def _generator_names(shapes: dict, *, raw: bool) -> dict[str, str]:
    """For each array of the generator, the name under which the file holds it."""
    names = {name: name for name in shapes if name.startswith("generator/")}
    if not raw:
        averages = [name for name in shapes if name.startswith("ema/")]
        names |= {f"generator/{name.removeprefix('ema/')}": name for name in averages}
    return names


def _described(where: Path, content: Path | bytes) -> Source:
    about = safetensors.metadata(content)
    shape, classes, sources = (about.get(k) for k in ("image_shape", "classes", "source_shape"))
    fine = (
        isinstance(about.get("recipe"), dict)
        and _is_shape(shape)
        and len(shape) in MODALITIES
        and (sources is None or (_is_shape(sources) and len(sources) == len(IMAGES.axes)))
        and isinstance(classes, list)
        and all(isinstance(name, str) for name in classes)
    )
    if not fine:
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
    recipe = Recipe.from_tables(about["recipe"], where=f"the recipe in {where}", error=InvalidInput)
    return Source(where=where, content=content, about=about, recipe=recipe)


def _is_shape(value: object) -> bool:
    return isinstance(value, list) and all(type(n) is int and 1 <= n <= _LONGEST for n in value)


def check_architecture(source: Source, *, allow_plugin_mismatch: bool = False) -> list[str]:
    """The architecture must be here, be the one it was, and take these options.

    The data set need not be here.

    Returns:
        In which way it is another than it was, a sentence each, if that is allowed.
    """
    part, locks = source.recipe.architecture, source.about.get("plugins")
    try:
        discovery.find_plugin("architecture", part.name)
    except UnknownName:
        lock = locks.get("architecture") if isinstance(locks, dict) else None
        raise PluginError(
            f"{source.where} needs the architecture {part.name!r}, which is not installed.",
            hint=f"It came from: {describe_lock(lock)}.",
        ) from None
    told = check_plugin_locks(
        locks,
        source.recipe,
        source.where,
        kinds=["architecture"],
        allowed=allow_plugin_mismatch,
    )
    try:
        check_plugin_options("architecture", part, f"the recipe in {source.where}")
    except UsageError as error:
        raise InvalidInput(error.message, hint=error.hint) from None
    if source.source_shape is None and "source_shape" in wants(source.recipe):
        raise InvalidInput(
            f"{source.where} does not say what its model translates. "
            "Expected: source_shape in its metadata. Received: none."
        )
    return told
