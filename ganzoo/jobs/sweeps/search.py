"""Search by Optuna: the next combination from the results so far, and poor ones given up early.

Its study is a journal in the sweep's folder, which processes and machines share.
Akiba et al. 2019, https://arxiv.org/abs/1907.10902.
"""

import contextlib
import signal
import statistics
import warnings
from typing import Any

from filelock import FileLock

from ganzoo.catalog.run_summary import summarize_run
from ganzoo.catalog.runs import RANKING, Run
from ganzoo.errors import EnvironmentProblem, Interrupted, Locked
from ganzoo.jobs.sweeps.sweep import Sweep
from ganzoo.jobs.sweeps.values import Range
from ganzoo.jobs.sweeps.workers import DONE, run_state, train_run
from ganzoo.jobs.training.session import Events


def open_study(sweep: Sweep) -> Any:
    """Return the Optuna study of a sweep; its trials are the combinations."""
    try:
        import optuna
        from optuna.storages.journal import JournalFileBackend
    except ImportError as error:
        raise EnvironmentProblem(
            "A sweep with --trials needs Optuna.",
            hint='Install it with: pip install "keras-ganzoo[sweep]"',
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal = JournalFileBackend(str(sweep.folder / "optuna.jsonl"))
    return optuna.create_study(
        storage=optuna.storages.JournalStorage(journal),
        study_name=sweep.folder.name,
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(),
    )


def as_setting(value: Any) -> str:
    """Return a suggested value as `--set` takes it: numbers in four digits, which is enough."""
    return repr(float(f"{value:.4g}")) if isinstance(value, float) else str(value)


def train_search(sweep: Sweep, events: Events) -> int:
    """Train combinations that Optuna chooses, until there are as many as the plan says.

    One whose worker was killed is taken over.

    Args:
        sweep: A sweep with `trials`.
        events: Function called with each event of each training.

    Returns:
        The number of combinations that failed here.

    Raises:
        Interrupted: A signal asked to stop; the state is saved.
    """
    study, failures = open_study(sweep), 0
    while True:
        for one in study.get_trials():
            if not one.state.is_finished():
                with contextlib.suppress(Locked), sweep.lock(f"combination-{one.number}"):
                    failures += not _train_combination(sweep, study, one.number, events)
        with FileLock(sweep.folder / ".ask"):
            if len(study.get_trials()) >= (sweep.trials or 0):
                return failures
            study.ask()  # whoever comes first trains it


def _train_combination(sweep: Sweep, study: Any, number: int, events: Events) -> bool:
    """Train a combination with every seed, and give Optuna the mean; False if one failed."""
    from optuna.samplers import TPESampler
    from optuna.trial import Trial, TrialState

    known = study.get_trials()[number]
    if known.state.is_finished():  # since it was looked at
        return True
    # a seed for each number: the first suggestions are the same whoever makes them
    study.sampler = TPESampler(seed=number, constant_liar=True)
    attempt = Trial(study, known._trial_id)
    values = {key: _suggest(attempt, key, axis) for key, axis in sweep.axes.items()}
    scores: list[float] = []
    for path, seed in sweep.runs(number):
        pruned = []

        def prune(event: dict[str, Any], first=not scores, pruned=pruned) -> None:
            events(event)
            if first and not pruned and _is_poor(attempt, event):
                pruned.append(event)
                signal.raise_signal(signal.SIGTERM)  # the training saves its state, and ends

        try:
            if run_state(path) not in DONE:
                train_run(sweep, path, values, seed, prune)
        except Interrupted:
            if not pruned:
                raise
        if (state := run_state(path)) != "finished":
            poor = state in ("interrupted", "diverged")
            study.tell(attempt, state=TrialState.PRUNED if poor else TrialState.FAIL)
            return poor
        scores.append(summarize_run(Run(path))["best"]["value"])
    study.tell(attempt, statistics.fmean(scores))
    return True


def _is_poor(attempt: Any, event: dict[str, Any]) -> bool:
    """Report an evaluation; return whether it is worse than the median so far."""
    if event["event"] != "evaluation" or event[RANKING] is None:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a resumed run evaluates some steps again
        attempt.report(event[RANKING], event["step"])
    return attempt.should_prune()


def _suggest(attempt: Any, key: str, axis: tuple[str, ...] | Range) -> str:
    if not isinstance(axis, Range):
        return attempt.suggest_categorical(key, axis)
    suggest = attempt.suggest_int if isinstance(axis.low, int) else attempt.suggest_float
    return as_setting(suggest(key, axis.low, axis.high, log=axis.log))
