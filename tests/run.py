"""Runs the whole suite: once what needs no framework, then each backend in its own process.

Keras fixes its backend when it is imported, so tests marked `backend` run three times.
Usage: python tests/run.py [--only core|jax|torch|tensorflow] [pytest arguments]
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BACKENDS = ("jax", "torch", "tensorflow")


def environment(home: Path, backend: str | None) -> dict[str, str]:
    """Nothing of the user's home is read or written; threads do not fight for two cores."""
    settings = {
        "GANZOO_HOME": str(home / "ganzoo"),
        "KERAS_HOME": str(home / "keras"),
        "JAX_PLATFORMS": "cpu",
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


def run(part: str, home: Path, extra: list[str]) -> tuple[int, int, int]:
    """One process: the number of tests passed and failed, and the exit code."""
    backend = part if part in BACKENDS else None
    command = [sys.executable, "-m", "pytest", "-q", "--durations=8"]
    command += ["-m", "backend" if backend else "not backend", *extra]
    begun = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(home, backend), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    print(f"== {part}", flush=True)
    tail = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        tail = line if re.search(r"\d+ (passed|failed|error)", line) else tail
    code = process.wait()
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error)", tail)}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    print(f"== {part}: exit {code} after {time.monotonic() - begun:.0f} s", flush=True)
    return counts.get("passed", 0), max(failed, int(code != 0)), code


def main(arguments: list[str]) -> int:
    """All parts, or the one after `--only`; the exit code is 0 if all passed."""
    parts = ["core", *BACKENDS]
    if arguments[:1] == ["--only"]:
        parts, arguments = [arguments[1]], arguments[2:]
    with tempfile.TemporaryDirectory() as home:
        results = [run(part, Path(home), arguments) for part in parts]
    passed, failed = (sum(result[i] for result in results) for i in (0, 1))
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0 or passed == 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
