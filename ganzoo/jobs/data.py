"""Data sets by name: listed without importing them, opened through their plugin."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

from ganzoo.backend import select
from ganzoo.catalog.plugins import discovery
from ganzoo.catalog.recipe.checks import check_plugin_options
from ganzoo.catalog.recipe.recipe import Part
from ganzoo.data.dataset import Dataset
from ganzoo.data.fetching import NotHere, forbidden
from ganzoo.data.progress import reporting
from ganzoo.errors import EnvironmentProblem
from ganzoo.jobs.listing import entry_of
from ganzoo.jobs.models.build import open_dataset


def list_datasets() -> list[dict[str, Any]]:
    """Every data set that can be asked for: its name, source and summary."""
    found = discovery.discover("dataset").plugins
    return [entry_of(name, plugin) for name, plugin in found.items()]


def info(part: Part) -> dict[str, Any]:
    """What a data set holds. It is opened, and so prepared if it was not; never downloaded.

    Args:
        part: The data set as a recipe's table names it.

    Returns:
        `Dataset.describe()`: count, image shape, classes, license, source, fingerprint. `"data"`
        is whether it is here; if not, `"get"` is how to get it, and what is not known without
        it is left out.
    """
    try:
        with forbidden():
            facts = _opened(part).describe()
    except NotHere as absent:
        known = absent.known.describe() if absent.known is not None else {"name": part.name}
        return _told(known, {"data": "not here yet", "get": absent.hint})
    return _told(facts, {"data": "here"})


def prepare(part: Part, events: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    """Fetches and decodes a data set, so that the next to open it need not wait.

    Args:
        part: The data set as a recipe's table names it.
        events: Called with the progress; see `ganzoo.data.progress.reporting`.

    Returns:
        `Dataset.describe()`, and the `"seconds"` it took.
    """
    started = time.monotonic()
    with reporting(events):
        dataset = _opened(part)
    return dataset.describe() | {"seconds": round(time.monotonic() - started, 1)}


def _told(facts: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """The name first, then whether it is here, then the rest."""
    return {"name": facts["name"], **more, **facts}


def _opened(part: Part) -> Dataset:
    check_plugin_options("dataset", part, where="the settings")
    with contextlib.suppress(EnvironmentProblem):
        select.choose()  # some data sets come through Keras; most need no backend
    return open_dataset(part)
