"""The outcome of a sweep: mean and spread over the seeds for each combination, best first."""

import statistics
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.catalog.run_summary import summarize_run
from ganzoo.catalog.runs import RANKING, Run
from ganzoo.errors import UsageError
from ganzoo.jobs.sweeps.sweep import Sweep
from ganzoo.jobs.sweeps.workers import run_state


def outcome(sweep: Sweep) -> dict[str, Any]:
    """Return what the runs of a sweep have come to.

    Args:
        sweep: The sweep, whose runs need not be done.

    Returns:
        `sweep` (its folder), `metric`, and `combinations`, the best first and those that lack a
        result last: `values` of the keys; `mean` and `spread` (standard deviation) over the
        seeds of each run's best score, None without; `state`; and `runs`: `run`, `seed`,
        `state` and `value` of each.
    """
    rows = [_row(sweep, *one) for one in _combinations(sweep)]
    rows.sort(key=lambda row: (row["mean"] is None, row["mean"] or 0.0))
    return {"sweep": str(sweep.folder), "metric": RANKING, "combinations": rows}


def record_outcome(content: Mapping[str, Any]) -> list[Path]:
    """Write mean and spread of the best combination into the cards of its runs.

    Args:
        content: What `outcome` returns.

    Returns:
        Paths of the cards.

    Raises:
        UsageError: No combination was trained with all seeds.
    """
    from ganzoo.jobs.evaluation.evaluate import record_results

    best = next((row for row in content["combinations"] if row["mean"] is not None), None)
    if best is None:
        raise UsageError("There is nothing to record: no combination has all its results.")
    seeds = ", ".join(str(run["seed"]) for run in best["runs"])
    protocol = Run(Path(best["runs"][0]["run"])).manifest()["evaluation"]
    result = {
        "metric": content["metric"],
        "value": best["mean"],
        "better": "lower",
        "protocol": protocol | {"training_seeds": seeds, "checkpoint": "best"},
    } | ({} if best["spread"] is None else {"spread": best["spread"]})
    return [record_results(run["run"], [result]) for run in best["runs"]]


def _combinations(sweep: Sweep) -> list[tuple[int, dict[str, str], bool]]:
    """Number and values of each combination so far, and whether Optuna gave it up."""
    if sweep.trials is None:
        return [(number, values, False) for number, values in enumerate(sweep.grid())]
    from ganzoo.jobs.sweeps.search import as_setting, open_study

    return [
        (one.number, {k: as_setting(v) for k, v in one.params.items()}, one.state.name == "PRUNED")
        for one in open_study(sweep).get_trials()
        if len(one.params) == len(sweep.over)
    ]


def _row(sweep: Sweep, number: int, values: Mapping[str, str], pruned: bool) -> dict[str, Any]:
    runs = [_run_row(path, seed) for path, seed in sweep.runs(number)]
    scores = [run["value"] for run in runs if run["value"] is not None]
    whole = len(scores) == len(runs)
    states = Counter(run["state"] for run in runs)
    counts = ", ".join(f"{count} {state}" for state, count in states.items())
    return {
        "values": values,
        "mean": statistics.fmean(scores) if whole else None,
        "spread": statistics.stdev(scores) if whole and len(scores) > 1 else None,
        "state": "pruned" if pruned and "interrupted" in states else counts,
        "runs": runs,
    }


def _run_row(path: Path, seed: int) -> dict[str, Any]:
    state = run_state(path) or "not begun"
    best = summarize_run(Run(path)).get("best", {}) if state == "finished" else {}
    return {"run": str(path), "seed": seed, "state": state, "value": best.get("value")}
