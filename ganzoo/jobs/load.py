"""A trained model by its name, a run or a weights file: rebuilt, then its weights are read.

No class names, no pickles, no deserialisers: a file's metadata holds the recipe as plain
tables, its architecture must be installed, and every array must fit before any is read.
"""

import os
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog import contents, plugins, registry, remotes
from ganzoo.catalog.distributions import FIRST_PARTY
from ganzoo.catalog.keywords import check_part
from ganzoo.catalog.names import normalised
from ganzoo.catalog.recipe import Recipe
from ganzoo.catalog.runs import Run, split_best
from ganzoo.catalog.sources import source_digest
from ganzoo.catalog.versions import Version, version_at
from ganzoo.errors import InvalidInput, PluginError, UnknownName, UsageError
from ganzoo.files import checkpoints, safetensors
from ganzoo.files.problems import shown
from ganzoo.jobs import environment
from ganzoo.jobs.best import best_of
from ganzoo.jobs.half import half_spec, is_half, restored
from ganzoo.jobs.weights import STATE, assign, check, spec_of

if TYPE_CHECKING:
    from ganzoo.game.gan import GAN


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where weights come from, and what is known about them before a framework is imported.

    Args:
        where: The file, for messages and default names.
        title: What to call it where `where` would say too little.
        content: The file's path, or its bytes out of a checkpoint.
        about: Its metadata: recipe, image shape, classes, model, step, ...
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


def find(source: str | os.PathLike, *, raw: bool = False) -> Source:
    """What a name or a path means: a model, a weights file, or a run's newest weights.

    A file or a run that is there counts first, then a run's number, then a model. `@best` behind
    a run means its best checkpoint, if it was evaluated while it was trained.

    Args:
        source: A model's name (`"model"`, `"model@2"`, `"model@best"`, `"source:model@2"`,
            `"hf://org/repo@revision"`), a `.safetensors` file, a run's folder or its number.
        raw: The generator's own weights are wanted, which only checkpoints hold, and versions
            that were pushed with everything.

    Raises:
        UnknownName: there is no such model, file or run.
        UsageError: there are no weights in it, or not those that are wanted.
        InvalidInput: the file is not a weights file of ganzoo.
    """
    if remotes.is_address(source):
        from ganzoo.jobs import hub  # the Hub's client, if it is not here already

        return _of_version(hub.local(remotes.parse_address(source)), raw=raw)
    if os.path.isfile(source):
        return _of_file(Path(source), raw=raw)
    run, best = split_best(source)
    if not os.path.isfile(os.path.join(run, "recipe.toml")) and _looks_like_a_name(run):
        try:
            return _of_version(registry.find_version(str(source)), raw=raw)
        except UnknownName as unknown_model:
            return _of_run(_run_or(run, unknown_model), raw=raw, best=best)
    version = None if best else version_at(Path(source))
    return _of_version(version, raw=raw) if version else _of_run(Run.open(run), raw=raw, best=best)


def _looks_like_a_name(source: str | os.PathLike) -> bool:
    """Whether it can only be a model or a run in `runs`, as opposed to a path or a number."""
    return isinstance(source, str) and not source.isdecimal() and "/" not in source


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
    if raw and found.about.get("weights") == "average":
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
    pinned = version.manifest["plugins"] or found.about.get("plugins")
    about = found.about | {"plugins": pinned, "version": version.number, "digest": version.digest}
    return replace(found, about=about, title=f"{version.model}-{version.number}")


def load(source: str | os.PathLike, *, raw: bool = False, backend: str | None = None) -> "GAN":
    """A trained GAN: `load("dcgan-digits").sample(16, seed=7)`.

    Args:
        source: A model's name, a weights file, a run's folder or its number; see `find`.
        raw: The generator's own weights instead of their average.
        backend: "jax", "torch" or "tensorflow"; None takes the user's or the first installed.
    """
    return read(find(source, raw=raw), raw=raw, backend=backend)


