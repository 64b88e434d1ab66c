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
FORWARD, GRADIENTS = 1e-5, 1e-6
# Or so often what a rounding of all that goes in does to a gradient on one backend alone: a norm
# over few numbers divides by a small spread, and several in a row multiply every rounding.
_ROUNDINGS = 8
_PATIENCE = 1800  # seconds
_LINES = 4000  # characters of an error

Arrays = Mapping[str, np.ndarray]


def check_parity(
    names: Iterable[str],
    *,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    rules: Mapping[str, Any] | None = None,
    image_shapes: Iterable[tuple[int, ...]] = (),
    backends: Sequence[str] | None = None,
    raises: bool = True,
) -> list[Report]:
    """Compare what architectures compute on several backends, from the same weights.

    Images, logits and losses agree to 1e-5 and first gradients to 1e-6; where a single rounding
    of what goes in moves a gradient further than that already, to a few such roundings. Each
    backend plays all the architectures in one process of its own. What draws, such as dropout,
    is switched off.

    Args:
        names: Of installed architectures.
        options: Keywords of their functions, by name.
        rules, image_shapes: As of `check_architecture`, for all of them.
        backends: By default all that are installed.
        raises: Whether a difference is an error.

    Returns:
        A report for each architecture.

    Raises:
        CheckFailed: an architecture differs and `raises` is true.
        EnvironmentProblem: a process cannot be run.
    """
    names = list(names)
    backends = list(select.installed() if backends is None else backends)
    shared = {"rules": dict(rules or {}), "image_shapes": [list(s) for s in image_shapes]}
    words = [
        f"{name}={json.dumps({**shared, 'options': dict((options or {}).get(name) or {})})}"
        for name in names
    ]
    begun = time.monotonic()
    found = played(words, backends)
    seconds = (time.monotonic() - begun) / max(len(names), 1)
    reports = [_report(name, found, seconds) for name in names]
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
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ganzoo.testing.play", *words],
            env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise EnvironmentProblem(
            f"The games on {backend} took more than {_PATIENCE} s.",
            hint="Make the architecture smaller with options, or compare fewer at a time.",
        ) from error
    if done.returncode:
        raise EnvironmentProblem(
            f"The games on {backend} ended with exit code {done.returncode}: "
            f"{done.stderr[-_LINES:].strip()}"
        )


def _read(file: Path) -> dict[str, np.ndarray]:
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _report(name: str, found: Mapping[str, Arrays], seconds: float) -> Report:
    own = {
        backend: {
            key.removeprefix(f"{name}/"): value
            for key, value in arrays.items()
            if key.startswith(f"{name}/")
        }
        for backend, arrays in found.items()
    }
    message = _difference(own)
    result = Result(
        check="parity", status=FAILED if message else PASSED, seconds=seconds, message=message
    )
    setting: dict[str, Any] = {"backends": list(found)}
    first = next(iter(own.values()))
    if "setting" in first:
        setting |= json.loads(str(first["setting"]))
    return Report(kind="architecture", name=name, setting=setting, results=(result,))


def _difference(found: Mapping[str, Arrays]) -> str:
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
        allowed = _allowed(kind, name, found)
        if apart > worst * allowed:
            worst = apart / allowed
            said = f"{name} is apart by {apart:.1e}. Expected: at most {allowed:.1e}."
    return said


def _allowed(kind: str, name: str, found: Mapping[str, Arrays]) -> float:
    """The bound for an array: of its own size, or for a gradient that of all of the player."""
    if kind == "forward":
        return FORWARD * _largest(name, found)
    player = "/".join(name.split("/")[:2])
    roundings = [float(arrays[f"roundings/{name}"]) for arrays in found.values()]
    return max(GRADIENTS * _largest(f"{player}/", found), _ROUNDINGS * max(roundings))


def _largest(start: str, found: Mapping[str, Arrays]) -> float:
    """The largest number of the arrays whose names start so, at least 1."""
    arrays = [a for name, a in next(iter(found.values())).items() if name.startswith(start)]
    return max([1.0, *(float(np.abs(a).max()) for a in arrays if a.size)])
