"""Summaries of runs: state, progress and newest values, as plain data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.catalog.recipe.length import training_length
from ganzoo.catalog.run_folders import RUNS, numbered_folders
from ganzoo.catalog.runs import RANKING, Run
from ganzoo.errors import GanzooError

LOSSES = ("d_loss", "g_loss")


def list_runs(runs: Path = RUNS) -> list[dict[str, Any]]:
    """Return a summary of every run in a folder, by number; a broken one has a `"problem"`.

    Args:
        runs: The folder of numbered runs; it need not exist.
    """
    found = []
    for number, path in numbered_folders(runs):
        facts: dict[str, Any] = {"number": number, "run": str(path)}
        try:
            facts |= summarize_run(Run.open(path))
        except (GanzooError, OSError, TypeError, ValueError) as error:
            facts |= {"state": "broken", "problem": str(error)}
        found.append(facts)
    return found


def summarize_run(run: Run, manifest: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return how far a run is and what it has logged last.

    Args:
        run: The run.
        manifest: Its manifest, if it has been read already.

    Returns:
        `model`, `state`, `created`, `step` of the last entry of the log and the planned `steps`,
        `losses` and `best` (value and step of the least distance), `seconds` of training,
        `images_per_second`, and `seconds_left` of a run that is running. What is not known is
        left out.

    Raises:
        InvalidInput: The manifest, the recipe or the log is broken.
    """
    manifest = run.manifest() if manifest is None else manifest
    recipe, log = run.recipe(), run.log(containing=f'"{RANKING}"')
    newest = log[-1] if log else {}
    step = newest.get("step", 0)
    facts: dict[str, Any] = {
        "model": manifest.get("model") or run.path.name.partition("-")[2] or run.path.name,
        "state": run.state(manifest),
        "created": manifest.get("created"),
        "step": step,
        "losses": {name: newest[name] for name in LOSSES if name in newest},
        "best": _best(log),
        "seconds": newest.get("seconds"),
        "images_per_second": newest.get("images_per_second"),
    }
    data = manifest.get("data")
    if isinstance(data, Mapping) and isinstance(data.get("count"), int):
        length = training_length(recipe, data["count"])
        facts["steps"] = length.steps
        if facts["state"] == "running" and facts["images_per_second"]:
            left = length.seconds_left(step, facts["images_per_second"])
            facts["seconds_left"] = round(left, 1)
    return {key: value for key, value in facts.items() if value not in (None, {})}


def _best(log: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return metric, value and step of the best evaluation, the first of equals."""
    scored = [entry for entry in log if isinstance(entry.get(RANKING), int | float)]
    if not scored:
        return None
    best = min(scored, key=lambda entry: entry[RANKING])
    return {"metric": RANKING, "value": best[RANKING], "step": best.get("step")}
