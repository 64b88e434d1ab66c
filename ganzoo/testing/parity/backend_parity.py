"""Comparison of architectures across backends, each of which runs in its own process."""

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
from ganzoo.testing.check_report import FAILED, PASSED, CheckFailed, Report, Result

# Absolute for numbers of about one, relative to the largest otherwise.
OUTPUT_TOLERANCE, GRADIENT_TOLERANCE = 1e-5, 1e-6
# A gradient may also differ by so many times what rounding all inputs does to it on one backend:
# a norm over few numbers divides by a small spread, and several in a row multiply roundings.
_ROUNDINGS = 8
_TIMEOUT = 1800  # seconds
_MAX_STDERR = 4000  # characters

Arrays = Mapping[str, np.ndarray]


def check_parity(
    names: Iterable[str],
    *,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    config: Mapping[str, Any] | None = None,
    image_shapes: Iterable[tuple[int, ...]] = (),
    backends: Sequence[str] | None = None,
    raises: bool = True,
) -> list[Report]:
    """Compare what architectures compute from the same weights on several backends.

    Images, logits and losses agree to 1e-5 and gradients to 1e-6, or to a few times what a
    rounding of all inputs does to a gradient on one backend. Dropout and noise are switched off.

    Args:
        names: Names of installed architectures.
        options: Keyword arguments of their functions, by name of the architecture.
        config: Keyword arguments of `GAN.compile` for all of them.
        image_shapes: Shapes of samples to build them for; see `check_architecture`.
        backends: Names of backends; by default all that are installed.
        raises: Raise an error if an architecture differs.

    Returns:
        A report for each architecture.

    Raises:
        CheckFailed: an architecture differs and `raises` is true.
        EnvironmentProblem: a process cannot be run.
    """
    names = list(names)
    backends = list(select.installed() if backends is None else backends)
    shared = {"config": dict(config or {}), "image_shapes": [list(s) for s in image_shapes]}
    cases = [
        f"{name}={json.dumps({**shared, 'options': dict((options or {}).get(name) or {})})}"
        for name in names
    ]
    begin = time.monotonic()
    results = run_backends(cases, backends)
    seconds = (time.monotonic() - begin) / max(len(names), 1)
    reports = [_parity_report(name, results, seconds) for name in names]
    for report in reports:
        if raises and not report.passed:
            raise CheckFailed(report)
    return reports


def run_backends(cases: Sequence[str], backends: Sequence[str]) -> dict[str, Arrays]:
    """Run `ganzoo.testing.parity.parity_worker` on each backend and return its arrays by backend.

    Args:
        cases: Arguments `NAME=JSON` of the worker.
        backends: Names of backends; the weights of the first one are used on all others.
    """
    first, *others = backends
    with tempfile.TemporaryDirectory(prefix="ganzoo-parity-") as folder:
        files = {name: Path(folder) / f"{name}.npz" for name in backends}
        _run_worker(first, [str(files[first]), *cases])
        like = ["--like", str(files[first])]
        with ThreadPoolExecutor(max_workers=max(len(others), 1)) as pool:
            list(
                pool.map(lambda name: _run_worker(name, [str(files[name]), *like, *cases]), others)
            )
        return {name: read_arrays(file) for name, file in files.items()}


def _run_worker(backend: str, arguments: Sequence[str]) -> None:
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ganzoo.testing.parity.parity_worker", *arguments],
            env=environment, capture_output=True, text=True, timeout=_TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise EnvironmentProblem(
            f"The comparison on {backend} took more than {_TIMEOUT} s.",
            hint="Make the architecture smaller with options, or compare fewer at a time.",
        ) from error
    if done.returncode:
        raise EnvironmentProblem(
            f"The comparison on {backend} ended with exit code {done.returncode}: "
            f"{done.stderr[-_MAX_STDERR:].strip()}"
        )


def read_arrays(file: str | Path) -> dict[str, np.ndarray]:
    """Return the arrays in a file of the worker by name."""
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def arrays_below(name: str, arrays: Arrays) -> dict[str, np.ndarray]:
    """Return the arrays whose names begin with `name/`, without it."""
    prefix = f"{name}/"
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def _parity_report(name: str, results: Mapping[str, Arrays], seconds: float) -> Report:
    own = {backend: arrays_below(name, arrays) for backend, arrays in results.items()}
    message = _largest_difference(own)
    status = FAILED if message else PASSED
    result = Result(check="parity", status=status, seconds=seconds, message=message)
    setting: dict[str, Any] = {"backends": list(results)}
    first = next(iter(own.values()))
    if "setting" in first:
        setting |= json.loads(str(first["setting"]))
    return Report(kind="architecture", name=name, setting=setting, results=(result,))


def _largest_difference(results: Mapping[str, Arrays]) -> str:
    """The largest difference beyond its tolerance as a message, or ""."""
    for backend, arrays in results.items():
        if "error" in arrays:
            return f"On {backend}: {arrays['error']}"
    names = [set(arrays) for arrays in results.values()]
    if any(one != names[0] for one in names):
        extra = sorted(set.union(*names) - set.intersection(*names))
        return f"Not every backend computes {', '.join(extra[:4])}."
    largest, message = 1.0, ""
    for name in sorted(names[0]):
        kind = name.partition("/")[0]
        if kind not in ("outputs", "gradients"):
            continue
        by_backend = {backend: arrays[name] for backend, arrays in results.items()}
        shapes = {backend: array.shape for backend, array in by_backend.items()}
        if len(set(shapes.values())) > 1:
            return f"{name} has different shapes: {shapes}."
        values = np.stack([array.astype("float64") for array in by_backend.values()])
        if not np.isfinite(values).all():
            return f"{name} is not finite."
        difference = np.ptp(values, axis=0).max() if values.size else 0.0
        tolerance = _tolerance(kind, name, results)
        if difference > largest * tolerance:
            largest = difference / tolerance
            message = f"{name} differs by {difference:.1e}. Expected: at most {tolerance:.1e}."
    return message


def _tolerance(kind: str, name: str, results: Mapping[str, Arrays]) -> float:
    """The tolerance of an array, relative to it or, for a gradient, to those of its network."""
    if kind == "outputs":
        return OUTPUT_TOLERANCE * _scale(name, results)
    network = "/".join(name.split("/")[:2])
    rounding = max(float(arrays[f"roundings/{name}"]) for arrays in results.values())
    return max(GRADIENT_TOLERANCE * _scale(f"{network}/", results), _ROUNDINGS * rounding)


def _scale(prefix: str, results: Mapping[str, Arrays]) -> float:
    """The largest number in the arrays with a prefix, at least 1."""
    arrays = [a for name, a in next(iter(results.values())).items() if name.startswith(prefix)]
    return max([1.0, *(float(np.abs(a).max()) for a in arrays if a.size)])
