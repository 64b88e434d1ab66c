"""Comparison of runs as a table: what differs in their recipes, and what came of it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ganzoo.catalog.run_summary import summarize_run
from ganzoo.catalog.runs import RANKING, Run
from ganzoo.errors import UsageError
from ganzoo.files.publish import publish_text

# Keys of a manifest that may explain a difference.
_ORIGIN = ("backend", "ganzoo", "python", "platform")
_PROTOCOL = ("features", "real", "fake", "weights")  # of an evaluation, as far as it is shown
# Logged numbers that the summary has already, or that grow with time.
_PROGRESS = ("step", "images", "seconds", "images_per_second")


def compare_runs(
    runs: Sequence[Run], *, out: Path | None = None, overwrite: bool = False
) -> dict[str, Any]:
    """Return a table of runs, and write a page with their curves and samples.

    Args:
        runs: Two runs or more.
        out: Path of the page, an HTML file; `None` for none.
        overwrite: Whether `out` may be there already.

    Returns:
        `"runs"`: label and path of each. `"rows"`: `group`, `key` and one value per run, `None`
        where a run has none. Rows of the groups `recipe` and `origin` are there only if they
        differ; `progress`, `losses` and `results` are there always.

    Raises:
        UsageError: There are less than two runs, or one comes twice.
        InvalidInput: A run is broken.
    """
    paths = [run.path.resolve() for run in runs]
    if len(set(paths)) < len(paths) or len(paths) < 2:
        raise UsageError(
            "A comparison needs at least two runs, each of them once. "
            f"Received: {', '.join(str(run.path) for run in runs)}."
        )
    manifests = [run.manifest() for run in runs]
    rows = _differing_rows("recipe", [dict(_leaves(run.recipe().tables())) for run in runs])
    rows += _differing_rows("origin", [_origin(manifest) for manifest in manifests])
    summaries = [
        summarize_run(run, manifest) for run, manifest in zip(runs, manifests, strict=True)
    ]
    groups = {
        "progress": [_progress(summary) for summary in summaries],
        "losses": [_newest_numbers(run) for run in runs],
        "results": list(map(_results, runs, summaries)),
    }
    for group, columns in groups.items():
        rows += [_row(group, key, columns) for key in _ordered_keys(columns)]
    labels = [run_label(run) for run in runs]
    if out is not None:
        from ganzoo.jobs.report.comparison import comparison_page  # NumPy and Pillow, when needed

        publish_text(out, comparison_page(runs, labels, rows), overwrite=overwrite)
    return {
        "runs": [
            {"name": label, "run": str(run.path)} for run, label in zip(runs, labels, strict=True)
        ],
        "rows": rows,
    }


def run_label(run: Run) -> str:
    """Return the number and name of a run's folder: `"7 dcgan-digits"`."""
    number, _, name = run.path.name.partition("-")
    return f"{int(number)} {name}" if number.isdecimal() and name else run.path.name


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value of nested tables with its dotted key; lists are values."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _origin(manifest: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: manifest[key] for key in _ORIGIN if key in manifest}
    data, protocol = manifest.get("data"), manifest.get("evaluation")
    if isinstance(data, Mapping) and data.get("fingerprint"):
        found["data"] = str(data["fingerprint"])[:12]
    if isinstance(protocol, Mapping):
        found["evaluation"] = _protocol_label(protocol)
    return found


def _protocol_label(protocol: Mapping[str, Any]) -> str:
    """The part of a protocol that most often differs: `features digits, real 1797`."""
    return ", ".join(f"{key} {protocol[key]}" for key in _PROTOCOL if protocol.get(key) is not None)


def _progress(summary: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("state", "step", "steps", "seconds", "images_per_second")
    return {key: summary[key] for key in keys if key in summary}


def _newest_numbers(run: Run) -> dict[str, Any]:
    """The numbers of the newest entry of the log, without progress and scores."""
    entry = run.log(containing=f'"{RANKING}"')[-1:]
    numbers = entry[0].items() if entry else ()
    scores = (*_PROGRESS, RANKING, "precision", "recall")
    return {k: v for k, v in numbers if k not in scores and isinstance(v, int | float)}


def _results(run: Run, summary: Mapping[str, Any]) -> dict[str, Any]:
    """The best evaluation while training, and the results that the card records."""
    found: dict[str, Any] = {}
    if best := summary.get("best"):
        found |= {f"best {best['metric']}": best["value"], "at step": best["step"]}
    for result in run.card().results:
        found[f"{result.metric} ({_protocol_label(result.protocol.model_dump())})"] = result.value
    return found


def _differing_rows(group: str, columns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = [_row(group, key, columns) for key in _ordered_keys(columns)]
    return [row for row in rows if any(value != row["values"][0] for value in row["values"])]


def _row(group: str, key: str, columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"group": group, "key": key, "values": [column.get(key) for column in columns]}


def _ordered_keys(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for column in columns for key in column))
