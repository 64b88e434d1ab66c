"""A trained model from a run or a weights file: the recipe rebuilds it, then weights are read.

No class names, no pickles, no deserialisers: a file's metadata holds the recipe as plain
tables, its architecture must be installed, and every array must fit before any is read.
"""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.catalog import plugins
from ganzoo.catalog.keywords import check_part
from ganzoo.catalog.recipe import Recipe
from ganzoo.catalog.runs import Run
from ganzoo.errors import InvalidInput, PluginError, UnknownName, UsageError
from ganzoo.files import checkpoints, safetensors
from ganzoo.files.problems import shown
from ganzoo.jobs import environment
from ganzoo.jobs.weights import STATE, assign, check, spec_of

if TYPE_CHECKING:
    from ganzoo.game.gan import GAN


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where weights come from, and what is known about them before a framework is imported.

    Args:
        where: The file, for messages and default names.
        content: The file's path, or its bytes out of a checkpoint.
        about: Its metadata: recipe, image shape, classes, model, step, ...
        recipe: The recipe in it.
    """

    where: Path
    content: Path | bytes
    about: dict[str, Any]
    recipe: Recipe

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return tuple(self.about["image_shape"])

    @property
    def classes(self) -> list[str]:
        """Names of the classes of a conditional model; empty otherwise."""
        return self.about["classes"]


def find(source: str | os.PathLike, *, raw: bool = False) -> Source:
    """What a path names: a weights file, or a run, of which the newest weights count.

    Args:
        source: A `.safetensors` file, a run's folder or its number.
        raw: The generator's own weights are wanted, which only checkpoints hold.

    Raises:
        UnknownName: there is no such file or run.
        UsageError: there are no weights in it, or not those that are wanted.
        InvalidInput: the file is not a weights file of ganzoo.
    """
    if os.path.isfile(source):
        found = _described(Path(source), Path(source))
        if raw and found.about.get("weights") == "average":
            raise UsageError(
                f"{source} holds the generator's average, not its own weights.",
                hint="Take the run itself, or a file of: ganzoo export --raw",
            )
        return found
    run = Run.open(source)
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


def load(source: str | os.PathLike, *, raw: bool = False, backend: str | None = None) -> "GAN":
    """A trained GAN: `load("runs/00001-dcgan-digits").sample(16, seed=7)`.

    Args:
        source: A weights file, a run's folder or its number.
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
    check(spec_of(variables), received, str(source.where))
    stored = safetensors.load(source.content, names=[names[n] for n in variables])
    arrays = {name: stored[names[name]] for name in variables}
    assign(variables, arrays, str(source.where))
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
        plugins.find("architecture", part.name)
    except UnknownName:
        raise PluginError(
            f"{source.where} needs the architecture {part.name!r}, which is not installed.",
            hint=f"It came from: {shown(_origin(source.about))}.",
        ) from None
    try:
        check_part("architecture", part, f"the recipe in {source.where}")
    except UsageError as error:
        raise InvalidInput(error.message, hint=error.hint) from None


def _origin(about: dict[str, Any]) -> str:
    try:
        plugin = about["plugins"]["architecture"]
        return f"{plugin['distribution']} {plugin['version']}"
    except (KeyError, TypeError):
        return "unknown"
