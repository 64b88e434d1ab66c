"""Workers of a sweep: each takes runs that nobody trains yet, until none is left.

A run is taken by a lock, which the system drops when its process dies. What a killed worker
began goes on from its newest checkpoint, bit for bit.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ganzoo.catalog.runs import Run
from ganzoo.errors import Diverged, Interrupted, Locked
from ganzoo.files import checkpoints
from ganzoo.files.text import format_exception
from ganzoo.jobs.sweeps.sweep import Sweep
from ganzoo.jobs.training.resume import resume
from ganzoo.jobs.training.session import Events
from ganzoo.jobs.training.signals import Stop
from ganzoo.jobs.training.train import train

DONE = ("finished", "diverged")  # training again would end alike
_MAX_REPLACED = 10  # workers that were killed: what kills more, such as too little memory, stays
_SECONDS_BETWEEN_LOOKS = 0.5


def run_state(path: Path) -> str | None:
    """Return the state of a run as `Run.state` does; None if it has not begun."""
    return Run(path).state() if (path / "recipe.toml").is_file() else None


def train_grid(sweep: Sweep, events: Events) -> int:
    """Train, or go on with, the runs of every combination that no other worker trains.

    Args:
        sweep: A sweep without ranges.
        events: Function called with each event of each training.

    Returns:
        The number of runs that failed here.

    Raises:
        Interrupted: A signal asked to stop; the state is saved.
    """
    runs = [
        (path, values, seed)
        for combination, values in enumerate(sweep.grid())
        for path, seed in sweep.runs(combination)
    ]
    failed = {path for path, _, _ in runs if run_state(path) == "failed"}  # tried once more
    tried: set[Path] = set()
    before, failures = -1, 0
    while len(tried) > before:  # again: meanwhile another worker may have been killed
        before = len(tried)
        for path, values, seed in runs:
            with contextlib.suppress(Locked), sweep.lock(path.name):
                done = DONE if path in failed else (*DONE, "failed")
                if path not in tried and run_state(path) not in done:
                    tried.add(path)
                    failures += not train_run(sweep, path, values, seed, events)
    return failures


def train_run(sweep: Sweep, path: Path, values: dict[str, str], seed: int, events: Events) -> bool:
    """Train a run, or go on with it; the caller holds its lock.

    What goes wrong with one run ends no sweep: it is an event, and the run's manifest says why.

    Args:
        sweep: The sweep.
        path: Folder of the run.
        values: Values of the sweep's keys.
        seed: Seed of the training.
        events: Function called with each event.

    Returns:
        Whether it came to its end, or diverged.

    Raises:
        Interrupted: A signal asked to stop; the state is saved.
    """
    argv = ["ganzoo", "sweep", "--resume", str(sweep.folder)]
    run = Run(path)
    try:
        if run_state(path) and checkpoints.newest(run.checkpoints, report=lambda text: None):
            resume(path, argv=argv, events=events)
            return True
        if path.exists():
            shutil.rmtree(path)  # killed before its first checkpoint
        recipe = sweep.run_recipe(values, seed)
        train(recipe, model=sweep.model, run=path, backend=sweep.backend, argv=argv, events=events)
    except Interrupted:
        raise
    except Exception as error:
        events({"event": "warning", "message": f"{path.name} failed: {format_exception(error)}"})
        return isinstance(error, Diverged)
    return True


def train_in_processes(sweep: Sweep, jobs: int, report: Callable[[str], None]) -> int:
    """Let processes of their own train a sweep; one that is killed is replaced.

    Args:
        sweep: The sweep.
        jobs: Number of processes.
        report: Called with a sentence about each process that ended by a signal or an error.

    Returns:
        The number of those that ended with an error.

    Raises:
        Interrupted: A signal asked to stop; each process has saved its state.
    """
    command = [sys.executable, "-m", "ganzoo.cli", "sweep", "--resume", str(sweep.folder)]
    path = sweep.folder / f"workers-{socket.gethostname()}-{os.getpid()}.log"

    def start() -> subprocess.Popen:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    with open(path, "ab") as log, Stop() as stop:
        stop.hold()
        workers, replaced, passed_on = [start() for _ in range(jobs)], 0, False
        failures = 0
        while workers:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            if stop.signal and not passed_on:
                passed_on = True  # Ctrl-C has reached them by itself; once more does no harm
                for worker in workers:
                    worker.send_signal(stop.signal)
            for worker in [worker for worker in workers if worker.poll() is not None]:
                workers.remove(worker)
                if worker.returncode and not stop.signal:
                    failures += worker.returncode > 0
                    report(f"a worker ended with {worker.returncode}; see {path}")
                    if worker.returncode < 0 and replaced < _MAX_REPLACED:
                        replaced += 1
                        workers.append(start())
    if stop.signal:
        raise Interrupted(
            "Stopped; everything is saved.",
            signal_number=stop.signal,
            hint=f"Go on with: ganzoo sweep --resume {sweep.folder}",
        )
    return failures