def read(source: Source, *, raw: bool = False, backend: str | None = None) -> "GAN":
    """The GAN of a source, its generator's weights read.

    Raises:
        PluginError: its architecture is not installed, or fails.
        InvalidInput: the weights are of another architecture.
    """
    _check_architecture(source)
    environment.begin(backend)
    from ganzoo.game.state import network_state
    from ganzoo.jobs.build import networks

    gan = networks(source.recipe, source.image_shape, len(source.classes))
    variables = {f"generator/{name}": v for name, v in network_state(gan.generator)}
    seeds = [name for name in variables if name.startswith("generator/seeds/")]
    for name in seeds:  # of dropout in training; sampling draws none
        del variables[name]
    header = safetensors.read_header(source.content)
    shapes = {name: (t.numpy_dtype, tuple(t.shape)) for name, t in header.tensors.items()}
    names = _generator_names(shapes, raw=raw)
    received = {target: shapes[name] for target, name in names.items()}
    for name in seeds:
        received.pop(name, None)
    spec = spec_of(variables)
    half = is_half(source.about, str(source.where))
    check(half_spec(spec) if half else spec, received, str(source.where))
    stored = safetensors.load(source.content, names=[names[n] for n in variables])
    arrays = {name: stored[names[name]] for name in variables}
    assign(variables, restored(arrays, spec) if half else arrays, str(source.where))
    return gan


def _generator_names(shapes: dict, *, raw: bool) -> dict[str, str]:
    """For each array of the generator, the name under which the file holds it."""
    names = {name: name for name in shapes if name.startswith("generator/")}
    if not raw:
        averages = [name for name in shapes if name.startswith("average/")]
        names |= {f"generator/{name.removeprefix('average/')}": name for name in averages}
    return names


def _described(where: Path, content: Path | bytes) -> Source:
    about = safetensors.metadata(content)
    shape, classes = about.get("image_shape"), about.get("classes")
    fine = (
        isinstance(about.get("recipe"), dict)
        and isinstance(shape, list)
        and 1 <= len(shape) <= 4
        and all(type(n) is int and 1 <= n <= 65536 for n in shape)
        and isinstance(classes, list)
        and all(isinstance(name, str) for name in classes)
    )
    if not fine:
        raise InvalidInput(
            f"{where} does not say how to rebuild its model. Expected: a file that ganzoo wrote, "
            "with recipe, image_shape and classes in its metadata.",
        )
    recipe = Recipe.from_tables(about["recipe"], where=f"the recipe in {where}", error=InvalidInput)
    return Source(where=where, content=content, about=about, recipe=recipe)


def _check_architecture(source: Source) -> None:
    """The architecture must be here and take these options; the data set need not be."""
    part = source.recipe.architecture
    try:
        plugin = plugins.find("architecture", part.name)
    except UnknownName:
        raise PluginError(
            f"{source.where} needs the architecture {part.name!r}, which is not installed.",
            hint=f"It came from: {shown(_origin(source.about))}.",
        ) from None
    _check_pinned(source, plugin)
    try:
        check_part("architecture", part, f"the recipe in {source.where}")
    except UsageError as error:
        raise InvalidInput(error.message, hint=error.hint) from None


def _check_pinned(source: Source, plugin: plugins.Plugin) -> None:
    """The architecture must be that of the same distribution; another version is told.

    Its names, shapes and types are compared before any weight is read, whatever version.
    """
    pinned = source.about.get("plugins")
    pinned = pinned.get("architecture") if isinstance(pinned, dict) else None
    if not isinstance(pinned, dict) or not isinstance(pinned.get("distribution"), str):
        return
    if pinned.get("name") not in (None, source.recipe.architecture.name):
        return  # it pins another one
    if normalised(pinned["distribution"]) != normalised(plugin.distribution):
        raise PluginError(
            f"{source.where} needs the architecture {plugin.name!r} of another distribution. "
            f"Expected: {shown(_origin(source.about))}. "
            f"Received: {plugin.distribution} {plugin.version}.",
            hint="Install that one, if you trust it.",
        )
    ours = normalised(plugin.distribution) == FIRST_PARTY  # whose changes our tests watch
    if not ours and pinned.get("digest") not in (None, source_digest(plugin.module)):
        told = f"{plugin.distribution} {plugin.version}"
        warnings.warn(
            f"The architecture {plugin.name!r} has changed since these weights were trained: with "
            f"{_origin(source.about)}, here {told}. Pictures may differ.",
            stacklevel=2,
        )


def _origin(about: dict[str, Any]) -> str:
    try:
        plugin = about["plugins"]["architecture"]
        return f"{plugin['distribution']} {plugin['version']}"
    except (KeyError, TypeError):
        return "unknown"
