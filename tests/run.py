"""Runs the whole suite: once what needs no framework, and each backend in its own process.

Keras fixes its backend when it is imported, so tests marked `backend` run three times.
Usage: python tests/run.py [--only core|jax|torch|tensorflow] [pytest arguments]
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BACKENDS = ("jax", "torch", "tensorflow")


def environment(home: Path, backend: str | None) -> dict[str, str]:
    """Nothing of the user's home is read or written; threads do not fight for two cores."""
    settings = {
        "GANZOO_HOME": str(home / "ganzoo"),
        "KERAS_HOME": str(home / "keras"),
        "JAX_PLATFORMS": "cpu",
        "JAX_COMPILATION_CACHE_DIR": str(home / "jax"),  # many tests build the same networks
        "OMP_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONFAULTHANDLER": "1",
    }
    if backend:
        settings["KERAS_BACKEND"] = backend
    inherited = {
        k: v for k, v in os.environ.items() if k not in ("KERAS_BACKEND", "GANZOO_PLUGINS")
    }
    return inherited | settings


def run(part: str, home: Path, extra: list[str]) -> tuple[int, int]:
    """One process: how many tests passed and failed. Its output is printed when it ends."""
    backend = part if part in BACKENDS else None
    command = [sys.executable, "-m", "pytest", "-q", "--durations=8"]
    command += ["-m", "backend" if backend else "not backend", *extra]
    begun = time.monotonic()
    print(f"== {part} begins", flush=True)
    done = subprocess.run(
        command, cwd=ROOT, env=environment(home / part, backend), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    seconds = time.monotonic() - begun
    print(f"{done.stdout}== {part}: exit {done.returncode} after {seconds:.0f} s", flush=True)
    ending = re.compile(r"\d+ (passed|failed|error)")
    lines = [line for line in done.stdout.splitlines() if ending.search(line)]
    summary = lines[-1] if lines else ""
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error)", summary)}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    return counts.get("passed", 0), max(failed, int(done.returncode != 0))


def main(arguments: list[str]) -> int:
    """All parts, two at a time, or the one after `--only`; the exit code is 0 if all passed."""
    parts = ["jax", "core", "tensorflow", "torch"]  # the longest first
    if arguments[:1] == ["--only"]:
        parts, arguments = [arguments[1]], arguments[2:]
    with tempfile.TemporaryDirectory() as home, ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(lambda part: run(part, Path(home), arguments), parts))
    passed, failed = (sum(result[i] for result in results) for i in (0, 1))
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0 or passed == 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
