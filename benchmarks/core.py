"""Speed of ganzoo's training, beside loops by hand, plain Keras and the frameworks' tutorials.

Each backend runs in its own process, where the contenders of a workload train the same networks on
the same random images in turn, in reversed order each time; docs/speed.md says what each of them
is. A ratio is a contender's time over ganzoo's in the same round: above 1, ganzoo is faster. It
is a median over rounds. The first round (tracing and compilation) is reported separately.

With `--against`, two checkouts of ganzoo are compared instead, in alternating processes.

Usage: python benchmarks/core.py [--backends jax torch tensorflow] [--models NAME ...]
       [--contenders plain hand tutorial] [--steps N] [--batch N] [--rounds N] [--set KEY=VALUE]
       [--against CHECKOUT [--processes N]] [--json] [--into FILE]
"""

import argparse
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent))

from contenders import NAMES, contenders, images_per_step  # noqa: E402
from figures import keep  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

BACKENDS = ("jax", "torch", "tensorflow")


def main() -> None:
    """Measure on each backend, then print a table."""
    options = _arguments()
    if options.child:
        print(json.dumps(measure_models(options)))
        return
    if options.against:
        results = compare_checkouts(options)
        text = report_of_checkouts(results)
    else:
        results = [row for b in options.backends for row in run_child(HERE.parents[1], b, options)]
        text = report(results)
        if options.into:
            rows = [{k: v for k, v in row.items() if k != "times"} for row in results]
            keep(options.into, "results", rows, "model", "backend")
            keep(options.into, "machine", machine())
    if options.json:
        text = json.dumps({"machine": machine(), "results": results}, indent=2)
    print(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--models", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--contenders", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--steps", type=int, help="steps in one round")
    parser.add_argument("--batch", type=int, help="images in a batch")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each (default: 5)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="change the recipe, as `ganzoo train --set`")  # fmt: skip
    parser.add_argument("--against", type=Path, help="another checkout, with benchmarks/core.py")
    parser.add_argument("--processes", type=int, default=3, help="of each checkout (default: 3)")
    parser.add_argument("--json", action="store_true", help="everything, as JSON")
    parser.add_argument("--into", type=Path, metavar="FILE", help="keep the figures in this JSON")
    parser.add_argument("--child", choices=BACKENDS, help=argparse.SUPPRESS)
    return parser.parse_args()


def run_child(checkout: Path, backend: str, options: argparse.Namespace) -> list[dict]:
    """Measure with the benchmark of this checkout and the code of that one, in its own process."""
    command = [sys.executable, str(HERE), "--child", backend, "--models", *options.models]
    command += ["--contenders", *options.contenders, "--rounds", str(options.rounds)]
    for name in ("steps", "batch"):
        value = getattr(options, name)
        command += [f"--{name}", str(value)] if value else []
    for setting in options.set:
        command += ["--set", setting]
    path = [checkout, checkout / "plugins", os.environ.get("PYTHONPATH", "")]
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "KERAS_BACKEND": backend}
    environment["PYTHONPATH"] = os.pathsep.join(str(entry) for entry in path if str(entry))
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"The benchmark of {checkout} failed on {backend}: exit code {done.returncode}.")
    return json.loads(done.stdout.splitlines()[-1])


def measure_models(options: argparse.Namespace) -> list[dict]:
    """Measure all models on one backend, `options.child`, in this process."""
    from ganzoo.jobs.models.environment import prepare_environment

    prepare_environment(options.child)  # threads and caches as in `ganzoo train`
    settings = [*options.set, *([f"training.batch={options.batch}"] if options.batch else [])]
    results = []
    for model in options.models:
        work = WORKLOADS[model]
        steps, names = options.steps or work.steps, ["ganzoo", *options.contenders]
        trainings = contenders(work, options.child, names, steps, settings)
        first = {name: timed(train) for name, train in trainings.items()}
        times = alternate(trainings, options.rounds)
        about = {"model": model, "backend": options.child, "steps": steps}
        about["images_per_step"] = images_per_step(work.recipe(*settings))
        results.append({**about, **summary(times, steps), "first": first, "times": times})
    return results


def alternate(trainings: dict[str, Callable], rounds: int) -> dict[str, list[dict]]:
    """Times of the contenders in turn: A B C, C B A, and so on."""
    times = {name: [] for name in trainings}
    for number in range(rounds):
        for name in trainings if number % 2 else reversed(trainings):
            times[name].append(timed(trainings[name]))
    return times


