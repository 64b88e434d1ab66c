"""Run the whole suite: once what needs no framework, and each backend in its own process.

Keras fixes its backend when it is imported, so tests marked `backend` run three times.
Usage: python tests/run.py [--check | --only PART] [--coverage] [arguments of pytest]
PART is core, jax, torch or tensorflow.

`--check` runs the tests of a minute: those of names, files and commands, without a framework.
`--coverage` measures the lines that every process runs. Without it none is measured on Python 3.11,
whose tracer makes tests of networks a quarter slower; from 3.12 on `sys.monitoring` costs little.
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
CHECKS = {
    "names": [
        "tests/catalog",
        *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("tests/test_*.py")),
    ],
    "commands": ["tests/cli", "tests/files"],
}
XLA_FLAGS = "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
# The longest parts in pieces, so that two processors are busy to the end; the longest first.
HEAVY = ["tests/plugins", "tests/testing"]
REST = ["tests", *(f"--ignore={folder}" for folder in HEAVY)]
PIECES = {
    "jax-rest": REST, "tensorflow-rest": REST, "core": [], "jax-plugins": HEAVY,
    "tensorflow-plugins": HEAVY, "torch": [],
}  # fmt: skip
CHEAP_COVERAGE = sys.version_info >= (3, 12)


def environment(home: Path, backend: str | None) -> dict[str, str]:
    """Nothing of the user's home is read or written; threads do not fight for two cores."""
    settings = {
        "HOME": str(home / "user"),  # empty, and looked at in the end
        "GANZOO_HOME": str(home / "ganzoo"),
        "KERAS_HOME": str(home / "keras"),
        "JAX_PLATFORMS": "cpu",
        "JAX_COMPILATION_CACHE_DIR": str(home / "jax"),  # many tests build the same networks
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",  # most of the time is compilation
        "OMP_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONFAULTHANDLER": "1",
        "COVERAGE_FILE": str(home.parent / "coverage"),
    }
    if backend in (None, "jax"):  # without these a compilation takes more than twice as long
        settings["XLA_FLAGS"] = XLA_FLAGS
    if CHEAP_COVERAGE:
        settings["COVERAGE_CORE"] = "sysmon"
    if backend:
        settings["KERAS_BACKEND"] = backend
    inherited = {
        k: v
        for k, v in os.environ.items()
        if k not in ("KERAS_BACKEND", "GANZOO_PLUGINS") and not k.startswith("XDG_")
    }
    return inherited | settings


def run(part: str, home: Path, extra: list[str], coverage: bool) -> tuple[int, int]:
    """Numbers of passed and failed tests of one process. Its output is printed when it ends."""
    backend = next((name for name in BACKENDS if part.startswith(name)), None)
    command = [sys.executable, "-m", *(["coverage", "run", "-m"] if coverage else [])]
    command += ["pytest", "-qrs", "--durations=8", "-m", "backend" if backend else "not backend"]
    begun = time.monotonic()
    (home / part / "user").mkdir(parents=True)
    print(f"== {part} begins", flush=True)
    done = subprocess.run(
        [*command, *(CHECKS | PIECES).get(part, []), *extra],
        cwd=ROOT, env=environment(home / part, backend), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    seconds = time.monotonic() - begun
    print(f"{done.stdout}== {part}: exit {done.returncode} after {seconds:.0f} s", flush=True)
    ending = re.compile(r"\d+ (passed|failed|error)")
    lines = [line for line in done.stdout.splitlines() if ending.search(line)]
    summary = lines[-1] if lines else ""
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error)", summary)}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    if left := left_in_home(home / part / "user"):
        print(f"== {part}: the tests left in the user's home: {', '.join(left)}", flush=True)
        failed += 1
    return counts.get("passed", 0), max(failed, int(done.returncode != 0))


def left_in_home(home: Path) -> list[str]:
    """What ganzoo, Keras or the Hub's client has left there; browsers and the like may."""
    names = ("*ganzoo*", ".keras", ".cache/*ganzoo*", ".cache/huggingface", ".local/*/*ganzoo*",
             ".config/*ganzoo*", "Library/*/*ganzoo*")  # fmt: skip
    return sorted(str(path.relative_to(home)) for name in names for path in home.glob(name))


def report_coverage(home: Path) -> None:
    """Print the share of lines that were run, by file."""

    def coverage(*words: str) -> str:
        command = [sys.executable, "-m", "coverage", *words]
        return subprocess.run(
            command, cwd=ROOT, env=environment(home / "coverage", None), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ).stdout  # fmt: skip

    coverage("combine", "--quiet")
    print(coverage("report", "--skip-covered", "--sort=cover"))


def main(arguments: list[str]) -> int:
    """Run all parts, two at a time, or those that are chosen; return 0 if all passed."""
    parts, measured = list(PIECES), "--coverage" in arguments
    arguments = [word for word in arguments if word != "--coverage"]
    if arguments[:1] == ["--check"]:
        parts, arguments = list(CHECKS), arguments[1:]
    elif arguments[:1] == ["--only"]:
        parts, arguments = [arguments[1]], arguments[2:]
    else:
        measured |= CHEAP_COVERAGE
        if arguments:  # they name tests
            parts = ["core", *BACKENDS]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max_workers=2) as pool:
        home = Path(folder)
        jobs = [pool.submit(run, part, home, arguments, measured) for part in parts]
        results = [job.result() for job in jobs]
        if measured:
            report_coverage(home)
    passed, failed = (sum(result[i] for result in results) for i in (0, 1))
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0 or passed == 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
