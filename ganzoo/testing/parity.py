"""`check_parity`: the same numbers on every backend that is installed."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.backend import select
from ganzoo.errors import EnvironmentProblem
from ganzoo.testing.report import FAILED, PASSED, CheckFailed, Report, Result

# Absolute, for numbers of about one; for larger ones that much of the largest.
FORWARD, GRADIENTS = 1e-5, 2e-6
_PATIENCE = 1800  # seconds
_LINES = 4000  # characters of an error

Arrays = Mapping[str, np.ndarray]


def check_parity(
    names: Iterable[str],
    *,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    backends: Sequence[str] | None = None,
    gradients: Mapping[str, float] | None = None,
    raises: bool = True,
) -> list[Report]:
    """Compare what architectures compute on several backends, from the same weights.

    Images, logits and losses agree to 1e-5 and first gradients to 2e-6. Each backend plays all
    the architectures in one process of its own. What draws, such as dropout, is switched off.

    Args:
        names: Of installed architectures.
        options: Keywords of their functions, by name.
        backends: By default all that are installed.
        gradients: Other bounds for the gradients of some of them, by name: batch norm over a
            batch of a few samples divides by small numbers, and roundings grow.
        raises: Whether a difference is an error.

    Returns:
        A report for each architecture.

    Raises:
        CheckFailed: an architecture differs and `raises` is true.
        EnvironmentProblem: a process cannot be run.
    """
    names = list(names)
    backends = list(select.installed() if backends is None else backends)
    words = [name + _written((options or {}).get(name)) for name in names]
    begun = time.monotonic()
    found = played(words, backends)
    seconds = (time.monotonic() - begun) / max(len(names), 1)
    bounds = gradients or {}
    reports = [_report(name, found, seconds, bounds.get(name, GRADIENTS)) for name in names]
    if raises:
        for report in reports:
            if not report.passed:
                raise CheckFailed(report)
    return reports


def played(words: Sequence[str], backends: Sequence[str]) -> dict[str, dict[str, np.ndarray]]:
    """What `ganzoo.testing.play` writes on each backend; the first one decides the weights."""
    first, *others = backends
    with tempfile.TemporaryDirectory(prefix="ganzoo-parity-") as folder:
        files = {name: Path(folder) / f"{name}.npz" for name in backends}
        _run(first, [str(files[first]), *words])
        like = ["--like", str(files[first])]
        with ThreadPoolExecutor(max_workers=max(len(others), 1)) as pool:
            list(pool.map(lambda name: _run(name, [str(files[name]), *like, *words]), others))
        return {name: _read(file) for name, file in files.items()}


def _run(backend: str, words: Sequence[str]) -> None:
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "ganzoo.testing.play", *words],
        env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False,
    )  # fmt: skip
    if done.returncode:
        raise EnvironmentProblem(
            f"The games on {backend} ended with exit code {done.returncode}: "
            f"{done.stderr[-_LINES:].strip()}"
        )


def _read(file: Path) -> dict[str, np.ndarray]:
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _report(name: str, found: Mapping[str, Arrays], seconds: float, gradients: float) -> Report:
    own = {
        backend: {
            key.removeprefix(f"{name}/"): value
            for key, value in arrays.items()
            if key.startswith(f"{name}/")
        }
        for backend, arrays in found.items()
    }
    message = _difference(own, gradients)
    result = Result(
        check="parity", status=FAILED if message else PASSED, seconds=seconds, message=message
    )
    setting: dict[str, Any] = {"backends": list(found)}
    first = next(iter(own.values()))
    if "setting" in first:
        setting |= json.loads(str(first["setting"]))
    return Report(kind="architecture", name=name, setting=setting, results=(result,))


def _difference(found: Mapping[str, Arrays], gradients: float = GRADIENTS) -> str:
    """The largest difference, in units of what is allowed; "" if all is within it."""
    for backend, arrays in found.items():
        if "error" in arrays:
            return f"On {backend}: {arrays['error']}"
    names = [set(arrays) for arrays in found.values()]
    if any(one != names[0] for one in names):
        extra = sorted(set.union(*names) - set.intersection(*names))
        return f"Not every backend computes {', '.join(extra[:4])}."
    worst, said = 1.0, ""
    for name in sorted(names[0]):
        kind = name.partition("/")[0]
        if kind not in ("forward", "gradients"):
            continue
        stack = {backend: arrays[name].astype("float64") for backend, arrays in found.items()}
        if len({array.shape for array in stack.values()}) > 1:
            return f"{name} has different shapes: { {b: a.shape for b, a in stack.items()} }."
        values = np.stack(list(stack.values()))
        if not np.isfinite(values).all():
            return f"{name} is not finite."
        apart = np.ptp(values, axis=0).max() if values.size else 0.0
        allowed = _allowed(kind, name, found, gradients)
        if apart > worst * allowed:
            worst = apart / allowed
            said = f"{name} is apart by {apart:.1e}. Expected: at most {allowed:.1e}."
    return said


def _allowed(kind: str, name: str, found: Mapping[str, Arrays], gradients: float) -> float:
    """The bound for an array: of its own size, or for a gradient that of all of the player."""
    prefix = name.rpartition("/")[0].split("/")[:2] if kind == "gradients" else [name]
    start = "/".join(prefix)
    arrays = [a for n, a in next(iter(found.values())).items() if n.startswith(start)]
    largest = max((float(np.abs(a).max()) for a in arrays if a.size), default=0.0)
    return (FORWARD if kind == "forward" else gradients) * max(1.0, largest)


def _written(options: Mapping[str, Any] | None) -> str:
    return "=" + json.dumps(dict(options)) if options else ""
