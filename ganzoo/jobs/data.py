"""Data sets by name: listed without importing them, opened through their plugin."""

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from ganzoo.backend import select
from ganzoo.catalog import plugins
from ganzoo.catalog.annotations import fits, words
from ganzoo.catalog.documents import received
from ganzoo.catalog.signature import Signature
from ganzoo.data.dataset import Dataset
from ganzoo.data.progress import reporting
from ganzoo.errors import EnvironmentProblem, PluginError, UsageError, unknown
from ganzoo.jobs.catalog import entry_of


def list_datasets() -> list[dict[str, Any]]:
    """Every data set that can be asked for: its name, source and summary."""
    found = plugins.discover("dataset").plugins
    return [entry_of(name, plugin) for name, plugin in found.items()]


def info(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """What a data set holds. It is opened, and so fetched and prepared if it was not.

    Args:
        name: A data set's name.
        options: Keywords of its function.

    Returns:
        `Dataset.describe()`: count, image shape, classes, licence, source, fingerprint.
    """
    return open_dataset(name, options).describe()


def prepare(
    name: str, options: Mapping[str, Any], events: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """Fetches and decodes a data set, so that the next to open it need not wait.

    Args:
        name: A data set's name.
        options: Keywords of its function.
        events: Called with the progress; see `ganzoo.data.progress.reporting`.

    Returns:
        What `info` returns, and the `"seconds"` it took.
    """
    started = time.monotonic()
    with reporting(events):
        dataset = open_dataset(name, options)
    return dataset.describe() | {"seconds": round(time.monotonic() - started, 1)}


def open_dataset(name: str, options: Mapping[str, Any]) -> Dataset:
    """The data set that a plugin makes of its options.

    Raises:
        UnknownName: No data set has that name, or it takes no such option.
        UsageError: An option has a value of the wrong type.
        PluginError: The plugin returns something else.
    """
    plugin = plugins.find("dataset", name)
    _check(plugins.signature(plugin), options)
    _settle_backend()
    dataset = plugins.load(plugin)(**options)
    if not isinstance(dataset, Dataset):
        raise PluginError(
            f"The data set {plugin.qualified!r} must return a ganzoo.Dataset."
            f" Received: {type(dataset).__name__}."
        )
    return dataset


def _check(signature: Signature, options: Mapping[str, Any]) -> None:
    for key, value in options.items():
        if key not in signature.parameters:
            if signature.open:
                continue
            raise unknown("option", key, signature.parameters)
        annotation = signature.parameters[key].annotation
        if not fits(annotation, value):
            raise UsageError(f"{key} must be {words(annotation)}. Received: {received(value)}.")


def _settle_backend() -> None:
    """Has Keras import a backend that is installed, for data sets that read through Keras."""
    with contextlib.suppress(EnvironmentProblem):  # most need none; one that does will say so
        select.choose()
