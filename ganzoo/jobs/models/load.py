"""Trained generators: rebuilt from the recipe in their file, then their weights are read.

No class names, no pickles, no deserializers: a file's metadata holds the recipe as plain
tables, its architecture must be installed, and every array must fit before any is read.
"""

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.catalog.plugins.discovery import find_plugin
from ganzoo.catalog.recipe.checks import check_plugin_options
from ganzoo.catalog.recipe.plugin_locks import check_plugin_locks, describe_lock
from ganzoo.errors import InvalidInput, PluginError, UnknownName, UsageError
from ganzoo.files import safetensors
from ganzoo.jobs.models import environment, limits
from ganzoo.jobs.models.build import build_networks
from ganzoo.jobs.models.find import Source, find_source
from ganzoo.jobs.models.open_dataset import label_parameters
from ganzoo.jobs.models.weights import (
    assign_arrays,
    check_spec,
    first_nonfinite,
    from_float16,
    stored_spec,
    variables_spec,
)

if TYPE_CHECKING:
    from ganzoo.gan.gan import GAN


def load(
    source: str | os.PathLike | int,
    *,
    raw: bool = False,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
    allow_nonfinite: bool = False,
) -> "GAN":
    """Return a trained GAN: `load("dcgan-digits").sample(16, seed=7)`.

    Args:
        source: A model's name, a weights file, a run's folder or its number; see
            `ganzoo.jobs.models.find.resolve_source`.
        raw: Load the generator's own weights instead of their average.
        backend: `"jax"`, `"torch"` or `"tensorflow"`; None takes the user's or the first
            installed.
        allow_plugin_mismatch: Accept an architecture of another distribution or version than the
            one that the weights were made with.
        allow_nonfinite: Accept NaN and infinity among the weights, to look for their cause.
    """
    return load_source(
        find_source(source, raw=raw),
        raw=raw,
        backend=backend,
        allow_plugin_mismatch=allow_plugin_mismatch,
        allow_nonfinite=allow_nonfinite,
    )


def load_source(
    source: Source,
    *,
    raw: bool = False,
    backend: str | None = None,
    allow_plugin_mismatch: bool = False,
    allow_nonfinite: bool = False,
) -> "GAN":
    """Return the GAN of a source, its generator's weights read; see `load`.

    Raises:
        PluginError: Its architecture is not installed, is another one, or fails.
        InvalidInput: The weights are of another architecture, or not finite.
    """
    check_architecture(source, allow_plugin_mismatch=allow_plugin_mismatch)
    where, header = str(source.where), safetensors.read_header(source.content)
    for shape in filter(None, (source.image_shape, source.source_shape)):
        limits.check_data_limits(where, shape, len(source.classes))
    limits.check_option_limits(where, header, source.recipe.architecture.options)
    environment.prepare_environment(backend)
    from ganzoo.gan.state import network_state

    gan = build_networks(
        source.recipe, source.image_shape, len(source.classes), source.source_shape
    )
    gan.sampler.levels = source.levels
    variables = {f"generator/{name}": v for name, v in network_state(gan.generator)}
    seeds = [name for name in variables if name.startswith("generator/seeds/")]
    for name in seeds:  # of dropout in training; sampling draws none
        del variables[name]
    shapes = {name: (tensor.dtype.name, tensor.shape) for name, tensor in header.tensors.items()}
    names = _generator_names(shapes, raw=raw)
    received = {target: shapes[name] for target, name in names.items() if target not in seeds}
    spec = variables_spec(variables)
    check_spec(stored_spec(spec, source.about, where), received, where)
    stored = safetensors.load(source.content, names=[names[n] for n in variables])
    _check_loaded(stored, where, allow_nonfinite=allow_nonfinite)
    arrays = {name: stored[names[name]] for name in variables}
    assign_arrays(variables, from_float16(arrays, spec), where)
    return gan


def check_architecture(source: Source, *, allow_plugin_mismatch: bool = False) -> list[str]:
    """Refuse weights whose architecture is not here, is another one, or takes other options.

    The data set need not be here.

    Returns:
        A sentence for each difference of the architecture, if differences are allowed.
    """
    part, locks = source.recipe.architecture, source.about.get("plugins")
    try:
        plugin = find_plugin("architecture", part.name)
    except UnknownName:
        lock = locks.get("architecture") if isinstance(locks, dict) else None
        raise PluginError(
            f"{source.where} needs the architecture {part.name!r}, which is not installed.",
            hint=f"It came from: {describe_lock(lock)}.",
        ) from None
    differences = check_plugin_locks(
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
    if source.source_shape is None and "source_shape" in label_parameters(plugin):
        raise InvalidInput(
            f"{source.where} does not say what its model translates. "
            "Expected: source_shape in its metadata. Received: none."
        )
    return differences


def _check_loaded(arrays: Mapping[str, Any], where: str, *, allow_nonfinite: bool) -> None:
    name = first_nonfinite(arrays)
    if name is None:
        return
    if not allow_nonfinite:
        raise InvalidInput(
            f"{where} holds NaN or infinity among its weights: {name} is not finite.",
            hint="To look at them all the same: --allow-nonfinite.",
        )
    warnings.warn(f"{where}: {name} is not finite.", stacklevel=3)


def _generator_names(shapes: Mapping[str, Any], *, raw: bool) -> dict[str, str]:
    """For each array of the generator, the name under which the file holds it."""
    names = {name: name for name in shapes if name.startswith("generator/")}
    if not raw:
        averages = [name for name in shapes if name.startswith("ema/")]
        names |= {f"generator/{name.removeprefix('ema/')}": name for name in averages}
    return names