def timed(train: Callable[[], object]) -> dict[str, float]:
    """Seconds of wall-clock time, and of processor time in all threads."""
    gc.collect()
    begin, used = time.perf_counter(), time.process_time()
    train()  # each waits for its result
    return {"wall": time.perf_counter() - begin, "cpu": time.process_time() - used}


def summary(times: dict[str, list[dict]], steps: int) -> dict:
    """Milliseconds of a step by contender, and ratios to ganzoo's of paired rounds."""
    own = times["ganzoo"]
    ms, ratios = {}, {}
    for name, rounds in times.items():
        ms[name] = {
            clock: 1000 / steps * statistics.median(one[clock] for one in rounds)
            for clock in ("wall", "cpu")
        }
        pairs = {
            clock: sorted(a[clock] / b[clock] for a, b in zip(rounds, own, strict=True))
            for clock in ("wall", "cpu")
        }
        if name != "ganzoo":
            ratios[name] = {
                "wall": statistics.median(pairs["wall"]),
                "range": [pairs["wall"][0], pairs["wall"][-1]],
                "cpu": statistics.median(pairs["cpu"]),
            }
    return {"rounds": len(own), "ms_per_step": ms, "ratios": ratios}


def compare_checkouts(options: argparse.Namespace) -> list[dict]:
    """Ganzoo of this checkout and of `options.against`, in alternating processes.

    The other contenders are measured in both as a control: how far the machine is steady.
    """
    checkouts = {"this": HERE.parents[1], "other": options.against.resolve()}
    results = []
    for backend in options.backends:
        found: dict[str, dict[str, dict[str, list[float]]]] = {}
        for number in range(options.processes):
            for side in checkouts if number % 2 else reversed(checkouts):
                for row in run_child(checkouts[side], backend, options):
                    for contender, ms in row["ms_per_step"].items():
                        by_side = found.setdefault(row["model"], {}).setdefault(contender, {})
                        by_side.setdefault(side, []).append(ms["wall"])
        results += [{"model": model, "backend": backend, **row} for model, row in found.items()]
    return results


def report_of_checkouts(results: list[dict]) -> str:
    """Format the comparison of two checkouts as a Markdown table."""
    lines = ["| model | backend | contender | this, ms | other, ms | other / this (min to max) |",
             "|---|---|---|---:|---:|---:|"]  # fmt: skip
    for row in results:
        for name in (n for n in NAMES if n in row):
            this, other = row[name]["this"], row[name]["other"]
            pairs = [b / a for a, b in zip(this, other, strict=True)]
            a, b = statistics.median(this), statistics.median(other)
            lines.append(
                f"| {row['model']} | {row['backend']} | {name} | {a:.4g} | {b:.4g} "
                f"| **{b / a:.2f}** ({min(pairs):.2f} to {max(pairs):.2f}) |"
            )
    return "\n".join(lines)


def machine() -> dict:
    """Return versions, processors, load and settings of threads, which the figures depend on."""
    import importlib.metadata

    versions = {}
    for name in ("keras", "jax", "torch", "tensorflow", "tensorflow-cpu"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    threads = {k: v for k, v in os.environ.items() if k.endswith("_NUM_THREADS")}
    return {
        "cpus": os.cpu_count(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "python": platform.python_version(),
        "machine": platform.machine(),
        **versions,
        **threads,
    }


def report(results: list[dict]) -> str:
    """Format the results as a Markdown table and a line about the machine."""
    others = [name for name in NAMES[1:] if any(name in row["ratios"] for row in results)]
    titles = ["model", "backend", "ganzoo, ms a step", *others, f"CPU: {', '.join(others)}"]
    lines = [f"| {' | '.join(titles)} |", "|---|---|---:|" + "---:|" * (len(others) + 1)]
    for row in results:
        ratios = row["ratios"]
        cells = [row["model"], row["backend"], f"{row['ms_per_step']['ganzoo']['wall']:.4g}"]
        cells += [ratio_text(ratios.get(name)) for name in others]
        cells += [", ".join(f"{ratios[n]['cpu']:.2f}" if n in ratios else "-" for n in others)]
        lines.append(f"| {' | '.join(cells)} |")
    description = ", ".join(f"{name} {value}" for name, value in machine().items())
    return "\n".join([*lines, "", f"{results[0]['rounds']} rounds. {description}."])


def ratio_text(ratio: dict | None) -> str:
    """A ratio with the range of its rounds."""
    if ratio is None:
        return ""
    low, high = ratio["range"]
    return f"**{ratio['wall']:.2f}** ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()
